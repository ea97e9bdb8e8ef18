//! Table `outbox`: letters waiting to be sent. A letter is waiting, sent or dead.
//!
//! Whoever sends claims first: a claim moves the letter's next try to the end of the claim, so a
//! sender that disappears gives its letters back by doing nothing.

use serde_json::json;
use uuid::Uuid;

mod depth;
mod ended;
mod places;
mod unsent;

pub use depth::{Depth, depth, oldest_waiting};
pub use ended::{count_dead, count_sent, delete_dead, delete_sent};
pub use places::forget_places;
pub use unsent::{ListedLetter, find_unsent, list_unsent};

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, column, hex_of};
use crate::model::{Email, Exposure, Id, Letter, Timestamp};

/// A letter as it is put into the outbox.
#[derive(Clone, Debug)]
pub struct NewLetter {
    /// Which.
    pub id: Id<Letter>,
    /// The exposure it tells of; each recipient is told of it once.
    pub exposure: Option<Id<Exposure>>,
    /// To whom.
    pub recipient: Email,
    /// What.
    pub letter: Letter,
}

/// Puts letters into the outbox, due at once.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    letters: &[NewLetter],
    priority: i64,
    now: Timestamp,
) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO outbox (
             priority, created_at, due_at, attempts, id, exposure_id, recipient, letter
         )
         SELECT
             $2, $3, $3, 0,
             unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3
         FROM json_each($1)
         WHERE true
         ON CONFLICT DO NOTHING";
    const POSTGRES: &str = "INSERT INTO outbox (
             priority, created_at, due_at, attempts, id, exposure_id, recipient, letter
         )
         SELECT $1, $2, $2, 0, l.*
         FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS l
         ON CONFLICT DO NOTHING";
    let texts = texts(letters)?;
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = letters
                .iter()
                .zip(&texts)
                .map(|(new, text)| {
                    let exposure = new.exposure.map(|id| hex_of(id.uuid()));
                    json!([hex_of(new.id.uuid()), exposure, new.recipient, text])
                })
                .collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.bind(priority).bind(now.as_millis()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let ids: Vec<Uuid> = letters.iter().map(|new| new.id.uuid()).collect();
            let exposures: Vec<Option<Uuid>> = letters
                .iter()
                .map(|new| new.exposure.map(Id::uuid))
                .collect();
            let recipients: Vec<&str> = letters.iter().map(|new| new.recipient.as_str()).collect();
            let query = sqlx::query(POSTGRES).bind(priority).bind(now.as_millis());
            let query = query.bind(ids).bind(exposures).bind(recipients).bind(texts);
            patient(query.execute(c)).await?;
        }
    }
    Ok(())
}

/// The letters as they are stored.
pub(super) fn texts(letters: &[NewLetter]) -> Result<Vec<String>, StorageError> {
    let text = |letter: &NewLetter| serde_json::to_string(&letter.letter).map_err(encoding);
    letters.iter().map(text).collect()
}

fn encoding(error: serde_json::Error) -> StorageError {
    StorageError::Unexpected(sqlx::Error::Encode(Box::new(error)))
}

/// A letter that one sender holds until its claim ends.
#[derive(Clone, Debug)]
pub struct ClaimedLetter {
    /// Which.
    pub id: Id<Letter>,
    /// The claim that must still hold when the letter is settled.
    pub claim: Uuid,
    /// To whom.
    pub recipient: Email,
    /// What; `None` when this version cannot read it, because a newer one wrote it.
    pub letter: Option<Letter>,
    /// Lower leaves first.
    pub priority: i64,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// Since when it waits.
    pub created_at: Timestamp,
}

/// Whether any letter is due. Asked before claiming, so that looking takes nobody's lock.
///
/// # Errors
/// When the database fails.
pub async fn is_due(db: &Db, now: Timestamp) -> Result<bool, StorageError> {
    let one = sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM outbox
         WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
         LIMIT 1",
    )
    .bind(now.as_millis())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(one.is_some())
}

