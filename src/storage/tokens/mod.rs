//! Table `tokens`: every token of every kind, by the digest of its text.

pub mod access_tokens;
pub mod kept;

mod expired;
mod granted;
mod known;
mod lineage;
mod live;
mod of_client;
mod revocation;
mod selected;
mod usage;

pub use expired::{SpentToken, count_expired, delete, list_expired, postpone, spend};
pub use granted::{GrantedToken, find_with_grant};
pub(super) use granted::{granted, with_grant};
pub use known::{
    FoundToken, find, find_by_digests, find_by_ids, find_within, list, list_by_organization,
    list_by_user,
};
pub(super) use known::{digests_as_json, found, with_more, with_spent};
pub use lineage::{hold, list_access_tokens, redeem, revoke_access_tokens, supersede};
pub use live::{Sample, sample_live};
pub use of_client::{
    count_secrets, list_by_client, revoke_by_client, revoke_secret, revoke_secrets,
};
pub use revocation::{
    EndingToken, ExposedSet, RevokedToken, hold_living, mark_seen, revoke, revoke_exposed,
    revoke_families, revoke_minted_from, revoke_of_user,
};
pub(super) use revocation::{noted, revoked};
pub use selected::{count_selected, list_selected};
pub use usage::{NewDigest, Use, record_uses, rehash};

use super::backend::{Tx, sql};
use super::error::StorageError;
use super::journal::{Event, IssuedToken};
use crate::model::{
    Client, Grant, HashKeyId, Id, Networks, Organization, ScopeSet, Timestamp, Token, TokenDigest,
    TokenKind, TokenName, User,
};

/// Limits a token that was just made to networks.
///
/// # Errors
/// When the database fails.
pub async fn limit_to_networks(
    tx: &mut Tx,
    token: Id<Token>,
    networks: &Networks,
) -> Result<(), StorageError> {
    let update = sql!(tx.connection(), execute sqlx::query(
        "UPDATE tokens
         SET networks = $2
         WHERE id = $1",
    )
    .bind(token.uuid())
    .bind(networks.to_string()));
    update.map(drop)
}

/// What is stored about a new token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Which.
    pub id: Id<Token>,
    /// What it is for.
    pub kind: TokenKind,
    /// The digest of its text.
    pub digest: TokenDigest,
    /// The key that made the digest.
    pub hash_key: HashKeyId,
    /// The grant it is minted from.
    pub grant: Option<Id<Grant>>,
    /// The code or refresh token that is exchanged for it.
    pub parent: Option<Id<Token>>,
    /// The client it is issued to, or whose credential it is.
    pub client: Option<Id<Client>>,
    /// The user who owns it or, for an organization's token, who made it.
    pub user: Option<Id<User>>,
    /// The organization that owns it, or to which it is limited.
    pub organization: Option<Id<Organization>>,
    /// The customer it acts for.
    pub customer: Option<String>,
    /// What its owner calls it.
    pub name: Option<TokenName>,
    /// What it may do.
    pub scopes: ScopeSet,
    /// The resources it is for, separated by spaces.
    pub audience: Option<String>,
    /// The last four characters of its text.
    pub hint: String,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
}

/// Adds a token.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, token: &NewToken) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO tokens (
             id, digest, hash_key, kind, grant_id, client_id, user_id, organization_id,
             customer, name, scopes, hint, created_at, expires_at, parent_id, audience
         )
         VALUES (
             $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
         )",
    )
    .bind(token.id.uuid())
    .bind(token.digest.as_bytes().as_slice())
    .bind(token.hash_key.as_str())
    .bind(token.kind.name())
    .bind(token.grant.map(Id::uuid))
    .bind(token.client.map(Id::uuid))
    .bind(token.user.map(Id::uuid))
    .bind(token.organization.map(Id::uuid))
    .bind(token.customer.as_deref())
    .bind(token.name.as_ref().map(TokenName::as_str))
    .bind(token.scopes.to_string())
    .bind(token.hint.as_str())
    .bind(token.created_at.as_millis())
    .bind(token.expires_at.map(Timestamp::as_millis))
    .bind(token.parent.map(Id::uuid))
    .bind(token.audience.as_deref()))?;
    let issued = Event::TokenIssued(IssuedToken {
        id: token.id,
        kind: token.kind,
        user: token.user,
        organization: token.organization,
        client: token.client,
    });
    tx.note(token.created_at, issued);
    Ok(())
}
