//! The parameters of an authorization request, before anybody asked what they mean.

/// The parameters of a request, each once but for `resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// What cannot be read is not answered to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// RFC 6749 3.1: parameters must not be included more than once.
    #[error("A parameter is there more than once.")]
    Repeated,
    /// What could not be sent back byte for byte.
    #[error("A parameter is not written in UTF-8.")]
    NotText,
    /// More than anybody needs.
    #[error("There are too many parameters.")]
    TooMany,
    /// The client is missing, unknown or disabled.
    #[error("The application is unknown here, or it was switched off.")]
    Client,
    /// The redirect URI is not one that the client registered.
    #[error(
        "The application wants the answer to go to an address that it has not registered here. \
         Nothing was sent there."
    )]
    RedirectUri,
}

impl Parameters {
    /// Reads a query or form.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if key != "resource" && fields.iter().any(|(known, _)| *known == key) {
                return Err(Unreadable::Repeated);
            }
            if fields.len() == 64 {
                return Err(Unreadable::TooMany);
            }
            fields.push((key.into_owned(), value.into_owned()));
        }
        match is_faithful(text, &fields) {
            true => Ok(Self(fields)),
            false => Err(Unreadable::NotText),
        }
    }

    /// As a query.
    #[must_use]
    pub fn to_query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }

    /// The value of a parameter; without a value it counts as missing (RFC 6749 3.1).
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn find_all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// With one parameter more, or with another value for it.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let Self(mut fields) = self.without(name);
        fields.push((name.to_owned(), value.to_owned()));
        Self(fields)
    }

    /// Without a parameter.
    #[must_use]
    pub(super) fn without(&self, name: &str) -> Self {
        let others = self.0.iter().filter(|(key, _)| key != name);
        Self(others.cloned().collect())
    }
}

/// Whether `fields` say what was written: what is not UTF-8 was read as replacement characters that
/// nobody wrote.
fn is_faithful(text: &str, fields: &[(String, String)]) -> bool {
    const REPLACEMENT: char = '\u{FFFD}';
    let count = |text: &str| text.matches(REPLACEMENT).count();
    let read: usize = fields
        .iter()
        .map(|(key, value)| count(key) + count(value))
        .sum();
    let written = text.to_ascii_uppercase().matches("%EF%BF%BD").count();
    read == count(text) + written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_there_once_but_for_resource() {
        assert_eq!(Parameters::parse("a=1&a=1"), Err(Unreadable::Repeated));
        let many = Parameters::parse("resource=x&state=a%20%2B&resource=y&empty=").unwrap();
        assert_eq!(many.find_all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(many.find("state"), Some("a +"));
        assert_eq!(many.find("empty"), None);
        let long: String = (0..65).map(|n| format!("p{n}=1&")).collect();
        assert_eq!(Parameters::parse(&long), Err(Unreadable::TooMany));
    }

    #[test]
    fn what_is_not_utf_8_is_not_read_as_something_else() {
        for torn in ["state=%FF", "state=%C3", "%E2%82=1", "a=%EF%BF%BD&b=%FF"] {
            assert_eq!(Parameters::parse(torn), Err(Unreadable::NotText), "{torn}");
        }
        for whole in [
            "state=%C3%A9",
            "state=%ef%bf%bd",
            "state=\u{FFFD}",
            "a=%25EF%25BF",
        ] {
            assert!(Parameters::parse(whole).is_ok(), "{whole}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm_and_survives_its_query(text: String) {
            if let Ok(parameters) = Parameters::parse(&text) {
                let again = Parameters::parse(&parameters.to_query()).unwrap();
                prop_assert_eq!(&again, &parameters);
            }
        }
    }
}
