//! Tables `origin_key_sets` and `origin_keys`: the public keys of origins, so that a restart or an
//! outage of the origin's API changes nothing.

use serde_json::json;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::journal::Event;
use super::rows::Columns;
use crate::model::{About, Deed, Origin, Timestamp};

/// The keys of one origin as they were last fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKeySet {
    /// What the origin's server called this version.
    pub etag: Option<String>,
    /// When they were fetched, or found unchanged.
    pub fetched_at: Timestamp,
    /// The address they came from, as a digest; `None` in what an earlier version wrote.
    pub address_digest: Option<String>,
    /// The keys.
    pub keys: Vec<StoredKey>,
}

impl StoredKeySet {
    /// Whether they came from the address with this digest, as far as that is known.
    #[must_use]
    pub fn came_from(&self, address_digest: &str) -> bool {
        let known = self.address_digest.as_deref();
        known.is_none_or(|known| known == address_digest)
    }
}

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The origin's name for it.
    pub key_id: String,
    /// The key as PEM.
    pub pem: String,
    /// Whether the origin signs with it now.
    pub is_current: bool,
}

/// The stored keys of an origin, if it was ever reached.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, origin: &Origin) -> Result<Option<StoredKeySet>, StorageError> {
    let set = sql!(db.reader(), |c| sqlx::query(
        "SELECT etag, fetched_at, address_digest
         FROM origin_key_sets
         WHERE origin = $1",
    )
    .bind(origin.as_str())
    .try_map(|row| version(&row))
    .fetch_optional(c))?;
    let Some(version) = set else {
        return Ok(None);
    };
    let keys = sql!(db.reader(), |c| sqlx::query(
        "SELECT key_id, pem, is_current
         FROM origin_keys
         WHERE origin = $1
         ORDER BY key_id",
    )
    .bind(origin.as_str())
    .try_map(|row| key(&row))
    .fetch_all(c))?;
    Ok(Some(StoredKeySet { keys, ..version }))
}

/// Replaces the keys of an origin by `set`.
///
/// # Errors
/// When the database fails.
pub async fn replace(tx: &mut Tx, origin: &Origin, set: &StoredKeySet) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO origin_key_sets (origin, etag, fetched_at, address_digest)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (origin) DO UPDATE
         SET etag = excluded.etag,
             fetched_at = excluded.fetched_at,
             address_digest = excluded.address_digest",
    )
    .bind(origin.as_str())
    .bind(set.etag.as_deref())
    .bind(set.fetched_at.as_millis())
    .bind(set.address_digest.as_deref()))?;
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM origin_keys WHERE origin = $1"
    )
    .bind(origin.as_str()))?;
    insert_all(tx, origin, &set.keys).await?;
    let ids: Vec<_> = set.keys.iter().map(|key| key.key_id.as_str()).collect();
    let detail = json!({ "origin": origin.as_str(), "keys": ids });
    let deed = Deed::new("origin_keys.replaced", About::default());
    tx.note(set.fetched_at, Event::Done(deed.with(detail)));
    Ok(())
}

/// Notes that the keys of an origin were found unchanged.
///
/// # Errors
/// When the database fails.
pub async fn touch(tx: &mut Tx, origin: &Origin, at: Timestamp) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE origin_key_sets
         SET fetched_at = $2
         WHERE origin = $1",
    )
    .bind(origin.as_str())
    .bind(at.as_millis()))
    .map(drop)
}

async fn insert_all(tx: &mut Tx, origin: &Origin, keys: &[StoredKey]) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO origin_keys (origin, key_id, pem, is_current)
         SELECT $1, value ->> 0, value ->> 1, value ->> 2
         FROM json_each($2)";
    const POSTGRES: &str = "INSERT INTO origin_keys (origin, key_id, pem, is_current)
         SELECT $1, key_id, pem, is_current
         FROM unnest($2::text[], $3::text[], $4::boolean[]) AS k (key_id, pem, is_current)";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = keys
                .iter()
                .map(|key| (&key.key_id, &key.pem, key.is_current))
                .collect();
            let rows = serde_json::json!(rows).to_string();
            patient(
                sqlx::query(SQLITE)
                    .bind(origin.as_str())
                    .bind(rows)
                    .execute(c),
            )
            .await?;
        }
        Backend::Postgres(c) => {
            let ids: Vec<&str> = keys.iter().map(|key| key.key_id.as_str()).collect();
            let pems: Vec<&str> = keys.iter().map(|key| key.pem.as_str()).collect();
            let current: Vec<bool> = keys.iter().map(|key| key.is_current).collect();
            let query = sqlx::query(POSTGRES).bind(origin.as_str());
            patient(query.bind(ids).bind(pems).bind(current).execute(c)).await?;
        }
    }
    Ok(())
}

fn version(row: &impl Columns) -> Result<StoredKeySet, sqlx::Error> {
    Ok(StoredKeySet {
        etag: row.read("etag")?,
        fetched_at: Timestamp::from_millis(row.read("fetched_at")?),
        address_digest: row.read("address_digest")?,
        keys: Vec::new(),
    })
}

fn key(row: &impl Columns) -> Result<StoredKey, sqlx::Error> {
    Ok(StoredKey {
        key_id: row.read("key_id")?,
        pem: row.read("pem")?,
        is_current: row.read("is_current")?,
    })
}
