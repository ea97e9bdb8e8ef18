//! How full the outbox is.

use crate::model::Timestamp;
use crate::storage::StorageError;
use crate::storage::backend::{Db, sql};
use crate::storage::rows::{Columns, column};

/// How full the outbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Letters waiting.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Dead letters.
    pub dead: i64,
}

/// Counts what waits and what is dead.
///
/// # Errors
/// When the database fails.
pub async fn depth(db: &Db) -> Result<Depth, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL) AS waiting,
             (SELECT min(created_at) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL)
                 AS oldest,
             (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL) AS dead",
    )
    .try_map(|row| counted(&row))
    .fetch_one(c))
}

/// Since when the oldest letter waits.
///
/// # Errors
/// When the database fails.
pub async fn oldest_waiting(db: &Db) -> Result<Option<Timestamp>, StorageError> {
    let oldest = sql!(db.reader(), |c| sqlx::query(
        "SELECT min(created_at) AS oldest
         FROM outbox
         WHERE sent_at IS NULL AND dead_at IS NULL",
    )
    .try_map(|row| column::<Option<i64>>(&row, "oldest"))
    .fetch_one(c))?;
    Ok(oldest.map(Timestamp::from_millis))
}

fn counted(row: &impl Columns) -> Result<Depth, sqlx::Error> {
    Ok(Depth {
        waiting: row.read("waiting")?,
        oldest: row
            .read::<Option<i64>>("oldest")?
            .map(Timestamp::from_millis),
        dead: row.read("dead")?,
    })
}
