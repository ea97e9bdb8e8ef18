//! Where a person wanted to go before they had to sign in. Only our own pages count: an address
//! that leads elsewhere would make our sign-in page the first half of a forgery.

use url::Url;
use url::form_urlencoded::byte_serialize;

/// A path of ours with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

/// Longest that is kept.
const LONGEST: usize = 16_384;

impl ReturnTo {
    /// The front page of whoever is signed in.
    pub(in crate::http) fn home() -> Self {
        Self("/settings/sessions".to_owned())
    }

    /// Reads a path of ours; anything else is the front page.
    #[must_use]
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(Self::parse).unwrap_or_else(Self::home)
    }

    fn parse(text: &str) -> Option<Self> {
        // A browser takes a backslash for a slash, and leaves out tabs and line breaks.
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        let path = text.starts_with('/') && !text.starts_with("//");
        if text.len() > LONGEST || !path || !text.bytes().all(plain) {
            return None;
        }
        // As a browser would read it from one of our pages.
        let base = Url::parse("https://ourselves.invalid/").ok()?;
        let url = base.join(text).ok()?;
        let ours = url.origin() == base.origin() && url.fragment().is_none();
        ours.then(|| Self(text.to_owned()))
    }

    /// The path with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leads to a client in the end.
    pub(in crate::http) fn is_authorization(&self) -> bool {
        self.0.starts_with("/oauth2/authorize")
    }
}

fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// The page that asks for the code, which leads back here.
pub(super) fn code_url(return_to: &ReturnTo) -> String {
    format!("/login/code?return_to={}", encode(return_to.as_str()))
}

/// The sign-in page, which leads back here.
pub(in crate::http) fn login_url(return_to: &str, login_hint: Option<&str>) -> String {
    let mut url = format!("/login?return_to={}", encode(return_to));
    if let Some(hint) = login_hint {
        url.push_str("&email=");
        url.push_str(&encode(hint));
    }
    url
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_of_ours_is_kept() {
        for ours in [
            "/",
            "/settings/tokens",
            "/oauth2/authorize?state=a%20b&x=//y",
        ] {
            assert_eq!(ReturnTo::read(Some(ours)).as_str(), ours);
        }
    }

    #[test]
    fn an_address_elsewhere_is_not() {
        for elsewhere in [
            "https://evil.example/",
            "//evil.example",
            "//ourselves.invalid/x",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            "evil",
            "",
            " /x",
            "/x#y",
            "/é",
        ] {
            assert_eq!(
                ReturnTo::read(Some(elsewhere)),
                ReturnTo::home(),
                "{elsewhere}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_kept_stays_with_us(text: String) {
            let kept = ReturnTo::read(Some(&text));
            let base = Url::parse("https://ours.example/login").unwrap();
            let url = base.join(kept.as_str()).unwrap();
            prop_assert_eq!(url.origin(), base.origin());
        }
    }
}
