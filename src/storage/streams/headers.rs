//! The header that goes with what is pushed, encrypted.

use uuid::Uuid;

use crate::model::{EventStream, HashKeyId, Id};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::rows::Columns;

/// A header that is encrypted under a hash key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedHeader {
    /// What is stored.
    pub sealed: Vec<u8>,
    /// The hash key.
    pub hash_key: HashKeyId,
}

/// The header of a stream, if it has one.
///
/// # Errors
/// When the database fails.
pub async fn find_header(
    db: &Db,
    stream: Id<EventStream>,
) -> Result<Option<SealedHeader>, StorageError> {
    let found = sql!(db.reader(), |c| sqlx::query(
        "SELECT id, sealed_header, hash_key
         FROM event_streams
         WHERE id = $1 AND sealed_header IS NOT NULL AND deleted_at IS NULL",
    )
    .bind(stream.uuid())
    .try_map(|row| sealed(&row))
    .fetch_optional(c))?;
    Ok(found.map(|(_, header)| header))
}

/// Up to `limit` streams behind `after` whose header is encrypted under another hash key.
///
/// # Errors
/// When the database fails.
pub async fn list_sealed_otherwise(
    db: &Db,
    hash_key: &HashKeyId,
    after: Option<Id<EventStream>>,
    limit: i64,
) -> Result<Vec<(Id<EventStream>, SealedHeader)>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, sealed_header, hash_key
         FROM event_streams
         WHERE id > $1 AND sealed_header IS NOT NULL AND hash_key <> $2 AND deleted_at IS NULL
         ORDER BY id
         LIMIT $3",
    )
    .bind(after.map_or(Uuid::nil(), Id::uuid))
    .bind(hash_key.as_str())
    .bind(limit)
    .try_map(|row| sealed(&row))
    .fetch_all(c))
}

/// Stores a header that was encrypted anew, unless it was changed meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn seal_anew(
    tx: &mut Tx,
    stream: Id<EventStream>,
    before: &SealedHeader,
    after: &SealedHeader,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams
         SET sealed_header = $3, hash_key = $4
         WHERE id = $1 AND sealed_header = $2",
    )
    .bind(stream.uuid())
    .bind(before.sealed.as_slice())
    .bind(after.sealed.as_slice())
    .bind(after.hash_key.as_str()))
    .map(drop)
}

fn sealed(row: &impl Columns) -> Result<(Id<EventStream>, SealedHeader), sqlx::Error> {
    let header = SealedHeader {
        sealed: row.read("sealed_header")?,
        hash_key: HashKeyId::from_stored(row.read("hash_key")?),
    };
    Ok((Id::from_uuid(row.read("id")?), header))
}
