//! Table `hash_keys`: which hash keys were ever used here, by a canary and never by the key.

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, column, exactly};
use crate::model::{HashKey, HashKeyId, Timestamp, TokenDigest};

const LIST: &str = "SELECT id, canary, first_used_at
     FROM hash_keys
     ORDER BY first_used_at, id";

/// A hash key that was used on this database.
#[derive(Clone, Debug)]
pub struct KnownHashKey {
    /// Its public name.
    pub id: HashKeyId,
    /// By which the key is recognised.
    pub canary: TokenDigest,
    /// Since when.
    pub first_used_at: Timestamp,
}

/// Every hash key that was used, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db) -> Result<Vec<KnownHashKey>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(LIST)
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// Lets nobody else change the table until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx) -> Result<(), StorageError> {
    if let Backend::Postgres(c) = tx.connection() {
        patient(sqlx::query("LOCK TABLE hash_keys IN SHARE ROW EXCLUSIVE MODE").execute(c)).await?;
    }
    Ok(())
}

/// As [`list`], within a transaction.
///
/// # Errors
/// When the database fails.
pub async fn list_locked(tx: &mut Tx) -> Result<Vec<KnownHashKey>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(LIST)
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// Remembers a key.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, key: &HashKey, now: Timestamp) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO hash_keys (id, canary, first_used_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(key.id().as_str())
    .bind(key.canary().as_bytes().as_slice())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Forgets a key; `false` when it was not known.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, id: &HashKeyId) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM hash_keys
         WHERE id = $1",
    )
    .bind(id.as_str()))?;
    Ok(done == 1)
}

/// How many tokens are stored under each key, spent ones included. Reads both tables from end to end.
///
/// # Errors
/// When the database fails.
pub async fn count_tokens(db: &Db) -> Result<Vec<(HashKeyId, i64)>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT hash_key, count(*) AS number
         FROM (
             SELECT hash_key FROM tokens
             UNION ALL
             SELECT hash_key FROM spent_tokens
         ) AS stored
         GROUP BY hash_key
         ORDER BY hash_key",
    )
    .try_map(|row| counted(&row))
    .fetch_all(c))
}

/// Whether the database was ever used: it knows a key, or holds a token.
///
/// # Errors
/// When the database fails.
pub async fn is_used(db: &Db) -> Result<bool, StorageError> {
    let rows = sql!(db.reader(), |c| sqlx::query(
        "SELECT id FROM (SELECT id FROM hash_keys LIMIT 1) AS known
         UNION ALL
         SELECT hash_key AS id FROM (SELECT hash_key FROM tokens LIMIT 1) AS stored",
    )
    .try_map(|row| column::<String>(&row, "id"))
    .fetch_all(c))?;
    Ok(!rows.is_empty())
}

fn counted(row: &impl Columns) -> Result<(HashKeyId, i64), sqlx::Error> {
    Ok((
        HashKeyId::from_stored(row.read("hash_key")?),
        row.read("number")?,
    ))
}

fn known(row: &impl Columns) -> Result<KnownHashKey, sqlx::Error> {
    Ok(KnownHashKey {
        id: HashKeyId::from_stored(row.read("id")?),
        canary: TokenDigest::from_bytes(exactly(&row.read::<Vec<u8>>("canary")?)?),
        first_used_at: Timestamp::from_millis(row.read("first_used_at")?),
    })
}
