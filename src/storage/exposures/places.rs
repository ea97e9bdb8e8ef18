//! Where tokens were seen, for as long as that is kept, and what stays of it.

use serde_json::json;
use uuid::Uuid;

use crate::model::{Exposure, HashKeyId, Id, Origin, Timestamp, Token};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::rows::{Columns, column, exactly, hex_of, ids_as_json};

/// Every origin that reported a place that is still kept. Steps from one to the next in the index,
/// however many places each has.
///
/// # Errors
/// When the database fails.
pub async fn list_origins(db: &Db) -> Result<Vec<Origin>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "WITH RECURSIVE step (origin) AS (
             SELECT (SELECT min(origin) FROM exposures WHERE scrubbed_at IS NULL)
             UNION ALL
             SELECT (
                 SELECT min(e.origin)
                 FROM exposures AS e
                 WHERE e.scrubbed_at IS NULL AND e.origin > step.origin
             )
             FROM step
             WHERE step.origin IS NOT NULL
         )
         SELECT origin
         FROM step
         WHERE origin IS NOT NULL",
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
) -> Result<(i64, Option<Timestamp>), StorageError> {
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
    .try_map(|row| counted(&row))
    .fetch_one(c))
}

/// Removes the place from those of these exposures whose last letter was settled before `before`,
/// and tells which. A letter is settled when it was sent or is dead.
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
                     AND COALESCE(l.sent_at, l.dead_at, $2) >= $2
             )
         RETURNING id";
    const POSTGRES: &str = "UPDATE exposures
         SET url = NULL, source = NULL, scrubbed_at = $3
         WHERE id = ANY($1)
             AND scrubbed_at IS NULL
             AND NOT EXISTS (
                 SELECT 1
                 FROM outbox AS l
                 WHERE l.exposure_id = exposures.id
                     AND COALESCE(l.sent_at, l.dead_at, $2) >= $2
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

/// A place whose key is made under another hash key from now on.
#[derive(Clone, Copy, Debug)]
pub struct PlaceMove {
    /// Of which token.
    pub token: Id<Token>,
    /// The key as it may be stored.
    pub before: [u8; 32],
    /// The key under the current hash key.
    pub after: [u8; 32],
}

/// Moves those of these places that are stored to the current hash key.
///
/// # Errors
/// When the database fails.
pub async fn move_places(
    tx: &mut Tx,
    hash_key: &HashKeyId,
    moves: &[PlaceMove],
) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE exposures
         SET place_key = m.after, place_hash_key = $2
         FROM (
             SELECT
                 unhex(value ->> 0) AS token_id, unhex(value ->> 1) AS before,
                 unhex(value ->> 2) AS after
             FROM json_each($1)
         ) AS m
         WHERE exposures.token_id = m.token_id
             AND exposures.place_key = m.before
             AND NOT EXISTS (
                 SELECT 1
                 FROM exposures AS there
                 WHERE there.token_id = m.token_id AND there.place_key = m.after
             )";
    const POSTGRES: &str = "UPDATE exposures
         SET place_key = m.after, place_hash_key = $2
         FROM unnest($1::uuid[], $3::bytea[], $4::bytea[]) AS m (token_id, before, after)
         WHERE exposures.token_id = m.token_id
             AND exposures.place_key = m.before
             AND NOT EXISTS (
                 SELECT 1
                 FROM exposures AS there
                 WHERE there.token_id = m.token_id AND there.place_key = m.after
             )";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = moves
                .iter()
                .map(|one| {
                    let keys = (hex::encode(one.before), hex::encode(one.after));
                    json!([hex_of(one.token.uuid()), keys.0, keys.1])
                })
                .collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.bind(hash_key.as_str()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let tokens: Vec<Uuid> = moves.iter().map(|one| one.token.uuid()).collect();
            let before: Vec<[u8; 32]> = moves.iter().map(|one| one.before).collect();
            let after: Vec<[u8; 32]> = moves.iter().map(|one| one.after).collect();
            let query = sqlx::query(POSTGRES).bind(tokens).bind(hash_key.as_str());
            patient(query.bind(before).bind(after).execute(c)).await?;
        }
    }
    Ok(())
}

/// A key that is sealed late.
#[derive(Clone, Copy, Debug)]
pub struct SealedPlace {
    /// Of which exposure.
    pub exposure: Id<Exposure>,
    /// The key under the current hash key.
    pub key: [u8; 32],
    /// What is stored instead when the same place was written down under the current hash key
    /// meanwhile: anything that occurs once.
    pub otherwise: [u8; 32],
}

