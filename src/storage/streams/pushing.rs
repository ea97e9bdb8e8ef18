//! Streams whose tokens are pushed: whose turn it is, and how it goes.

use uuid::Uuid;

use super::{find_locked, moment};
use crate::model::{EventStream, Id, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::rows::{Columns, column};

/// Up to `limit` streams that have something to push which may be sent, whoever waits longest first.
/// Where it goes is known once a stream is claimed.
///
/// # Errors
/// When the database fails.
pub async fn list_due(
    db: &Db,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Id<EventStream>>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT s.id
         FROM event_streams AS s
         WHERE s.deleted_at IS NULL
             AND s.method = 'push'
             AND s.paused_until <= $1
             AND s.claimed_until <= $1
             AND EXISTS (
                 SELECT 1
                 FROM event_messages AS m
                 WHERE m.stream_id = s.id AND m.settled_at IS NULL
                     AND (s.status = 'enabled' OR m.type = 'stream-updated')
             )
         ORDER BY s.served_at
         LIMIT $2",
    )
    .bind(now.as_millis())
    .bind(limit)
    .try_map(|row| column::<Uuid>(&row, "id").map(Id::from_uuid))
    .fetch_all(c))
}

/// A stream that is being pushed.
#[derive(Clone, Debug)]
pub struct ClaimedStream {
    /// The claim, which ends when the stream is changed.
    pub claim: Uuid,
    /// The stream, as it is for as long as the claim holds.
    pub stream: EventStream,
}

/// Claims a stream until `until`; `None` when somebody else has it, or it is not pushed any more.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    stream: Id<EventStream>,
    (now, until): (Timestamp, Timestamp),
) -> Result<Option<ClaimedStream>, StorageError> {
    let claim = Id::<EventStream>::new(now).uuid();
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams
         SET claim = $3, claimed_until = $4, served_at = $2
         WHERE id = $1 AND deleted_at IS NULL AND method = 'push' AND claimed_until <= $2
             AND paused_until <= $2",
    )
    .bind(stream.uuid())
    .bind(now.as_millis())
    .bind(claim)
    .bind(until.as_millis()))?;
    if done == 0 {
        return Ok(None);
    }
    let stream = find_locked(tx, stream).await?;
    Ok(stream.map(|stream| ClaimedStream { claim, stream }))
}

/// Gives a claim back; nothing happens when it has ended.
///
/// # Errors
/// When the database fails.
pub async fn release(
    tx: &mut Tx,
    stream: Id<EventStream>,
    claim: Uuid,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams SET claim = NULL, claimed_until = 0 WHERE id = $1 AND claim = $2",
    )
    .bind(stream.uuid())
    .bind(claim))
    .map(drop)
}

/// A push arrived: whatever was wrong is over. `false` when the claim has ended.
///
/// # Errors
/// When the database fails.
pub async fn recover(
    tx: &mut Tx,
    stream: Id<EventStream>,
    claim: Uuid,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams
         SET failing_since = NULL, failures = 0, paused_until = 0
         WHERE id = $1 AND claim = $2",
    )
    .bind(stream.uuid())
    .bind(claim))?;
    Ok(done == 1)
}

/// A push failed: counts it, and tells since when all of them do; `None` when the claim has ended.
///
/// # Errors
/// When the database fails.
pub async fn pause(
    tx: &mut Tx,
    stream: Id<EventStream>,
    claim: Uuid,
    now: Timestamp,
    pause: impl Fn(i64) -> Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    let counted = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE event_streams
         SET failing_since = COALESCE(failing_since, $3), failures = failures + 1
         WHERE id = $1 AND claim = $2
         RETURNING failures, failing_since",
    )
    .bind(stream.uuid())
    .bind(claim)
    .bind(now.as_millis())
    .try_map(|row| failing(&row))
    .fetch_optional(c))?;
    let Some((failures, since)) = counted else {
        return Ok(None);
    };
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams SET paused_until = $2 WHERE id = $1",
    )
    .bind(stream.uuid())
    .bind(pause(failures).as_millis()))?;
    Ok(since)
}

fn failing(row: &impl Columns) -> Result<(i64, Option<Timestamp>), sqlx::Error> {
    Ok((row.read("failures")?, moment(row, "failing_since")?))
}
