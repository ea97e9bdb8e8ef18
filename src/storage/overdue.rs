//! Counting what is over, no further than is worth knowing.

use super::backend::{Db, sql};
use super::error::StorageError;
use super::rows::Columns;
use crate::model::Timestamp;

/// Rows that were over before a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// How many, up to the most that were counted.
    pub number: i64,
    /// Since when the oldest is over.
    pub oldest: Option<Timestamp>,
}

impl Overdue {
    /// These and others, `most` at most.
    #[must_use]
    pub fn and(self, other: Self, most: i64) -> Self {
        let oldest = [self.oldest, other.oldest].into_iter().flatten().min();
        Self {
            number: self.number.saturating_add(other.number).min(most),
            oldest,
        }
    }
}

/// Counts the rows of a statement that takes the moment and the most rows, and returns the `number`
/// and the `oldest` of what it found.
pub(super) async fn count(
    db: &Db,
    statement: &'static str,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    sql!(db.reader(), |c| sqlx::query(statement)
        .bind(before.as_millis())
        .bind(most)
        .try_map(|row| overdue(&row))
        .fetch_one(c))
}

pub(super) fn overdue(row: &impl Columns) -> Result<Overdue, sqlx::Error> {
    Ok(Overdue {
        number: row.read("number")?,
        oldest: row
            .read::<Option<i64>>("oldest")?
            .map(Timestamp::from_millis),
    })
}
