//! Quarantines that were settled, and that nobody needs any more.

use crate::model::Timestamp;
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::overdue::{self, Overdue};

/// Deletes up to `limit` rows of what was in quarantines that were settled before `before`; tells how
/// many.
///
/// # Errors
/// When the database fails.
pub async fn delete_settled_members(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    let tokens = sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM quarantined_tokens
         WHERE (quarantine_id, token_id) IN (
             SELECT m.quarantine_id, m.token_id
             FROM quarantines AS q
             JOIN quarantined_tokens AS m ON m.quarantine_id = q.id
             WHERE q.settled_at < $1
             ORDER BY q.settled_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))?;
    let grants = sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM quarantined_grants
         WHERE (quarantine_id, grant_id) IN (
             SELECT m.quarantine_id, m.grant_id
             FROM quarantines AS q
             JOIN quarantined_grants AS m ON m.quarantine_id = q.id
             WHERE q.settled_at < $1
             ORDER BY q.settled_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))?;
    Ok(tokens.max(grants))
}

/// Deletes up to `limit` quarantines that were settled before `before`, of which nothing else is left;
/// tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_settled(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM quarantines
         WHERE id IN (
             SELECT id
             FROM quarantines
             WHERE settled_at < $1
             ORDER BY settled_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many quarantines were settled before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_settled(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(settled_at) AS oldest
         FROM (
             SELECT settled_at
             FROM quarantines
             WHERE settled_at < $1
             ORDER BY settled_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}
