//! Table `digest_entries`: what is collected for its readers, to be told later and together.

use serde_json::json;
use uuid::Uuid;

mod places;

pub use places::forget_places;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::outbox::{self, NewLetter};
use super::rows::{Columns, column, hex_of};
use crate::model::{Email, Id, Letter, Timestamp};

/// Whose turn it is among those that put together what was collected.
pub const TURN: &str = "digests";

/// Collects what these letters tell, instead of sending them.
///
/// # Errors
/// When the database fails.
pub async fn collect(
    tx: &mut Tx,
    letters: &[NewLetter],
    now: Timestamp,
) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO digest_entries (
             collected_at, unnamed, id, exposure_id, recipient, letter
         )
         SELECT
             $2, 0, unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3
         FROM json_each($1)
         WHERE true
         ON CONFLICT DO NOTHING";
    const POSTGRES: &str = "INSERT INTO digest_entries (
             collected_at, unnamed, id, exposure_id, recipient, letter
         )
         SELECT $1, 0, l.*
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS l
         ON CONFLICT DO NOTHING";
    let texts = outbox::texts(letters)?;
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows = letters.iter().zip(&texts).map(|(new, text)| {
                let exposure = new.exposure.map(|id| hex_of(id.uuid()));
                json!([hex_of(new.id.uuid()), exposure, new.recipient, text])
            });
            let rows: Vec<_> = rows.collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.bind(now.as_millis()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let ids: Vec<Uuid> = letters.iter().map(|new| new.id.uuid()).collect();
            let exposures = letters.iter().map(|new| new.exposure.map(Id::uuid));
            let exposures: Vec<Option<Uuid>> = exposures.collect();
            let recipients: Vec<&str> = letters.iter().map(|new| new.recipient.as_str()).collect();
            let query = sqlx::query(POSTGRES).bind(now.as_millis()).bind(ids);
            let query = query.bind(exposures).bind(recipients).bind(texts);
            patient(query.execute(c)).await?;
        }
    }
    Ok(())
}

/// The reader for whom something was collected at `before` or earlier, whoever waits longest.
///
/// # Errors
/// When the database fails.
pub async fn find_due(db: &Db, before: Timestamp) -> Result<Option<Email>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT recipient
         FROM digest_entries
         WHERE digest_id IS NULL AND collected_at <= $1
         ORDER BY collected_at
         LIMIT 1",
    )
    .bind(before.as_millis())
    .try_map(|row| column(&row, "recipient").map(Email::from_stored))
    .fetch_optional(c))
}

/// The first of what is collected for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// Which.
    pub id: Uuid,
    /// Since when it waits.
    pub collected_at: Timestamp,
    /// How many others are only counted.
    pub unnamed: i64,
}

/// The first of what is collected for this reader.
///
/// # Errors
/// When the database fails.
pub async fn find_first(tx: &mut Tx, reader: &Email) -> Result<Option<First>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT id, collected_at, unnamed
         FROM digest_entries
         WHERE recipient = $1 AND digest_id IS NULL
         ORDER BY collected_at, id
         LIMIT 1",
    )
    .bind(reader.as_str())
    .try_map(|row| first(&row))
    .fetch_optional(c))
}

/// Lets go of up to `limit` entries of this reader that come after the first `named` ones, and tells
/// how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_unnamed(
    tx: &mut Tx,
    reader: &Email,
    named: i64,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM digest_entries
         WHERE id IN (
             SELECT id
             FROM digest_entries
             WHERE recipient = $1 AND digest_id IS NULL
             ORDER BY collected_at, id
             LIMIT $2 OFFSET $3
         )",
    )
    .bind(reader.as_str())
    .bind(limit)
    .bind(named))
}

/// Counts those that were let go in favour of this entry.
///
/// # Errors
/// When the database fails.
pub async fn add_unnamed(tx: &mut Tx, entry: Uuid, number: i64) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE digest_entries
         SET unnamed = unnamed + $2
         WHERE id = $1",
    )
    .bind(entry)
    .bind(number))
    .map(drop)
}

/// Gives the first `named` entries of this reader to the letter that tells them.
///
/// # Errors
/// When the database fails.
pub async fn give(
    tx: &mut Tx,
    reader: &Email,
    named: i64,
    digest: Id<Letter>,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE digest_entries
         SET digest_id = $3
         WHERE id IN (
             SELECT id
             FROM digest_entries
             WHERE recipient = $1 AND digest_id IS NULL
             ORDER BY collected_at, id
             LIMIT $2
         )",
    )
    .bind(reader.as_str())
    .bind(named)
    .bind(digest.uuid()))
}

/// What a letter tells, in the order in which it was collected; `None` where this version cannot read
/// it, because a newer one wrote it.
///
/// # Errors
/// When the database fails.
pub async fn list_told(db: &Db, digest: Id<Letter>) -> Result<Vec<Option<Letter>>, StorageError> {
    let told = sql!(db.reader(), |c| sqlx::query(
        "SELECT letter
         FROM digest_entries
         WHERE digest_id = $1
         ORDER BY collected_at, id",
    )
    .bind(digest.uuid())
    .try_map(|row| column::<String>(&row, "letter"))
    .fetch_all(c))?;
    let told = told.iter().map(|text| serde_json::from_str(text).ok());
    Ok(told.collect())
}

/// What is collected for one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// For whom.
    pub reader: Email,
    /// Of how many places they will be told.
    pub places: i64,
    /// Since when the first of them waits.
    pub since: Timestamp,
}

/// What is collected, for up to `limit` readers in the order of their addresses.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, limit: i64) -> Result<Vec<Collected>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             recipient, min(collected_at) AS since,
             CAST(count(*) + sum(unnamed) AS BIGINT) AS places
         FROM digest_entries
         WHERE digest_id IS NULL
         GROUP BY recipient
         ORDER BY recipient
         LIMIT $1",
    )
    .bind(limit)
    .try_map(|row| collected(&row))
    .fetch_all(c))
}

fn first(row: &impl Columns) -> Result<First, sqlx::Error> {
    Ok(First {
        id: row.read("id")?,
        collected_at: Timestamp::from_millis(row.read("collected_at")?),
        unnamed: row.read("unnamed")?,
    })
}

fn collected(row: &impl Columns) -> Result<Collected, sqlx::Error> {
    Ok(Collected {
        reader: Email::from_stored(row.read("recipient")?),
        places: row.read("places")?,
        since: Timestamp::from_millis(row.read("since")?),
    })
}
