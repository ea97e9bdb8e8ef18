//! Letters that nobody needs any more.

use crate::model::Timestamp;
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::overdue::{self, Overdue};

/// Deletes up to `limit` letters that were sent before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_sent(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM outbox
         WHERE id IN (
             SELECT id
             FROM outbox
             WHERE sent_at < $1
             ORDER BY sent_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// Deletes up to `limit` letters that have been dead since before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_dead(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM outbox
         WHERE id IN (
             SELECT id
             FROM outbox
             WHERE dead_at < $1
             ORDER BY dead_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many letters were sent before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_sent(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(sent_at) AS oldest
         FROM (
             SELECT sent_at FROM outbox WHERE sent_at < $1 ORDER BY sent_at LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

/// How many letters have been dead since before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_dead(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(dead_at) AS oldest
         FROM (
             SELECT dead_at FROM outbox WHERE dead_at < $1 ORDER BY dead_at LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}
