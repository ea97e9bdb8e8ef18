//! Organizations, and what their members may do.

use std::fmt;
use std::str::FromStr;

use super::id::Id;
use super::time::Timestamp;

/// A group of people that owns tokens together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Which.
    pub id: Id<Organization>,
    /// Its name in addresses and commands.
    pub slug: Slug,
    /// Its name in sentences.
    pub name: OrganizationName,
    /// Since when none of its tokens work, if it was blocked.
    pub blocked_at: Option<Timestamp>,
}

/// An organization's short name: lower-case letters, digits and single hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slug(String);

/// The text is not a slug.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a slug is 1 to 64 of a-z, 0-9 and single hyphens between them")]
pub struct InvalidSlug;

impl Slug {
    /// Wraps a slug as it was stored.
    #[must_use]
    pub const fn from_stored(slug: String) -> Self {
        Self(slug)
    }

    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if text.len() > 64 || !text.split('-').all(word) {
            return Err(InvalidSlug);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An organization's name as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationName(String);

/// The text is not a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a name is 1 to 100 characters on one line")]
pub struct InvalidName;

impl OrganizationName {
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

impl FromStr for OrganizationName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        one_line(text, 100).map(Self).ok_or(InvalidName)
    }
}

/// `text` without surrounding blanks, when it is 1 to `longest` characters without line breaks or
/// other controls.
pub(super) fn one_line(text: &str, longest: usize) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= longest;
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// What a member may do, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May do everything.
    Owner,
    /// May manage tokens and members.
    Admin,
    /// May see and change money matters.
    Finance,
    /// May use the product.
    Member,
}

impl Role {
    /// Whether whoever has it manages the organization's tokens.
    #[must_use]
    pub const fn manages_tokens(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether whoever has it says who is a member and with which role.
    #[must_use]
    pub const fn manages_members(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Every role.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Finance, Self::Member];

    /// The name as stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Finance => "finance",
            Self::Member => "member",
        }
    }
}

/// The text names no role.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown role; the roles are owner, admin, finance, member")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_fits_into_an_address() {
        assert_eq!("acme-2".parse::<Slug>().unwrap().as_str(), "acme-2");
        for wrong in ["", "-a", "a-", "a--b", "Acme", "a_b", "é", &"a".repeat(65)] {
            assert_eq!(wrong.parse::<Slug>(), Err(InvalidSlug), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(
            " Acme & Söhne "
                .parse::<OrganizationName>()
                .unwrap()
                .as_str(),
            "Acme & Söhne"
        );
        for wrong in ["", "  ", "a\r\nBcc: x", "a\u{0}b", &"a".repeat(101)] {
            assert_eq!(
                wrong.parse::<OrganizationName>(),
                Err(InvalidName),
                "{wrong:?}"
            );
        }
    }
}
