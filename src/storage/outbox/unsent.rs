//! Letters that have not been sent, as operators see them.

use serde::Deserialize;
use uuid::Uuid;

use crate::model::{Email, Id, Letter, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Db, sql};
use crate::storage::rows::Columns;

/// A letter as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLetter {
    /// Which.
    pub id: Id<Letter>,
    /// Which kind of letter it is, such as `token_exposed`; none when it cannot be read.
    pub kind: Option<String>,
    /// To whom.
    pub recipient: Email,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// Since when it is dead.
    pub dead_at: Option<Timestamp>,
}

/// Up to `limit` letters that have not been sent, dead ones included, oldest first: those behind `after`,
/// or from the oldest on.
///
/// # Errors
/// When the database fails.
pub async fn list_unsent(
    db: &Db,
    after: Option<Id<Letter>>,
    limit: i64,
) -> Result<Vec<ListedLetter>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, letter, recipient, created_at, due_at, attempts, last_error, dead_at
         FROM outbox
         WHERE sent_at IS NULL AND id > $1
         ORDER BY id
         LIMIT $2",
    )
    .bind(after.map_or(Uuid::nil(), Id::uuid))
    .bind(limit)
    .try_map(|row| listed(&row))
    .fetch_all(c))
}

/// One letter that has not been sent.
///
/// # Errors
/// When the database fails.
pub async fn find_unsent(
    db: &Db,
    letter: Id<Letter>,
) -> Result<Option<ListedLetter>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, letter, recipient, created_at, due_at, attempts, last_error, dead_at
         FROM outbox
         WHERE sent_at IS NULL AND id = $1",
    )
    .bind(letter.uuid())
    .try_map(|row| listed(&row))
    .fetch_optional(c))
}

fn listed(row: &impl Columns) -> Result<ListedLetter, sqlx::Error> {
    Ok(ListedLetter {
        id: Id::from_uuid(row.read("id")?),
        kind: kind(&row.read::<String>("letter")?),
        recipient: Email::from_stored(row.read("recipient")?),
        created_at: Timestamp::from_millis(row.read("created_at")?),
        due_at: Timestamp::from_millis(row.read("due_at")?),
        attempts: row.read("attempts")?,
        last_error: row.read("last_error")?,
        dead_at: row
            .read::<Option<i64>>("dead_at")?
            .map(Timestamp::from_millis),
    })
}

/// What a stored letter says that it is. What it tells is not read: it may be of another version.
fn kind(stored: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Tagged {
        letter: String,
    }
    let tagged: Option<Tagged> = serde_json::from_str(stored).ok();
    tagged.map(|tagged| tagged.letter)
}
