//! Keeping streams within their bounds: what nobody takes, and what nobody needs any more. However many
//! streams there are, a statement looks at a few of them.

use uuid::Uuid;

use super::{PRESENT, moment, read, subjects};
use crate::model::{EventStream, Id, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::overdue::{self, Overdue};
use crate::storage::rows::{Columns, column};

/// Streams behind one id, up to another.
pub type Few = (Uuid, Uuid);

/// The next `limit` streams behind `after`, whatever became of them; `None` behind the last.
///
/// # Errors
/// When the database fails.
pub async fn next_few(db: &Db, after: Uuid, limit: i64) -> Result<Option<Few>, StorageError> {
    let ids = sql!(db.reader(), |c| sqlx::query(
        "SELECT id FROM event_streams WHERE id > $1 ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_all(c))?;
    Ok(ids.last().map(|last| (after, *last)))
}

/// Of these streams those, not disabled, in which something has waited since before `before`.
///
/// # Errors
/// When the database fails.
pub async fn list_overdue(
    db: &Db,
    few: Few,
    before: Timestamp,
) -> Result<Vec<EventStream>, StorageError> {
    const WHERE: &str = "s.status <> 'disabled'
         AND EXISTS (
             SELECT 1 FROM event_messages AS m
             WHERE m.stream_id = s.id AND m.settled_at IS NULL AND m.created_at < $3
         )";
    list(db, few, WHERE, before.as_millis()).await
}

/// Of these streams those, not disabled, in which more than `most` wait.
///
/// # Errors
/// When the database fails.
pub async fn list_crowded(db: &Db, few: Few, most: i64) -> Result<Vec<EventStream>, StorageError> {
    // Of each stream no more is read than may wait.
    const WHERE: &str = "s.status <> 'disabled'
         AND EXISTS (
             SELECT 1 FROM event_messages AS m
             WHERE m.stream_id = s.id AND m.settled_at IS NULL
             ORDER BY m.created_at
             LIMIT 1 OFFSET $3
         )";
    list(db, few, WHERE, most).await
}

/// Of these streams those, not disabled, whose holder does not work any more.
///
/// # Errors
/// When the database fails.
pub async fn list_orphaned(
    db: &Db,
    few: Few,
    now: Timestamp,
) -> Result<Vec<EventStream>, StorageError> {
    const WHERE: &str = "s.status <> 'disabled'
         AND (
             c.disabled_at IS NOT NULL
             OR (
                 s.token_id IS NOT NULL
                 AND NOT EXISTS (
                     SELECT 1 FROM tokens AS t
                     WHERE t.id = s.token_id AND t.revoked_at IS NULL
                         AND COALESCE(t.expires_at, $3) >= $3
                 )
             )
         )";
    list(db, few, WHERE, now.as_millis()).await
}

async fn list(
    db: &Db,
    (after, last): Few,
    condition: &'static str,
    value: i64,
) -> Result<Vec<EventStream>, StorageError> {
    let text = format!("{PRESENT} AND s.id > $1 AND s.id <= $2 AND {condition} ORDER BY s.id");
    sql!(db.reader(), |c| sqlx::query(sqlx::AssertSqlSafe(
        text.as_str()
    ))
    .bind(after)
    .bind(last)
    .bind(value)
    .try_map(|row| read(&row))
    .fetch_all(c))
}

/// Of these streams those that are disabled or deleted and in which something waits that is not sent.
///
/// # Errors
/// When the database fails.
pub async fn list_idle(db: &Db, (after, last): Few) -> Result<Vec<Id<EventStream>>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT s.id
         FROM event_streams AS s
         WHERE s.id > $1 AND s.id <= $2
             AND (s.deleted_at IS NOT NULL OR s.status = 'disabled')
             AND EXISTS (
                 SELECT 1 FROM event_messages AS m
                 WHERE m.stream_id = s.id AND m.settled_at IS NULL
                     AND (s.deleted_at IS NOT NULL OR m.type <> 'stream-updated')
             )
         ORDER BY s.id",
    )
    .bind(after)
    .bind(last)
    .try_map(|row| column::<Uuid>(&row, "id").map(Id::from_uuid))
    .fetch_all(c))
}

