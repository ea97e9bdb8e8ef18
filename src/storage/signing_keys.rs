//! Table `signing_keys`.

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, unreadable};
use crate::model::{HashKeyId, Id, SigningAlgorithm, SigningKey, Timestamp};

const LIST: &str = "SELECT
         id, kid, algorithm, public_jwk, private_key, hash_key, created_at, active_from
     FROM signing_keys
     ORDER BY algorithm, active_from, id";

/// Every key, those of one algorithm in the order in which they sign.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db) -> Result<Vec<SigningKey>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(LIST)
        .try_map(|row| key(&row))
        .fetch_all(c))
}

/// Lets nobody else change the table until the transaction ends, and lists as [`list`] does.
///
/// # Errors
/// When the database fails.
pub async fn list_locked(tx: &mut Tx) -> Result<Vec<SigningKey>, StorageError> {
    if let Backend::Postgres(c) = tx.connection() {
        let lock = sqlx::query("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE");
        patient(lock.execute(c)).await?;
    }
    sql!(tx.connection(), |c| sqlx::query(LIST)
        .try_map(|row| key(&row))
        .fetch_all(c))
}

/// Adds a key.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, key: &SigningKey) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO signing_keys (
             id, kid, algorithm, public_jwk, private_key, hash_key, created_at, active_from
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(key.id.uuid())
    .bind(key.kid.as_str())
    .bind(key.algorithm.name())
    .bind(key.public_jwk.as_str())
    .bind(key.sealed.as_slice())
    .bind(key.hash_key.as_str())
    .bind(key.created_at.as_millis())
    .bind(key.active_from.as_millis()))
    .map(drop)
}

/// Stores a private half that was encrypted anew.
///
/// # Errors
/// When the database fails.
pub async fn seal_anew(
    tx: &mut Tx,
    key: Id<SigningKey>,
    sealed: &[u8],
    hash_key: &HashKeyId,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE signing_keys
         SET private_key = $2, hash_key = $3
         WHERE id = $1",
    )
    .bind(key.uuid())
    .bind(sealed)
    .bind(hash_key.as_str()))
    .map(drop)
}

/// Lets a key sign from another moment on.
///
/// # Errors
/// When the database fails.
pub async fn reschedule(
    tx: &mut Tx,
    key: Id<SigningKey>,
    active_from: Timestamp,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE signing_keys
         SET active_from = $2
         WHERE id = $1",
    )
    .bind(key.uuid())
    .bind(active_from.as_millis()))
    .map(drop)
}

/// Removes a key for good.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, key: Id<SigningKey>) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM signing_keys
         WHERE id = $1",
    )
    .bind(key.uuid()))
    .map(drop)
}

fn key(row: &impl Columns) -> Result<SigningKey, sqlx::Error> {
    Ok(SigningKey {
        id: Id::from_uuid(row.read("id")?),
        kid: row.read("kid")?,
        algorithm: row
            .read::<String>("algorithm")?
            .parse::<SigningAlgorithm>()
            .map_err(unreadable)?,
        public_jwk: row.read("public_jwk")?,
        sealed: row.read("private_key")?,
        hash_key: HashKeyId::from_stored(row.read("hash_key")?),
        created_at: Timestamp::from_millis(row.read("created_at")?),
        active_from: Timestamp::from_millis(row.read("active_from")?),
    })
}
