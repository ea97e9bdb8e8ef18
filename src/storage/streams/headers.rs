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

/// A stream that is being pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldStream {
    /// The header that goes with it, if one was given.
    pub header: Option<SealedHeader>,
}

/// What goes with the tokens of a stream, as long as the claim holds, which ends when the stream is changed;
/// `None` from then on.
///
/// # Errors
/// When the database fails.
pub async fn find_held(
    db: &Db,
    stream: Id<EventStream>,
    claim: Uuid,
) -> Result<Option<HeldStream>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT sealed_header, hash_key
         FROM event_streams
         WHERE id = $1 AND claim = $2 AND deleted_at IS NULL",
    )
    .bind(stream.uuid())
    .bind(claim)
    .try_map(|row| held(&row))
    .fetch_optional(c))
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

fn held(row: &impl Columns) -> Result<HeldStream, sqlx::Error> {
    let sealed: Option<Vec<u8>> = row.read("sealed_header")?;
    let hash_key: Option<String> = row.read("hash_key")?;
    let header = sealed.zip(hash_key);
    Ok(HeldStream {
        header: header.map(|(sealed, hash_key)| SealedHeader {
            sealed,
            hash_key: HashKeyId::from_stored(hash_key),
        }),
    })
}

fn sealed(row: &impl Columns) -> Result<(Id<EventStream>, SealedHeader), sqlx::Error> {
    let header = SealedHeader {
        sealed: row.read("sealed_header")?,
        hash_key: HashKeyId::from_stored(row.read("hash_key")?),
    };
    Ok((Id::from_uuid(row.read("id")?), header))
}
