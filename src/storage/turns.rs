//! Turns: what counts before it writes must not count while others write.

use super::backend::{Backend, Tx, patient};
use super::error::StorageError;

/// Waits until no other transaction about this subject is open, and keeps others waiting until this
/// one ends. On SQLite transactions are one after another anyway.
///
/// # Errors
/// When the database fails.
pub async fn take(tx: &mut Tx, subject: &str) -> Result<(), StorageError> {
    match tx.connection() {
        Backend::Sqlite(_) => Ok(()),
        Backend::Postgres(c) => {
            let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
            patient(lock.bind(subject).execute(c)).await.map(drop)
        }
    }
}
