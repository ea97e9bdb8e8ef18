//! Table `idempotency_keys`: what internal services were answered.

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::{Columns, exactly};
use crate::model::{Id, Timestamp, Token};

/// A request that may come again.
#[derive(Clone, Copy, Debug)]
pub struct Repeatable {
    /// The service key that sent it.
    pub service_key: Id<Token>,
    /// SHA-256 of what the caller calls it.
    pub key: [u8; 32],
    /// SHA-256 of what it says.
    pub request: [u8; 32],
}

/// What a request was answered that came before under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// SHA-256 of what it said.
    pub request: [u8; 32],
    /// The answer.
    pub answer: String,
}

/// Takes a name for a request, with no answer yet; `false` when it is taken. Of two at once, the
/// second waits here until the first is committed.
///
/// # Errors
/// When the database fails.
pub async fn take(
    tx: &mut Tx,
    repeatable: &Repeatable,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO idempotency_keys (
             service_key_id, key_digest, request_digest, answer, created_at
         )
         VALUES ($1, $2, $3, '', $4)
         ON CONFLICT (service_key_id, key_digest) DO NOTHING",
    )
    .bind(repeatable.service_key.uuid())
    .bind(repeatable.key.as_slice())
    .bind(repeatable.request.as_slice())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Writes down the answer to a request whose name was taken in the same transaction.
///
/// # Errors
/// When the database fails.
pub async fn answer(
    tx: &mut Tx,
    repeatable: &Repeatable,
    answer: &str,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE idempotency_keys
         SET answer = $3
         WHERE service_key_id = $1 AND key_digest = $2",
    )
    .bind(repeatable.service_key.uuid())
    .bind(repeatable.key.as_slice())
    .bind(answer))
    .map(drop)
}

/// What came before under this name.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, repeatable: &Repeatable) -> Result<Option<Earlier>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT request_digest, answer
         FROM idempotency_keys
         WHERE service_key_id = $1 AND key_digest = $2",
    )
    .bind(repeatable.service_key.uuid())
    .bind(repeatable.key.as_slice())
    .try_map(|row| earlier(&row))
    .fetch_optional(c))
}

fn earlier(row: &impl Columns) -> Result<Earlier, sqlx::Error> {
    Ok(Earlier {
        request: exactly(&row.read::<Vec<u8>>("request_digest")?)?,
        answer: row.read("answer")?,
    })
}

/// Forgets up to `limit` requests that came before `end`.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, end: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM idempotency_keys
         WHERE created_at < $1
             AND (service_key_id, key_digest) IN (
                 SELECT service_key_id, key_digest
                 FROM idempotency_keys
                 WHERE created_at < $1
                 ORDER BY created_at
                 LIMIT $2
             )",
    )
    .bind(end.as_millis())
    .bind(limit))
}

/// How many requests came before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_old(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(created_at) AS oldest
         FROM (
             SELECT created_at
             FROM idempotency_keys
             WHERE created_at < $1
             ORDER BY created_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}
