//! A client's own credentials, and the end of everything it has.

use std::sync::LazyLock;

use super::known::{known, with};
use super::revocation::{noted, revoked};
use crate::model::{Client, Id, KnownToken, Revocation, Timestamp, Token, TokenKind};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::rows::column;

/// The tokens of one kind that a client has and that were not revoked, in the order they were made.
///
/// # Errors
/// When the database fails.
pub async fn list_by_client(
    db: &Db,
    client: Id<Client>,
    kind: TokenKind,
) -> Result<Vec<KnownToken>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        with("WHERE t.client_id = $1 AND t.kind = $2 AND t.revoked_at IS NULL ORDER BY t.id")
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(client.uuid())
        .bind(kind.name())
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// How many secrets of a client work.
///
/// # Errors
/// When the database fails.
pub async fn count_secrets(
    tx: &mut Tx,
    client: Id<Client>,
    now: Timestamp,
) -> Result<i64, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT count(*) AS secrets
         FROM tokens
         WHERE client_id = $1 AND kind = 'client_secret' AND revoked_at IS NULL
             AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(client.uuid())
    .bind(now.as_millis())
    .try_map(|row| column(&row, "secrets"))
    .fetch_one(c))
}

/// Revokes one secret of a client; `false` when it has no such secret or it was dead already.
///
/// # Errors
/// When the database fails.
pub async fn revoke_secret(
    tx: &mut Tx,
    client: Id<Client>,
    secret: Id<Token>,
    revocation: Revocation,
) -> Result<bool, StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $3, revoked_reason = $4
         WHERE id = $2 AND client_id = $1 AND kind = 'client_secret'
             AND COALESCE(revoked_reason, 'quarantined') IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(client.uuid())
    .bind(secret.uuid())
    .bind(revocation.at.as_millis())
    .bind(revocation.reason.name())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    Ok(!noted(tx, revocation.at, dead).is_empty())
}

/// Revokes every secret of a client.
///
/// # Errors
/// When the database fails.
pub async fn revoke_secrets(
    tx: &mut Tx,
    client: Id<Client>,
    revocation: Revocation,
) -> Result<(), StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE client_id = $1 AND kind = 'client_secret'
             AND COALESCE(revoked_reason, 'quarantined') IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(client.uuid())
    .bind(revocation.at.as_millis())
    .bind(revocation.reason.name())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    noted(tx, revocation.at, dead);
    Ok(())
}

/// Revokes every token of a client: its own credentials and all it was ever issued.
///
/// # Errors
/// When the database fails.
pub async fn revoke_by_client(
    tx: &mut Tx,
    client: Id<Client>,
    revocation: Revocation,
) -> Result<(), StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE client_id = $1 AND COALESCE(revoked_reason, 'quarantined')
             IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(client.uuid())
    .bind(revocation.at.as_millis())
    .bind(revocation.reason.name())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    noted(tx, revocation.at, dead);
    Ok(())
}
