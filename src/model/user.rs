//! People: an e-mail address, and whether they are let in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::organization::{InvalidName, one_line};
use super::time::Timestamp;

/// Somebody who owns tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: Id<User>,
    /// Where letters go.
    pub email: Email,
    /// Since when none of their tokens work, if they were blocked.
    pub blocked_at: Option<Timestamp>,
}

/// What a person is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Wraps a name as it was stored.
    #[must_use]
    pub const fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        one_line(text, 100).map(Self).ok_or(InvalidName)
    }
}

/// An e-mail address, in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// The text is not an address that mail can be sent to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// Wraps an address as it was stored.
    #[must_use]
    pub const fn from_stored(address: String) -> Self {
        Self(address)
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    /// Accepts `local@domain` as it appears in mail headers without quoting (RFC 5322 3.4.1,
    /// dot-atom on both sides), at most 254 characters (RFC 5321 4.5.3.1.3).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(InvalidEmail)?;
        let atom = |part: &str, extra: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_alphanumeric() || extra.contains(c))
        };
        let local_fits = local
            .split('.')
            .all(|part| atom(part, "!#$%&'*+-/=?^_`{|}~"));
        let label = |part: &str| atom(part, "-") && !part.starts_with('-') && !part.ends_with('-');
        let domain_fits = domain.split('.').all(label);
        if !local_fits || !domain_fits || local.len() > 64 || text.trim().len() > 254 {
            return Err(InvalidEmail);
        }
        Ok(Self(text.trim().to_lowercase()))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    /// Addresses are personal data and stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_in_lower_case() {
        assert_eq!(
            " Ada@Example.COM ".parse::<Email>().unwrap().as_str(),
            "ada@example.com"
        );
    }

    #[test]
    fn what_could_inject_a_header_is_no_address() {
        for wrong in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "ada@example.com\r\nBcc: x@y.z",
            "ada@exa mple.com",
            "<ada@example.com>",
            "ada@-example.com",
            "a..b@example.com",
            "ada@example.com,bob@example.com",
        ] {
            assert_eq!(wrong.parse::<Email>(), Err(InvalidEmail), "{wrong:?}");
        }
    }
}
