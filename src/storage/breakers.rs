//! Table `breakers`: how much each origin had revoked lately.

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::rows::Columns;
use crate::model::{Origin, Timestamp};

/// What is known of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Which.
    pub origin: Origin,
    /// When its window began.
    pub window_began_at: Timestamp,
    /// How many working tokens it has reported since, for which policy said to revoke them.
    pub revoked: i64,
    /// When it last did.
    pub last_at: Timestamp,
    /// Since when everything of it goes into quarantine.
    pub opened_at: Option<Timestamp>,
}

/// Takes hold of an origin's row, which is made where there is none. Whoever else counts for this
/// origin waits until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, origin: &Origin, now: Timestamp) -> Result<Breaker, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "INSERT INTO breakers (origin, window_began_at, revoked, last_at)
         VALUES ($1, $2, 0, $2)
         ON CONFLICT (origin) DO UPDATE SET revoked = breakers.revoked
         RETURNING origin, window_began_at, revoked, last_at, opened_at",
    )
    .bind(origin.as_str())
    .bind(now.as_millis())
    .try_map(|row| breaker(&row))
    .fetch_one(c))
}

/// Writes down what is known of an origin that is held.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, breaker: &Breaker) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE breakers
         SET window_began_at = $2, revoked = $3, last_at = $4, opened_at = $5
         WHERE origin = $1",
    )
    .bind(breaker.origin.as_str())
    .bind(breaker.window_began_at.as_millis())
    .bind(breaker.revoked)
    .bind(breaker.last_at.as_millis())
    .bind(breaker.opened_at.map(Timestamp::as_millis)))
    .map(drop)
}

/// What is known of every origin that ever had a working token revoked.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db) -> Result<Vec<Breaker>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT origin, window_began_at, revoked, last_at, opened_at
         FROM breakers
         ORDER BY origin",
    )
    .try_map(|row| breaker(&row))
    .fetch_all(c))
}

fn breaker(row: &impl Columns) -> Result<Breaker, sqlx::Error> {
    let time = |name| row.read::<i64>(name).map(Timestamp::from_millis);
    Ok(Breaker {
        origin: Origin::from_stored(row.read("origin")?),
        window_began_at: time("window_began_at")?,
        revoked: row.read("revoked")?,
        last_at: time("last_at")?,
        opened_at: row
            .read::<Option<i64>>("opened_at")?
            .map(Timestamp::from_millis),
    })
}
