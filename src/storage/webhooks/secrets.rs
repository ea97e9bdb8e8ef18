//! Table `former_webhook_secrets`, and column `secret` of `webhook_endpoints`: what signs, encrypted.

use uuid::Uuid;

use crate::model::{HashKeyId, Id, Timestamp, WebhookEndpoint};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::overdue::{self, Overdue};
use crate::storage::rows::{Columns, ids_as_json};

/// How many former secrets of an endpoint sign beside its own. One more, and the oldest goes.
const MOST_FORMER: i64 = 4;

/// A secret as it is stored.
#[derive(Clone, Debug)]
pub struct SealedSecret {
    /// Encrypted.
    pub sealed: Vec<u8>,
    /// The hash key under which it is.
    pub hash_key: HashKeyId,
}

/// A secret that signs beside the one that replaced it.
#[derive(Clone, Debug)]
pub struct FormerSecret {
    /// It.
    pub secret: SealedSecret,
    /// Until when.
    pub until: Timestamp,
}

/// Gives an endpoint a new secret. The one before signs as well until `until`, and those before it until
/// their own times; `false` when there is no such endpoint. Callers hold [`super::TURN`].
///
/// # Errors
/// When the database fails.
pub async fn rotate_secret(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    secret: &SealedSecret,
    (now, until): (Timestamp, Timestamp),
) -> Result<bool, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO former_webhook_secrets (endpoint_id, secret, hash_key, replaced_at, until)
         SELECT id, secret, hash_key, $2, $3
         FROM webhook_endpoints
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(endpoint.uuid())
    .bind(now.as_millis())
    .bind(until.as_millis()))?;
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints
         SET secret = $2, hash_key = $3
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(endpoint.uuid())
    .bind(secret.sealed.as_slice())
    .bind(secret.hash_key.as_str()))?;
    // Behind the endpoint, as whoever deletes it takes them.
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM former_webhook_secrets
         WHERE endpoint_id = $1
             AND (until <= $2 OR secret NOT IN (
                 SELECT secret
                 FROM former_webhook_secrets
                 WHERE endpoint_id = $1
                 ORDER BY replaced_at DESC
                 LIMIT $3
             ))",
    )
    .bind(endpoint.uuid())
    .bind(now.as_millis())
    .bind(MOST_FORMER))?;
    Ok(done == 1)
}

/// The former secrets of these endpoints that still sign, the latest first.
///
/// # Errors
/// When the database fails.
pub(super) async fn list_former(
    db: &Db,
    endpoints: &[Id<WebhookEndpoint>],
    now: Timestamp,
) -> Result<Vec<(Id<WebhookEndpoint>, FormerSecret)>, StorageError> {
    const SQLITE: &str = "SELECT endpoint_id, secret, hash_key, until
         FROM former_webhook_secrets
         WHERE endpoint_id IN (SELECT unhex(value) FROM json_each($1)) AND until > $2
         ORDER BY replaced_at DESC";
    const POSTGRES: &str = "SELECT endpoint_id, secret, hash_key, until
         FROM former_webhook_secrets
         WHERE endpoint_id = ANY($1) AND until > $2
         ORDER BY replaced_at DESC";
    let ids: Vec<Uuid> = endpoints.iter().map(|id| id.uuid()).collect();
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            let query = query.bind(now.as_millis());
            patient(query.try_map(|row| former(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids).bind(now.as_millis());
            patient(query.try_map(|row| former(&row)).fetch_all(c)).await
        }
    }
}

/// Deletes up to `limit` former secrets that do not sign any more; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_former(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM former_webhook_secrets
         WHERE (endpoint_id, secret) IN (
             SELECT endpoint_id, secret
             FROM former_webhook_secrets
             WHERE until <= $1
             ORDER BY until
             LIMIT $2
         )",
    )
    .bind(now.as_millis())
    .bind(limit))
}

/// How many former secrets do not sign any more at `now`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_former(db: &Db, now: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(until) AS oldest
         FROM (
             SELECT until
             FROM former_webhook_secrets
             WHERE until <= $1
             ORDER BY until
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, now, most).await
}

/// A secret, current or former, and whose it is.
#[derive(Clone, Debug)]
pub struct OwnedSecret {
    /// Whose.
    pub endpoint: Id<WebhookEndpoint>,
    /// It.
    pub secret: SealedSecret,
}

/// Up to `limit` secrets behind `after` that are encrypted under another hash key.
///
/// # Errors
/// When the database fails.
pub async fn list_sealed_otherwise(
    db: &Db,
    hash_key: &HashKeyId,
    after: Option<&OwnedSecret>,
    limit: i64,
) -> Result<Vec<OwnedSecret>, StorageError> {
    let (endpoint, sealed) = match after {
        Some(last) => (last.endpoint.uuid(), last.secret.sealed.as_slice()),
        None => (Uuid::nil(), [].as_slice()),
    };
    sql!(db.reader(), |c| sqlx::query(
        "SELECT endpoint_id, secret, hash_key
         FROM (
             SELECT id AS endpoint_id, secret, hash_key
             FROM webhook_endpoints
             WHERE deleted_at IS NULL
             UNION ALL
             SELECT endpoint_id, secret, hash_key
             FROM former_webhook_secrets
         ) AS both_sorts
         WHERE hash_key <> $1 AND (endpoint_id, secret) > ($2, $3)
         ORDER BY endpoint_id, secret
         LIMIT $4",
    )
    .bind(hash_key.as_str())
    .bind(endpoint)
    .bind(sealed)
    .bind(limit)
    .try_map(|row| owned(&row))
    .fetch_all(c))
}

/// Stores a secret that was encrypted anew, unless it went meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn seal_anew(
    tx: &mut Tx,
    before: &OwnedSecret,
    after: &SealedSecret,
) -> Result<(), StorageError> {
    // A current one may have become a former one.
    for statement in [
        "UPDATE webhook_endpoints SET secret = $3, hash_key = $4 WHERE id = $1 AND secret = $2",
        "UPDATE former_webhook_secrets SET secret = $3, hash_key = $4
         WHERE endpoint_id = $1 AND secret = $2",
    ] {
        sql!(tx.connection(), execute sqlx::query(statement)
            .bind(before.endpoint.uuid())
            .bind(before.secret.sealed.as_slice())
            .bind(after.sealed.as_slice())
            .bind(after.hash_key.as_str()))?;
    }
    Ok(())
}

fn owned(row: &impl Columns) -> Result<OwnedSecret, sqlx::Error> {
    Ok(OwnedSecret {
        endpoint: Id::from_uuid(row.read("endpoint_id")?),
        secret: secret(row)?,
    })
}

fn former(row: &impl Columns) -> Result<(Id<WebhookEndpoint>, FormerSecret), sqlx::Error> {
    let former = FormerSecret {
        secret: secret(row)?,
        until: Timestamp::from_millis(row.read("until")?),
    };
    Ok((Id::from_uuid(row.read("endpoint_id")?), former))
}

pub(super) fn secret(row: &impl Columns) -> Result<SealedSecret, sqlx::Error> {
    Ok(SealedSecret {
        sealed: row.read("secret")?,
        hash_key: HashKeyId::from_stored(row.read("hash_key")?),
    })
}