/// Up to `limit` exposures whose place is stored under a key that can be guessed, with that key.
///
/// # Errors
/// When the database fails.
pub async fn list_unsealed(
    db: &Db,
    limit: i64,
) -> Result<Vec<(Id<Exposure>, [u8; 32])>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, place_key
         FROM exposures
         WHERE place_hash_key IS NULL
         ORDER BY id
         LIMIT $1",
    )
    .bind(limit)
    .try_map(|row| unsealed(&row))
    .fetch_all(c))
}

/// Stores these keys instead of those that can be guessed.
///
/// # Errors
/// When the database fails.
pub async fn seal(
    tx: &mut Tx,
    hash_key: &HashKeyId,
    places: &[SealedPlace],
) -> Result<u64, StorageError> {
    const SQLITE: &str = "UPDATE exposures
         SET place_hash_key = $2,
             place_key = CASE
                 WHEN EXISTS (
                     SELECT 1
                     FROM exposures AS there
                     WHERE there.token_id = exposures.token_id AND there.place_key = s.key
                 ) THEN s.otherwise
                 ELSE s.key
             END
         FROM (
             SELECT
                 unhex(value ->> 0) AS id, unhex(value ->> 1) AS key,
                 unhex(value ->> 2) AS otherwise
             FROM json_each($1)
         ) AS s
         WHERE exposures.id = s.id AND exposures.place_hash_key IS NULL";
    const POSTGRES: &str = "UPDATE exposures
         SET place_hash_key = $2,
             place_key = CASE
                 WHEN EXISTS (
                     SELECT 1
                     FROM exposures AS there
                     WHERE there.token_id = exposures.token_id AND there.place_key = s.key
                 ) THEN s.otherwise
                 ELSE s.key
             END
         FROM unnest($1::uuid[], $3::bytea[], $4::bytea[]) AS s (id, key, otherwise)
         WHERE exposures.id = s.id AND exposures.place_hash_key IS NULL";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = places
                .iter()
                .map(|one| {
                    let keys = (hex::encode(one.key), hex::encode(one.otherwise));
                    json!([hex_of(one.exposure.uuid()), keys.0, keys.1])
                })
                .collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            let done = patient(query.bind(hash_key.as_str()).execute(c)).await?;
            Ok(done.rows_affected())
        }
        Backend::Postgres(c) => {
            let ids: Vec<Uuid> = places.iter().map(|one| one.exposure.uuid()).collect();
            let keys: Vec<[u8; 32]> = places.iter().map(|one| one.key).collect();
            let otherwise: Vec<[u8; 32]> = places.iter().map(|one| one.otherwise).collect();
            let query = sqlx::query(POSTGRES).bind(ids).bind(hash_key.as_str());
            let done = patient(query.bind(keys).bind(otherwise).execute(c)).await?;
            Ok(done.rows_affected())
        }
    }
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
    /// How many letters about them hold an address or a kind of place.
    pub letters: i64,
}

/// What is kept of places, by origin. Counts what is there and not what is noted about it, so it
/// reads both tables from end to end.
///
/// # Errors
/// When the database fails.
pub async fn places_held(db: &Db) -> Result<Vec<PlacesHeld>, StorageError> {
    const SQLITE: &str = "SELECT
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
             ) AS letters
         FROM exposures AS e
         GROUP BY e.origin
         ORDER BY e.origin";
    const POSTGRES: &str = "SELECT
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
             ) AS letters
         FROM exposures AS e
         GROUP BY e.origin
         ORDER BY e.origin";
    match db.reader() {
        Backend::Sqlite(c) => {
            patient(sqlx::query(SQLITE).try_map(|row| held(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            patient(sqlx::query(POSTGRES).try_map(|row| held(&row)).fetch_all(c)).await
        }
    }
}

fn old(row: &impl Columns) -> Result<(Timestamp, Id<Exposure>), sqlx::Error> {
    let at = Timestamp::from_millis(row.read("first_seen_at")?);
    Ok((at, Id::from_uuid(row.read("id")?)))
}

fn counted(row: &impl Columns) -> Result<(i64, Option<Timestamp>), sqlx::Error> {
    let oldest: Option<i64> = row.read("oldest")?;
    Ok((row.read("number")?, oldest.map(Timestamp::from_millis)))
}

fn unsealed(row: &impl Columns) -> Result<(Id<Exposure>, [u8; 32]), sqlx::Error> {
    let key = exactly(&row.read::<Vec<u8>>("place_key")?)?;
    Ok((Id::from_uuid(row.read("id")?), key))
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
    })
}
