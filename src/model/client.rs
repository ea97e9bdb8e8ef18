//! OAuth 2 clients: the applications that act for users.

use std::fmt;

use super::id::Id;
use super::time::Timestamp;
use super::user::Email;

/// An application, as far as its tokens need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Which.
    pub id: Id<Client>,
    /// Its public identifier (RFC 6749 2.2).
    pub client_id: ClientId,
    /// Its name as people see it.
    pub name: String,
    /// Who registered it, if anybody of ours did.
    pub owner: Option<Email>,
    /// Since when none of its tokens work, if it was disabled.
    pub disabled_at: Option<Timestamp>,
}

/// A client's public identifier, such as `polar_ci_…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// Wraps an identifier as it was stored.
    #[must_use]
    pub const fn from_stored(id: String) -> Self {
        Self(id)
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
