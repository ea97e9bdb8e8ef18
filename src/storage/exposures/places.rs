//! Where tokens were seen, for as long as that is kept, and what stays of it.

use uuid::Uuid;

use crate::model::{Exposure, Id, Origin, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::overdue::{Overdue, overdue};
use crate::storage::rows::{Columns, column, ids_as_json};

/// Every origin that reported a place that is still kept. Steps from one to the next in the index,
/// however many places each has.
///
/// # Errors
/// When the database fails.
pub async fn list_origins(db: &Db) -> Result<Vec<Origin>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "WITH RECURSIVE step (origin) AS (
             SELECT ''
             UNION ALL
             SELECT (
                 SELECT e.origin
                 FROM exposures AS e
                 WHERE e.scrubbed_at IS NULL AND e.origin > step.origin
                 ORDER BY e.origin
                 LIMIT 1
             )
             FROM step
             WHERE step.origin IS NOT NULL
         )
         SELECT origin
         FROM step
         WHERE origin > ''",
    )
    .try_map(|row| column(&row, "origin").map(Origin::from_stored))
    .fetch_all(c))
}

/// Up to `limit` exposures of an origin that were first seen before `before` and still hold their
/// place, oldest first, behind `after`.
///
/// # Errors
/// When the database fails.
pub async fn list_old(
    db: &Db,
    origin: &Origin,
    before: Timestamp,
    after: Option<(Timestamp, Id<Exposure>)>,
    limit: i64,
) -> Result<Vec<(Timestamp, Id<Exposure>)>, StorageError> {
    let (since, id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| {
        (at.as_millis(), id.uuid())
    });
    sql!(db.reader(), |c| sqlx::query(
        "SELECT first_seen_at, id
         FROM exposures
         WHERE origin = $1
             AND scrubbed_at IS NULL
             AND first_seen_at < $2
             AND (first_seen_at, id) > ($3, $4)
         ORDER BY first_seen_at, id
         LIMIT $5",
    )
    .bind(origin.as_str())
    .bind(before.as_millis())
    .bind(since)
    .bind(id)
    .bind(limit)
    .try_map(|row| old(&row))
    .fetch_all(c))
}

/// How many exposures [`list_old`] would find, `most` at most, and when the oldest was first seen.
///
/// # Errors
/// When the database fails.
pub async fn count_old(
    db: &Db,
    origin: &Origin,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS number, min(first_seen_at) AS oldest
         FROM (
             SELECT first_seen_at
             FROM exposures
             WHERE origin = $1 AND scrubbed_at IS NULL AND first_seen_at < $2
             ORDER BY first_seen_at
             LIMIT $3
         ) AS due",
    )
    .bind(origin.as_str())
    .bind(before.as_millis())
    .bind(most)
    .try_map(|row| overdue(&row))
    .fetch_one(c))
}

/// Removes the place from those of these exposures whose last letter was settled before `before`,
/// and tells which. A letter is settled when it was sent or died, be it that it was brought back since; what
/// is collected for a digest is settled with it.
///
/// # Errors
/// When the database fails.
pub async fn scrub(
    tx: &mut Tx,
    exposures: &[Id<Exposure>],
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<Id<Exposure>>, StorageError> {
    const SQLITE: &str = "UPDATE exposures
         SET url = NULL, source = NULL, scrubbed_at = $3
         WHERE id IN (SELECT unhex(value) FROM json_each($1))
             AND scrubbed_at IS NULL
             AND NOT EXISTS (
                 SELECT 1
                 FROM outbox AS l
                 WHERE l.exposure_id = exposures.id
                     AND COALESCE(l.closed_at, l.sent_at, l.dead_at, $2) >= $2
             )
             AND NOT EXISTS (
                 SELECT 1
                 FROM digest_entries AS d
                 LEFT JOIN outbox AS t ON t.id = d.digest_id
                 WHERE d.exposure_id = exposures.id
                     AND COALESCE(t.closed_at, t.sent_at, t.dead_at, $2) >= $2
             )
         RETURNING id";
    // Not `IS NULL`: while there are few rows, a plan would read the whole index of places that are
    // kept, and would be kept itself while they become many.
    const POSTGRES: &str = "UPDATE exposures
         SET url = NULL, source = NULL, scrubbed_at = $3
         WHERE id = ANY($1)
             AND COALESCE(scrubbed_at, 0) = 0
             AND NOT EXISTS (
                 SELECT 1
                 FROM outbox AS l
                 WHERE l.exposure_id = exposures.id
                     AND COALESCE(l.closed_at, l.sent_at, l.dead_at, $2) >= $2
             )
             AND NOT EXISTS (
                 SELECT 1
                 FROM digest_entries AS d
                 LEFT JOIN outbox AS t ON t.id = d.digest_id
                 WHERE d.exposure_id = exposures.id
                     AND COALESCE(t.closed_at, t.sent_at, t.dead_at, $2) >= $2
             )
         RETURNING id";
    let ids: Vec<Uuid> = exposures.iter().map(|id| id.uuid()).collect();
    let (before, now) = (before.as_millis(), now.as_millis());
    let scrubbed: Vec<Uuid> = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            let query = query.bind(before).bind(now);
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids).bind(before).bind(now);
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
    };
    Ok(scrubbed.into_iter().map(Id::from_uuid).collect())
}

