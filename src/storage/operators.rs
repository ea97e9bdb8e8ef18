//! Table `operators`: people who may operate the service from its pages.

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::rows::column;
use crate::model::{Id, Timestamp, User};

/// Since when a user has the role; `None` when they have it not.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, user: Id<User>) -> Result<Option<Timestamp>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT since
         FROM operators
         WHERE user_id = $1",
    )
    .bind(user.uuid())
    .try_map(|row| column(&row, "since").map(Timestamp::from_millis))
    .fetch_optional(c))
}

/// Gives a user the role; `false` when they have it already.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, user: Id<User>, now: Timestamp) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO operators (user_id, since)
         VALUES ($1, $2)
         ON CONFLICT (user_id) DO NOTHING",
    )
    .bind(user.uuid())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Takes the role away; `false` when the user has it not.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, user: Id<User>) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM operators
         WHERE user_id = $1",
    )
    .bind(user.uuid()))?;
    Ok(done == 1)
}
