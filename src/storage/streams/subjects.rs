//! Table `event_stream_subjects`: whom a stream is about, as exceptions from what it is about otherwise.

use std::collections::HashSet;

use uuid::Uuid;

use crate::model::{EventStream, Id, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient, sql};
use crate::storage::rows::{Columns, column, ids_as_json};

/// Adds an exception; `false` when it is there already.
///
/// # Errors
/// When the database fails.
pub async fn add_exception(
    tx: &mut Tx,
    stream: Id<EventStream>,
    (kind, subject): (&'static str, Uuid),
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO event_stream_subjects (stream_id, kind, subject_id, created_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (stream_id, kind, subject_id) DO NOTHING",
    )
    .bind(stream.uuid())
    .bind(kind)
    .bind(subject)
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Removes an exception; `false` when it is not there.
///
/// # Errors
/// When the database fails.
pub async fn remove_exception(
    tx: &mut Tx,
    stream: Id<EventStream>,
    (kind, subject): (&'static str, Uuid),
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM event_stream_subjects
         WHERE stream_id = $1 AND kind = $2 AND subject_id = $3",
    )
    .bind(stream.uuid())
    .bind(kind)
    .bind(subject))?;
    Ok(done == 1)
}

/// How many exceptions a stream has, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_exceptions(
    tx: &mut Tx,
    stream: Id<EventStream>,
    most: i64,
) -> Result<i64, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT count(*) AS number
         FROM (SELECT 1 AS one FROM event_stream_subjects WHERE stream_id = $1 LIMIT $2) AS due",
    )
    .bind(stream.uuid())
    .bind(most)
    .try_map(|row| column::<i64>(&row, "number"))
    .fetch_one(c))
}

/// Which of these subjects are exceptions of these streams: stream and subject. Ids of people,
/// organizations and clients differ.
pub(super) async fn exceptions(
    tx: &mut Tx,
    streams: Vec<Uuid>,
    subjects: Vec<Uuid>,
) -> Result<HashSet<(Uuid, Uuid)>, StorageError> {
    const SQLITE: &str = "SELECT e.stream_id, e.subject_id
         FROM event_stream_subjects AS e
         WHERE e.stream_id IN (SELECT unhex(value) FROM json_each($1))
             AND e.kind IN ('user', 'organization', 'client')
             AND e.subject_id IN (SELECT unhex(value) FROM json_each($2))";
    const POSTGRES: &str = "SELECT e.stream_id, e.subject_id
         FROM event_stream_subjects AS e
         WHERE e.stream_id = ANY($1) AND e.kind = ANY(ARRAY['user', 'organization', 'client'])
             AND e.subject_id = ANY($2)";
    let all = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&streams));
            let query = query.bind(ids_as_json(&subjects));
            patient(query.try_map(|row| exception(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(streams).bind(subjects);
            patient(query.try_map(|row| exception(&row)).fetch_all(c)).await?
        }
    };
    Ok(all.into_iter().collect())
}

/// Deletes up to `limit` exceptions of a stream; tells how many.
pub(super) async fn delete_some(
    tx: &mut Tx,
    stream: Uuid,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM event_stream_subjects
         WHERE stream_id = $1 AND (kind, subject_id) IN (
             SELECT kind, subject_id FROM event_stream_subjects WHERE stream_id = $1 LIMIT $2
         )",
    )
    .bind(stream)
    .bind(limit))
}

fn exception(row: &impl Columns) -> Result<(Uuid, Uuid), sqlx::Error> {
    Ok((row.read("stream_id")?, row.read("subject_id")?))
}
