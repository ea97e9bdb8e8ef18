//! OAuth 2 clients: the applications that act for users.

use std::fmt;

use super::client_metadata::ClientMetadata;
use super::id::Id;
use super::random;
use super::time::Timestamp;
use super::token_text::TokenFormat;
use super::user::{Email, User};

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
    /// Their id.
    pub owner_id: Option<Id<User>>,
    /// Since when none of its tokens work, if it was disabled.
    pub disabled_at: Option<Timestamp>,
}

/// A client as the authorization server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClient {
    /// Which.
    pub id: Id<Client>,
    /// Its public identifier.
    pub client_id: ClientId,
    /// Who registered it, if anybody of ours did.
    pub owner: Option<Id<User>>,
    /// What it says about itself.
    pub metadata: ClientMetadata,
    /// What operators decided about it.
    pub standing: ClientStanding,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When its metadata changed last.
    pub modified_at: Option<Timestamp>,
    /// Since when none of its tokens work, if it was disabled.
    pub disabled_at: Option<Timestamp>,
}

/// What operators decide about a client, and the client cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientStanding {
    /// It is ours, so nobody is asked for consent.
    pub first_party: bool,
    /// It must send a code challenge (RFC 7636); always true for public clients.
    pub require_pkce: bool,
    /// It is a resource server and may introspect tokens of every kind and audience.
    pub introspects_all: bool,
}

impl Default for ClientStanding {
    fn default() -> Self {
        Self {
            first_party: false,
            require_pkce: true,
            introspects_all: false,
        }
    }
}

impl RegisteredClient {
    /// Whether authorization requests of this client need a code challenge.
    #[must_use]
    pub fn needs_pkce(&self) -> bool {
        self.standing.require_pkce || self.metadata.is_public()
    }
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

    /// A fresh identifier: the brand's prefix, `ci_` and 43 random characters. It is no secret.
    #[must_use]
    pub fn fresh(format: &TokenFormat) -> Self {
        Self(format!(
            "{}ci_{}",
            format.prefix(),
            random::alphanumeric(43)
        ))
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
