//! The keys of places, as nobody can guess them.

use serde_json::json;
use uuid::Uuid;

use crate::model::{Exposure, HashKeyId, Id, Token};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::rows::{Columns, exactly, hex_of};

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

fn unsealed(row: &impl Columns) -> Result<(Id<Exposure>, [u8; 32]), sqlx::Error> {
    let key = exactly(&row.read::<Vec<u8>>("place_key")?)?;
    Ok((Id::from_uuid(row.read("id")?), key))
}
