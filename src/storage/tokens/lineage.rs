//! Codes and refresh tokens are exchanged once. Every statement here decides by itself whether it
//! may happen, so that of any number of requests at once one is right.

use uuid::Uuid;

use super::revocation::{noted, revoked};
use crate::model::{Id, Timestamp, Token, TokenKind};
use crate::storage::StorageError;
use crate::storage::backend::{Tx, sql};
use crate::storage::rows::column;

/// Exchanges a code or refresh token; `false` when it was exchanged or revoked before.
///
/// # Errors
/// When the database fails.
pub async fn redeem(tx: &mut Tx, token: Id<Token>, now: Timestamp) -> Result<bool, StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET redeemed_at = $2, revoked_at = $2, revoked_reason = 'redeemed'
         WHERE id = $1 AND redeemed_at IS NULL AND revoked_at IS NULL
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(token.uuid())
    .bind(now.as_millis())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    Ok(!noted(tx, now, dead).is_empty())
}

/// Holds a token until the transaction ends, so that whoever else wants to change it waits. Tells
/// whether it is there and not revoked.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, token: Id<Token>) -> Result<bool, StorageError> {
    let live = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET redeemed_at = redeemed_at
         WHERE id = $1
         RETURNING CASE WHEN revoked_at IS NULL THEN 1 ELSE 0 END AS live",
    )
    .bind(token.uuid())
    .try_map(|row| column::<i32>(&row, "live"))
    .fetch_optional(c))?;
    Ok(live == Some(1))
}

/// Revokes the access tokens that were minted together with a refresh token that is exchanged now.
///
/// # Errors
/// When the database fails.
pub async fn revoke_access_tokens(
    tx: &mut Tx,
    parent: Id<Token>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $2, revoked_reason = 'superseded'
         WHERE parent_id = $1 AND kind = 'access_token' AND revoked_at IS NULL
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(parent.uuid())
    .bind(now.as_millis())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    noted(tx, now, dead);
    Ok(())
}

/// The access tokens that were minted from `parent`.
///
/// # Errors
/// When the database fails.
pub async fn list_access_tokens(
    tx: &mut Tx,
    parent: Id<Token>,
) -> Result<Vec<Id<Token>>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT id
         FROM tokens
         WHERE parent_id = $1 AND kind = 'access_token'",
    )
    .bind(parent.uuid())
    .try_map(|row| column::<Uuid>(&row, "id").map(Id::from_uuid))
    .fetch_all(c))
}

/// Takes back what was minted from `parent`, provided that none of it was used: no access token was
/// seen and no refresh token exchanged. Tells whether a refresh token was taken back, so that
/// others may be minted in its place. Needs [`hold`] on `parent` first.
///
/// # Errors
/// When the database fails.
pub async fn supersede(
    tx: &mut Tx,
    parent: Id<Token>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $2, revoked_reason = 'superseded'
         WHERE parent_id = $1
             AND revoked_at IS NULL
             AND redeemed_at IS NULL
             AND kind IN ('access_token', 'refresh_token')
             AND NOT EXISTS (
                 SELECT 1
                 FROM tokens AS used
                 WHERE used.parent_id = $1
                     AND (
                         used.redeemed_at IS NOT NULL
                         OR (used.kind = 'access_token' AND used.last_used_at IS NOT NULL)
                     )
             )
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(parent.uuid())
    .bind(now.as_millis())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    let dead = noted(tx, now, dead);
    Ok(dead
        .iter()
        .any(|token| token.kind == TokenKind::RefreshToken))
}