/// Claims up to `limit` letters that are due, until `until`.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    limit: i64,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<ClaimedLetter>, StorageError> {
    // The due test stands outside the CTE as well: on PostgreSQL a row may have been settled
    // between the moment it was picked and the moment its lock was had.
    const SQLITE: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM outbox
             WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
             ORDER BY priority, due_at
             LIMIT $2
         )
         UPDATE outbox
         SET due_at = $3, claim = $4, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due)
             AND sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
         RETURNING id, claim, recipient, letter, priority, attempts, created_at";
    const POSTGRES: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM outbox
             WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
             ORDER BY priority, due_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         UPDATE outbox
         SET due_at = $3, claim = $4, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due)
             AND sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
         RETURNING id, claim, recipient, letter, priority, attempts, created_at";
    let claim = Id::<ClaimedLetter>::new(now).uuid();
    let (now, until) = (now.as_millis(), until.as_millis());
    let mut letters = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE)
                .bind(now)
                .bind(limit)
                .bind(until)
                .bind(claim);
            patient(query.try_map(|row| claimed(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES)
                .bind(now)
                .bind(limit)
                .bind(until)
                .bind(claim);
            patient(query.try_map(|row| claimed(&row)).fetch_all(c)).await?
        }
    };
    // RETURNING promises no order; letters of one priority leave in the order they were written.
    letters.sort_by_key(|letter| (letter.priority, letter.id));
    Ok(letters)
}

/// What became of a claimed letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The server took it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// Try again later.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Why, for operators; holds no address.
        error: String,
    },
    /// It will not be tried again unless an operator says so.
    Dead {
        /// Since when.
        at: Timestamp,
        /// Why, for operators; holds no address.
        error: String,
    },
}

/// Writes down what became of a letter; `false` when the claim had ended and somebody else holds
/// the letter now. What the server said is not kept when the place was forgotten while the letter was with
/// it: it may be the place.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    tx: &mut Tx,
    letter: &ClaimedLetter,
    settlement: &Settlement,
) -> Result<bool, StorageError> {
    let (sent_at, dead_at, due_at, error) = match settlement {
        Settlement::Sent { at } => (Some(*at), None, None, None),
        Settlement::Retry { due_at, error } => (None, None, Some(*due_at), Some(error)),
        Settlement::Dead { at, error } => (None, Some(*at), None, Some(error)),
    };
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE outbox
         SET sent_at = $3,
             dead_at = $4,
             closed_at = COALESCE(closed_at, $3, $4),
             due_at = COALESCE($5, due_at),
             last_error = CASE
                 WHEN EXISTS (
                     SELECT 1
                     FROM exposures AS e
                     WHERE e.id = outbox.exposure_id AND e.scrubbed_at IS NOT NULL
                 ) OR EXISTS (
                     SELECT 1
                     FROM digest_entries AS d
                     JOIN exposures AS e ON e.id = d.exposure_id
                     WHERE d.digest_id = outbox.id AND e.scrubbed_at IS NOT NULL
                 ) THEN NULL
                 ELSE COALESCE($6, last_error)
             END,
             claim = NULL
         WHERE id = $1 AND claim = $2",
    )
    .bind(letter.id.uuid())
    .bind(letter.claim)
    .bind(sent_at.map(Timestamp::as_millis))
    .bind(dead_at.map(Timestamp::as_millis))
    .bind(due_at.map(Timestamp::as_millis))
    .bind(error))?;
    Ok(done == 1)
}

/// Gives claimed letters back as if they had not been tried; `error` tells operators why.
///
/// # Errors
/// When the database fails.
pub async fn release(
    tx: &mut Tx,
    claim: Uuid,
    due_at: Timestamp,
    error: Option<&str>,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE outbox
         SET due_at = $2,
             attempts = attempts - 1,
             claim = NULL,
             last_error = COALESCE($3, last_error)
         WHERE claim = $1 AND sent_at IS NULL AND dead_at IS NULL",
    )
    .bind(claim)
    .bind(due_at.as_millis())
    .bind(error))
    .map(drop)
}

/// Brings dead letters back, due at once: one of them, or all. Tells how many.
///
/// # Errors
/// When the database fails.
pub async fn requeue(
    tx: &mut Tx,
    letter: Option<Id<Letter>>,
    now: Timestamp,
) -> Result<usize, StorageError> {
    let back = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE outbox
         SET dead_at = NULL, due_at = $2, attempts = 0
         WHERE dead_at IS NOT NULL AND id = COALESCE($1, id)
         RETURNING id",
    )
    .bind(letter.map(Id::uuid))
    .bind(now.as_millis())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_all(c))?;
    Ok(back.len())
}

fn claimed(row: &impl Columns) -> Result<ClaimedLetter, sqlx::Error> {
    Ok(ClaimedLetter {
        id: Id::from_uuid(row.read("id")?),
        claim: row.read("claim")?,
        recipient: Email::from_stored(row.read("recipient")?),
        // One letter that cannot be read must not keep the others.
        letter: serde_json::from_str(&row.read::<String>("letter")?).ok(),
        priority: row.read("priority")?,
        attempts: row.read("attempts")?,
        created_at: Timestamp::from_millis(row.read("created_at")?),
    })
}