/// Deletes up to `limit` of what waits in a stream that is disabled or deleted; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_waiting(
    tx: &mut Tx,
    stream: Id<EventStream>,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM event_messages
         WHERE id IN (
             SELECT m.id
             FROM event_streams AS s
             JOIN event_messages AS m ON m.stream_id = s.id
             WHERE s.id = $1 AND m.settled_at IS NULL
                 AND (
                     s.deleted_at IS NOT NULL
                     OR (s.status = 'disabled' AND m.type <> 'stream-updated')
                 )
             LIMIT $2
         )",
    )
    .bind(stream.uuid())
    .bind(limit))
}

/// Deletes what waits in a stream and told of a status that it has no longer.
///
/// # Errors
/// When the database fails.
pub async fn delete_outdated(tx: &mut Tx, stream: Id<EventStream>) -> Result<(), StorageError> {
    // Each status that is told takes the one before away, so there are few.
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM event_messages
         WHERE stream_id = $1 AND settled_at IS NULL AND type = 'stream-updated'",
    )
    .bind(stream.uuid()))
    .map(drop)
}

/// Deletes up to `limit` tokens that were taken, refused or given up before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_settled(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM event_messages
         WHERE id IN (
             SELECT id
             FROM event_messages
             WHERE settled_at < $1
             ORDER BY settled_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many tokens were settled before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_settled(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(settled_at) AS oldest
         FROM (
             SELECT settled_at
             FROM event_messages
             WHERE settled_at < $1
             ORDER BY settled_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

/// Deletes the row of a stream that was deleted before `before` or, as long as it has any, up to `limit` of
/// its subjects; `false` when there is no such stream.
///
/// # Errors
/// When the database fails.
pub async fn delete_gone(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<bool, StorageError> {
    let gone = sql!(tx.connection(), |c| sqlx::query(
        "SELECT id FROM event_streams WHERE deleted_at < $1 ORDER BY deleted_at LIMIT 1",
    )
    .bind(before.as_millis())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    let Some(stream) = gone else {
        return Ok(false);
    };
    if subjects::delete_some(tx, stream, limit).await? == 0 {
        sql!(tx.connection(), execute sqlx::query(
            "DELETE FROM event_streams WHERE id = $1",
        )
        .bind(stream))?;
    }
    Ok(true)
}

/// How many streams were deleted before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_gone(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(deleted_at) AS oldest
         FROM (
             SELECT deleted_at
             FROM event_streams
             WHERE deleted_at < $1
             ORDER BY deleted_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

/// How full the streams are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Tokens that wait.
    pub waiting: i64,
    /// Since when the oldest of them does.
    pub oldest: Option<Timestamp>,
    /// Streams that the service disabled.
    pub disabled: i64,
}

/// Counts what waits, no further than `most`.
///
/// # Errors
/// When the database fails.
pub async fn depth(db: &Db, most: i64) -> Result<Depth, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS waiting, min(created_at) AS oldest,
             (
                 SELECT count(*)
                 FROM event_streams
                 WHERE deleted_at IS NULL AND status = 'disabled' AND status_by = 'service'
             ) AS disabled
         FROM (
             SELECT created_at
             FROM event_messages
             WHERE settled_at IS NULL
             ORDER BY created_at
             LIMIT $1
         ) AS due",
    )
    .bind(most)
    .try_map(|row| counted(&row))
    .fetch_one(c))
}

fn counted(row: &impl Columns) -> Result<Depth, sqlx::Error> {
    Ok(Depth {
        waiting: row.read("waiting")?,
        oldest: moment(row, "oldest")?,
        disabled: row.read("disabled")?,
    })
}
