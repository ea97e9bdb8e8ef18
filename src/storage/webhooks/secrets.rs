//! What signs for an endpoint, encrypted.

use uuid::Uuid;

use crate::model::{HashKeyId, Id, Timestamp, WebhookEndpoint};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::rows::Columns;

/// A secret as it is stored.
#[derive(Clone, Debug)]
pub struct SealedSecret {
    /// Encrypted.
    pub sealed: Vec<u8>,
    /// The hash key under which it is.
    pub hash_key: HashKeyId,
}

/// Puts a new secret in front of the current one, which signs as well until `until`; `false` when
/// there is no such endpoint.
///
/// # Errors
/// When the database fails.
pub async fn rotate_secret(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    secret: &SealedSecret,
    until: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints
         SET previous_secret = secret, previous_hash_key = hash_key, previous_until = $4,
             secret = $2, hash_key = $3
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(endpoint.uuid())
    .bind(secret.sealed.as_slice())
    .bind(secret.hash_key.as_str())
    .bind(until.as_millis()))?;
    Ok(done == 1)
}

/// An endpoint, its secret, and the one before, if it is still there.
pub(super) type Sealed = (Id<WebhookEndpoint>, SealedSecret, Option<SealedSecret>);

/// Up to `limit` endpoints behind `after` with a secret that is encrypted under another hash key.
///
/// # Errors
/// When the database fails.
pub async fn list_sealed_otherwise(
    db: &Db,
    hash_key: &HashKeyId,
    after: Option<Id<WebhookEndpoint>>,
    limit: i64,
) -> Result<Vec<Sealed>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, secret, hash_key, previous_secret, previous_hash_key
         FROM webhook_endpoints
         WHERE id > $1
             AND deleted_at IS NULL
             AND (hash_key <> $2 OR COALESCE(previous_hash_key, $2) <> $2)
         ORDER BY id
         LIMIT $3",
    )
    .bind(after.map_or(Uuid::nil(), Id::uuid))
    .bind(hash_key.as_str())
    .bind(limit)
    .try_map(|row| sealed(&row))
    .fetch_all(c))
}

/// Stores secrets that were encrypted anew, unless they were changed meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn seal_anew(tx: &mut Tx, before: &Sealed, after: &Sealed) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints
         SET secret = $3, hash_key = $4, previous_secret = $5, previous_hash_key = $6
         WHERE id = $1 AND secret = $2",
    )
    .bind(before.0.uuid())
    .bind(before.1.sealed.as_slice())
    .bind(after.1.sealed.as_slice())
    .bind(after.1.hash_key.as_str())
    .bind(after.2.as_ref().map(|one| one.sealed.as_slice()))
    .bind(after.2.as_ref().map(|one| one.hash_key.as_str())))
    .map(drop)
}

fn sealed(row: &impl Columns) -> Result<Sealed, sqlx::Error> {
    Ok((
        Id::from_uuid(row.read("id")?),
        current(row)?,
        previous(row)?,
    ))
}

pub(super) fn current(row: &impl Columns) -> Result<SealedSecret, sqlx::Error> {
    Ok(SealedSecret {
        sealed: row.read("secret")?,
        hash_key: HashKeyId::from_stored(row.read("hash_key")?),
    })
}

pub(super) fn previous(row: &impl Columns) -> Result<Option<SealedSecret>, sqlx::Error> {
    let sealed: Option<Vec<u8>> = row.read("previous_secret")?;
    let hash_key: Option<String> = row.read("previous_hash_key")?;
    let both = sealed.zip(hash_key);
    Ok(both.map(|(sealed, hash_key)| SealedSecret {
        sealed,
        hash_key: HashKeyId::from_stored(hash_key),
    }))
}
