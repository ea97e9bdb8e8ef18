//! Grants: what a user allowed a client. The tokens minted from one grant are its family.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::client::Client;
use super::id::Id;
use super::organization::Organization;
use super::scope::ScopeSet;
use super::time::Timestamp;
use super::user::User;

/// One consent, from which codes, access tokens and refresh tokens descend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which.
    pub id: Id<Grant>,
    /// To whom.
    pub client: Id<Client>,
    /// By whom.
    pub user: Id<User>,
    /// Limited to this organization, if to any.
    pub organization: Option<Id<Organization>>,
    /// For what.
    pub scopes: ScopeSet,
    /// Since when.
    pub created_at: Timestamp,
    /// What the authorization request said.
    pub request: GrantRequest,
}

/// What an authorization request said, as far as the tokens need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantRequest {
    /// The signed-in session it came from (OpenID Connect `sid`).
    pub sid: Option<Uuid>,
    /// When the user really signed in.
    pub auth_time: Option<Timestamp>,
    /// The redirect URI, if the request named one: the token request must name the same.
    pub redirect_uri: Option<String>,
    /// The S256 code challenge (RFC 7636 4.3), if there was one.
    pub code_challenge: Option<String>,
    /// The nonce, byte for byte.
    pub nonce: Option<String>,
    /// The parameter `claims` as JSON (OpenID Connect Core 5.5).
    pub claims: Option<String>,
    /// The resources that the tokens are for (RFC 8707), each an absolute URI.
    pub resources: Vec<String>,
    /// When the whole family ends, however often it is refreshed.
    pub ends_at: Option<Timestamp>,
}

/// For whom a client's tokens act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubType {
    /// The user, in everything they may do.
    #[default]
    User,
    /// The user, in one organization only.
    Organization,
}

impl SubType {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Organization => "organization",
        }
    }
}

/// The text names nobody that a token could act for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("sub_type is user or organization")]
pub struct UnknownSubType;

impl FromStr for SubType {
    type Err = UnknownSubType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "user" => Ok(Self::User),
            "organization" => Ok(Self::Organization),
            _ => Err(UnknownSubType),
        }
    }
}
