//! Grants: what a user allowed a client. The tokens minted from one grant are its family.

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
}