/// What is kept of the places that an origin reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacesHeld {
    /// Who reported them.
    pub origin: Origin,
    /// How many exposures there are.
    pub exposures: i64,
    /// How many of them hold an address or a kind of place.
    pub held: i64,
    /// When the oldest of those was first seen.
    pub oldest: Option<Timestamp>,
    /// How many were scrubbed.
    pub scrubbed: i64,
    /// How many letters about them, or entries of digests, hold an address or a kind of place.
    pub letters: i64,
    /// How many messages to machines do.
    pub messages: i64,
}

const HELD_SQLITE: &str = "SELECT
         e.origin, count(*) AS exposures, count(COALESCE(e.url, e.source)) AS held,
         min(CASE WHEN COALESCE(e.url, e.source) IS NOT NULL THEN e.first_seen_at END)
             AS oldest,
         count(e.scrubbed_at) AS scrubbed,
         (
             SELECT count(*)
             FROM outbox AS l
             JOIN exposures AS o ON o.id = l.exposure_id
             WHERE o.origin = e.origin
                 AND COALESCE(l.letter ->> '$.url', l.letter ->> '$.source') IS NOT NULL
         ) + (
             SELECT count(*)
             FROM digest_entries AS d
             JOIN exposures AS o ON o.id = d.exposure_id
             WHERE o.origin = e.origin
                 AND COALESCE(d.letter ->> '$.url', d.letter ->> '$.source') IS NOT NULL
         ) AS letters,
         (
             SELECT count(*)
             FROM webhook_messages AS m
             JOIN exposures AS o ON o.id = m.exposure_id
             WHERE o.origin = e.origin
                 AND COALESCE(
                     m.body ->> '$.data.exposure.url', m.body ->> '$.data.exposure.source'
                 ) IS NOT NULL
         ) AS messages
     FROM exposures AS e
     GROUP BY e.origin
     ORDER BY e.origin";

const HELD_POSTGRES: &str = "SELECT
         e.origin, count(*) AS exposures, count(COALESCE(e.url, e.source)) AS held,
         min(CASE WHEN COALESCE(e.url, e.source) IS NOT NULL THEN e.first_seen_at END)
             AS oldest,
         count(e.scrubbed_at) AS scrubbed,
         (
             SELECT count(*)
             FROM outbox AS l
             JOIN exposures AS o ON o.id = l.exposure_id
             WHERE o.origin = e.origin
                 AND COALESCE(l.letter::json ->> 'url', l.letter::json ->> 'source') IS NOT NULL
         ) + (
             SELECT count(*)
             FROM digest_entries AS d
             JOIN exposures AS o ON o.id = d.exposure_id
             WHERE o.origin = e.origin
                 AND COALESCE(d.letter::json ->> 'url', d.letter::json ->> 'source') IS NOT NULL
         ) AS letters,
         (
             SELECT count(*)
             FROM webhook_messages AS m
             JOIN exposures AS o ON o.id = m.exposure_id
             WHERE o.origin = e.origin
                 AND COALESCE(
                     m.body::json #>> '{data,exposure,url}',
                     m.body::json #>> '{data,exposure,source}'
                 ) IS NOT NULL
         ) AS messages
     FROM exposures AS e
     GROUP BY e.origin
     ORDER BY e.origin";

/// What is kept of places, by origin. Counts what is there and not what is noted about it, so it
/// reads every table that holds some from end to end.
///
/// # Errors
/// When the database fails.
pub async fn places_held(db: &Db) -> Result<Vec<PlacesHeld>, StorageError> {
    match db.reader() {
        Backend::Sqlite(c) => {
            patient(
                sqlx::query(HELD_SQLITE)
                    .try_map(|row| held(&row))
                    .fetch_all(c),
            )
            .await
        }
        Backend::Postgres(c) => {
            patient(
                sqlx::query(HELD_POSTGRES)
                    .try_map(|row| held(&row))
                    .fetch_all(c),
            )
            .await
        }
    }
}

fn old(row: &impl Columns) -> Result<(Timestamp, Id<Exposure>), sqlx::Error> {
    let at = Timestamp::from_millis(row.read("first_seen_at")?);
    Ok((at, Id::from_uuid(row.read("id")?)))
}

fn held(row: &impl Columns) -> Result<PlacesHeld, sqlx::Error> {
    Ok(PlacesHeld {
        origin: Origin::from_stored(row.read("origin")?),
        exposures: row.read("exposures")?,
        held: row.read("held")?,
        oldest: row
            .read::<Option<i64>>("oldest")?
            .map(Timestamp::from_millis),
        scrubbed: row.read("scrubbed")?,
        letters: row.read("letters")?,
        messages: row.read("messages")?,
    })
}
