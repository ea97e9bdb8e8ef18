//! The clock of the database server, which all replicas have in common.

use super::backend::{Backend, Db, patient};
use super::error::StorageError;
use super::rows::column;
use crate::model::Timestamp;

/// What time it is on the server; the embedded engine has no clock of its own.
///
/// # Errors
/// When the database fails.
pub async fn now(db: &Db) -> Result<Option<Timestamp>, StorageError> {
    match db.reader() {
        Backend::Sqlite(_) => Ok(None),
        Backend::Postgres(c) => {
            let now = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now";
            let query = sqlx::query(now).try_map(|row| column(&row, "now"));
            let millis = patient(query.fetch_one(c)).await?;
            Ok(Some(Timestamp::from_millis(millis)))
        }
    }
}
