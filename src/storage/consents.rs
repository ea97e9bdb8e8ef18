//! Table `consents`.

use super::backend::{Tx, sql};
use super::error::StorageError;
use crate::model::{Client, Id};

/// Forgets what anybody allowed a client.
///
/// # Errors
/// When the database fails.
pub async fn delete_by_client(tx: &mut Tx, client: Id<Client>) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM consents
         WHERE client_id = $1",
    )
    .bind(client.uuid()))
    .map(drop)
}
