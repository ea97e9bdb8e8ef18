//! Messages as operators and the jobs that clean up see them.

use uuid::Uuid;

use super::moment;
use crate::model::{Exposure, Id, Timestamp, WebhookEndpoint, WebhookMessage};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::overdue::{self, Overdue};
use crate::storage::rows::{Columns, column, ids_as_json};

/// A message without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Which.
    pub id: Id<WebhookMessage>,
    /// Of which type.
    pub kind: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
}

/// The last `limit` messages of an endpoint, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list_messages(
    db: &Db,
    endpoint: Id<WebhookEndpoint>,
    limit: i64,
) -> Result<Vec<StoredMessage>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, type, created_at, attempts, delivered_at, dead_at
         FROM webhook_messages
         WHERE endpoint_id = $1
         ORDER BY id DESC
         LIMIT $2",
    )
    .bind(endpoint.uuid())
    .bind(limit)
    .try_map(|row| stored(&row))
    .fetch_all(c))
}

/// Makes a message of an endpoint due again, whatever became of it; `false` when there is none.
///
/// # Errors
/// When the database fails.
pub async fn replay(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    message: Id<WebhookMessage>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_messages
         SET due_at = $3, queued_at = $3, attempts = 0, claim = NULL, delivered_at = NULL,
             dead_at = NULL
         WHERE id = $2 AND endpoint_id = $1",
    )
    .bind(endpoint.uuid())
    .bind(message.uuid())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Makes up to `limit` messages of an endpoint due again that are behind `after` and were made then or
/// later, whatever became of them. Tells the last of them, and how many.
///
/// # Errors
/// When the database fails.
pub async fn replay_since(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    (after, since): (Uuid, Timestamp),
    limit: i64,
    now: Timestamp,
) -> Result<Option<(Uuid, usize)>, StorageError> {
    let ids = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE webhook_messages
         SET due_at = $5, queued_at = $5, attempts = 0, claim = NULL, delivered_at = NULL,
             dead_at = NULL
         WHERE id IN (
             SELECT id
             FROM webhook_messages
             WHERE endpoint_id = $1 AND id > $2 AND created_at >= $3 AND created_at <= $5
             ORDER BY id
             LIMIT $4
         )
         RETURNING id",
    )
    .bind(endpoint.uuid())
    .bind(after)
    .bind(since.as_millis())
    .bind(limit)
    .bind(now.as_millis())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_all(c))?;
    Ok(ids.iter().max().map(|last| (*last, ids.len())))
}

/// Which messages of an endpoint begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewStart {
    /// When they do.
    pub at: Timestamp,
    /// Those that waited then already. A younger one that was never tried is as good as new, so whoever
    /// is cut short and comes again goes on where it stopped.
    pub before: Timestamp,
    /// And those that were given up then or later.
    pub dead_since: Option<Timestamp>,
}

/// Lets up to `limit` messages of an endpoint begin anew that are behind `after` and did not arrive: as
/// if they had been made now and never tried, the oldest first. Tells the last of them.
///
/// # Errors
/// When the database fails.
pub async fn begin_anew(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    after: Uuid,
    limit: i64,
    start: &NewStart,
) -> Result<Option<Uuid>, StorageError> {
    let ids = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE webhook_messages
         SET due_at = created_at, queued_at = $4, attempts = 0, claim = NULL, dead_at = NULL
         WHERE id IN (
             SELECT id
             FROM webhook_messages
             WHERE endpoint_id = $1 AND id > $2 AND delivered_at IS NULL
                 AND (
                     dead_at >= $6
                     OR (
                         dead_at IS NULL
                         AND (attempts > 0 OR due_at <> created_at OR queued_at < $5)
                     )
                 )
             ORDER BY id
             LIMIT $3
         )
         RETURNING id",
    )
    .bind(endpoint.uuid())
    .bind(after)
    .bind(limit)
    .bind(start.at.as_millis())
    .bind(start.before.as_millis())
    .bind(start.dead_since.map(Timestamp::as_millis))
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_all(c))?;
    Ok(ids.into_iter().max())
}

/// Removes the place from all messages about these exposures.
///
/// # Errors
/// When the database fails.
pub async fn forget_places(tx: &mut Tx, exposures: &[Id<Exposure>]) -> Result<u64, StorageError> {
    const SQLITE: &str = "UPDATE webhook_messages
         SET body = json_set(body, '$.data.exposure.url', NULL, '$.data.exposure.source', NULL)
         WHERE exposure_id IN (SELECT unhex(value) FROM json_each($1))
             AND COALESCE(body ->> '$.data.exposure.url', body ->> '$.data.exposure.source')
                 IS NOT NULL";
    const POSTGRES: &str = "UPDATE webhook_messages
         SET body = jsonb_set(
             jsonb_set(body::jsonb, '{data,exposure,url}', 'null'),
             '{data,exposure,source}', 'null'
         )::text
         WHERE exposure_id = ANY($1)
             AND COALESCE(
                 body::jsonb #>> '{data,exposure,url}', body::jsonb #>> '{data,exposure,source}'
             ) IS NOT NULL";
    let ids: Vec<Uuid> = exposures.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
    }
}

/// Deletes up to `limit` messages that were made before `before`, whatever became of them; tells how
/// many.
///
/// # Errors
/// When the database fails.
pub async fn delete_old(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM webhook_messages
         WHERE id IN (
             SELECT id
             FROM webhook_messages
             WHERE created_at < $1
             ORDER BY created_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many messages were made before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_old(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(created_at) AS oldest
         FROM (
             SELECT created_at
             FROM webhook_messages
             WHERE created_at < $1
             ORDER BY created_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

/// How full the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that wait for an endpoint that is told.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Messages that were given up.
    pub dead: i64,
    /// Endpoints that are not told because they are gone or fail.
    pub disabled: i64,
}

/// Counts what waits, no further than `most`, and what is dead.
///
/// # Errors
/// When the database fails.
pub async fn depth(db: &Db, most: i64) -> Result<Depth, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS waiting, min(queued_at) AS oldest,
             (
                 SELECT count(*)
                 FROM (SELECT 1 AS one FROM webhook_messages WHERE dead_at IS NOT NULL LIMIT $1)
                     AS given_up
             ) AS dead,
             (
                 SELECT count(*)
                 FROM webhook_endpoints
                 WHERE deleted_at IS NULL AND disabled_why IN ('gone', 'failing')
             ) AS disabled
         FROM (
             SELECT m.queued_at
             FROM webhook_endpoints AS e
             JOIN webhook_messages AS m ON m.endpoint_id = e.id
             WHERE e.disabled_at IS NULL AND e.deleted_at IS NULL
                 AND m.delivered_at IS NULL AND m.dead_at IS NULL
             LIMIT $1
         ) AS pending",
    )
    .bind(most)
    .try_map(|row| counted(&row))
    .fetch_one(c))
}

fn counted(row: &impl Columns) -> Result<Depth, sqlx::Error> {
    Ok(Depth {
        waiting: row.read("waiting")?,
        oldest: moment(row, "oldest")?,
        dead: row.read("dead")?,
        disabled: row.read("disabled")?,
    })
}

fn stored(row: &impl Columns) -> Result<StoredMessage, sqlx::Error> {
    Ok(StoredMessage {
        id: Id::from_uuid(row.read("id")?),
        kind: row.read("type")?,
        created_at: Timestamp::from_millis(row.read("created_at")?),
        attempts: row.read("attempts")?,
        delivered_at: moment(row, "delivered_at")?,
        dead_at: moment(row, "dead_at")?,
    })
}
