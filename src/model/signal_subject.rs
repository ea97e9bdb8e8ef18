//! Whom a Security Event Token is about, as machines write it (RFC 9493).

use std::fmt;

use serde_json::{Value, json};

use super::client::ClientId;
use super::id::Id;
use super::organization::Organization;
use super::user::{Email, User};

/// How tokens name a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubjectFormat {
    /// As ID tokens do: issuer and `sub` (RFC 9493 3.2.3).
    #[default]
    IssSub,
    /// By their address (RFC 9493 3.2.2).
    Email,
    /// By their id alone (RFC 9493 3.2.4).
    Opaque,
}

impl SubjectFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::IssSub, Self::Email, Self::Opaque];

    /// The name in tokens and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IssSub => "iss_sub",
            Self::Email => "email",
            Self::Opaque => "opaque",
        }
    }

    /// Finds a format by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Names a person. Whoever wants an address gets the issuer and `sub` where there is none.
    #[must_use]
    pub fn identify(self, issuer: &str, user: Id<User>, email: Option<&Email>) -> Value {
        match (self, email) {
            (Self::Email, Some(email)) => json!({ "format": "email", "email": email.as_str() }),
            (Self::Opaque, _) => opaque(user),
            _ => json!({ "format": "iss_sub", "iss": issuer, "sub": user }),
        }
    }
}

/// An opaque identifier (RFC 9493 3.2.4).
#[must_use]
pub fn opaque(id: impl fmt::Display) -> Value {
    json!({ "format": "opaque", "id": id.to_string() })
}

/// Whom a receiver adds to its stream, or removes from it, as far as we know such subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSubject {
    /// A person, by their id.
    User(Id<User>),
    /// A person, by their address.
    Email(Email),
    /// An organization.
    Organization(Id<Organization>),
    /// A client.
    Client(ClientId),
}

/// Why a subject is none that can be added.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSubject {
    /// It is not written as RFC 9493 says.
    #[error("the subject is not a subject identifier (RFC 9493)")]
    Malformed,
    /// It is, and nobody here is named like that.
    #[error("subjects here are a person, an organization (tenant) or a client (application)")]
    Unknown,
}

impl NamedSubject {
    /// Reads a subject identifier (RFC 9493 3; SSF 1.0 3.3 for complex ones). A complex subject names
    /// one of `user`, `tenant` and `application`.
    ///
    /// # Errors
    /// See [`InvalidSubject`].
    pub fn parse(subject: &Value, issuer: &str) -> Result<Self, InvalidSubject> {
        let members = subject.as_object().ok_or(InvalidSubject::Malformed)?;
        let format = members.get("format").and_then(Value::as_str);
        if format != Some("complex") {
            return user(subject, issuer);
        }
        let mut named = members.iter().filter(|(name, _)| *name != "format");
        let (Some((name, part)), None) = (named.next(), named.next()) else {
            return Err(InvalidSubject::Unknown);
        };
        match name.as_str() {
            "user" => user(part, issuer),
            "tenant" => {
                let id = text(part, "opaque", "id")?.parse();
                id.map(Self::Organization)
                    .map_err(|_| InvalidSubject::Unknown)
            }
            "application" => {
                let id = text(part, "opaque", "id")?.to_owned();
                Ok(Self::Client(ClientId::from_stored(id)))
            }
            _ => Err(InvalidSubject::Unknown),
        }
    }
}

/// A person's identifier.
fn user(part: &Value, issuer: &str) -> Result<NamedSubject, InvalidSubject> {
    let unknown = |_| InvalidSubject::Unknown;
    match part.get("format").and_then(Value::as_str) {
        None => Err(InvalidSubject::Malformed),
        Some("iss_sub") => {
            let ours = text(part, "iss_sub", "iss")? == issuer;
            let id = text(part, "iss_sub", "sub")?.parse::<Id<User>>();
            match (ours, id) {
                (true, Ok(id)) => Ok(NamedSubject::User(id)),
                _ => Err(InvalidSubject::Unknown),
            }
        }
        Some("email") => {
            let email = text(part, "email", "email")?.parse();
            email
                .map(NamedSubject::Email)
                .map_err(|_| InvalidSubject::Malformed)
        }
        Some("opaque") => {
            let id = text(part, "opaque", "id")?.parse();
            id.map(NamedSubject::User).map_err(unknown)
        }
        Some(_) => Err(InvalidSubject::Unknown),
    }
}

fn text<'p>(part: &'p Value, format: &str, name: &str) -> Result<&'p str, InvalidSubject> {
    match part.get("format").and_then(Value::as_str) {
        None => Err(InvalidSubject::Malformed),
        Some(other) if other != format => Err(InvalidSubject::Unknown),
        Some(_) => {
            let text = part.get(name).and_then(Value::as_str);
            text.ok_or(InvalidSubject::Malformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const US: &str = "https://id.example";
    const ADA: &str = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";

    #[test]
    fn subjects_are_read_as_they_are_written() {
        let ada: Id<User> = ADA.parse().unwrap();
        let email: Email = "ada@example.com".parse().unwrap();
        for (format, expected) in [
            (SubjectFormat::IssSub, NamedSubject::User(ada)),
            (SubjectFormat::Email, NamedSubject::Email(email.clone())),
            (SubjectFormat::Opaque, NamedSubject::User(ada)),
        ] {
            let simple = format.identify(US, ada, Some(&email));
            assert_eq!(NamedSubject::parse(&simple, US), Ok(expected.clone()));
            let complex = json!({ "format": "complex", "user": simple });
            assert_eq!(NamedSubject::parse(&complex, US), Ok(expected));
        }
        let unnamed = SubjectFormat::Email.identify(US, ada, None);
        assert_eq!(unnamed["format"], "iss_sub");
    }

    #[test]
    fn what_is_no_subject_is_told_from_one_that_nobody_has() {
        let foreign = json!({ "format": "iss_sub", "iss": "https://x.example", "sub": ADA });
        let tenant = json!({ "format": "complex", "tenant": opaque(ADA) });
        assert_eq!(
            NamedSubject::parse(&tenant, US),
            Ok(NamedSubject::Organization(ADA.parse().unwrap()))
        );
        for (subject, error) in [
            (json!("ada"), InvalidSubject::Malformed),
            (json!({}), InvalidSubject::Malformed),
            (json!({ "format": "email" }), InvalidSubject::Malformed),
            (
                json!({ "format": "email", "email": "x" }),
                InvalidSubject::Malformed,
            ),
            (foreign, InvalidSubject::Unknown),
            (
                json!({ "format": "phone_number", "phone_number": "+1" }),
                InvalidSubject::Unknown,
            ),
            (json!({ "format": "complex" }), InvalidSubject::Unknown),
            (
                json!({ "format": "complex", "device": opaque(1) }),
                InvalidSubject::Unknown,
            ),
            (
                json!({ "format": "complex", "user": 1 }),
                InvalidSubject::Malformed,
            ),
        ] {
            assert_eq!(NamedSubject::parse(&subject, US), Err(error), "{subject}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-z_@.]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let name = prop_oneof![
                Just("format".to_owned()),
                Just("user".to_owned()),
                Just("email".to_owned()),
                "[a-z]{1,4}",
            ];
            prop::collection::btree_map(name, inner, 0..4).prop_map(|map| json!(map))
        })
    }

    proptest! {
        #[test]
        fn any_subject_is_read_without_harm(subject in any_json()) {
            let _ = NamedSubject::parse(&subject, US);
        }
    }
}
