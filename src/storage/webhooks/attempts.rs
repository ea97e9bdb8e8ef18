//! How each try went.

use uuid::Uuid;

use super::moment;
use crate::model::{Id, Timestamp, WebhookEndpoint, WebhookMessage};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::overdue::{self, Overdue};
use crate::storage::rows::Columns;

/// A try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// The status of the answer.
    pub status: Option<u16>,
    /// What kept it from coming, or why it does not count; holds no address.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
}

/// Writes down a try.
pub(super) async fn insert(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    message: Id<WebhookMessage>,
    attempt: &Attempt,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO webhook_attempts (id, endpoint_id, message_id, at, status, error, took_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(Id::<Attempt>::new(attempt.at).uuid())
    .bind(endpoint.uuid())
    .bind(message.uuid())
    .bind(attempt.at.as_millis())
    .bind(attempt.status.map(i64::from))
    .bind(attempt.error.as_deref())
    .bind(attempt.took_ms))
    .map(drop)
}

/// A try as its endpoint's manager sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// Of which message.
    pub message: Id<WebhookMessage>,
    /// Of which type it is, unless it was deleted.
    pub kind: Option<String>,
    /// How it went.
    pub attempt: Attempt,
    /// Since when the message is known to have arrived.
    pub delivered_at: Option<Timestamp>,
}

/// The last `limit` tries at an endpoint, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list_attempts(
    db: &Db,
    endpoint: Id<WebhookEndpoint>,
    limit: i64,
) -> Result<Vec<LoggedAttempt>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT a.message_id, a.at, a.status, a.error, a.took_ms, m.type, m.delivered_at
         FROM webhook_attempts AS a
         LEFT JOIN webhook_messages AS m ON m.id = a.message_id
         WHERE a.endpoint_id = $1
         ORDER BY a.id DESC
         LIMIT $2",
    )
    .bind(endpoint.uuid())
    .bind(limit)
    .try_map(|row| logged(&row))
    .fetch_all(c))
}

/// Deletes up to `limit` tries before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_old_attempts(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM webhook_attempts
         WHERE id IN (
             SELECT id FROM webhook_attempts WHERE at < $1 ORDER BY at LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many tries there are before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_old_attempts(
    db: &Db,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(at) AS oldest
         FROM (
             SELECT at FROM webhook_attempts WHERE at < $1 ORDER BY at LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

fn logged(row: &impl Columns) -> Result<LoggedAttempt, sqlx::Error> {
    let status: Option<i64> = row.read("status")?;
    Ok(LoggedAttempt {
        message: Id::from_uuid(row.read::<Uuid>("message_id")?),
        kind: row.read("type")?,
        attempt: Attempt {
            at: Timestamp::from_millis(row.read("at")?),
            status: status.and_then(|status| status.try_into().ok()),
            error: row.read("error")?,
            took_ms: row.read("took_ms")?,
        },
        delivered_at: moment(row, "delivered_at")?,
    })
}
