//! Table `clients`.

use super::backend::{Tx, sql};
use super::error::StorageError;
use crate::model::{Client, ClientId, Id, Timestamp, User};

/// What is stored about a new client.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Which.
    pub id: Id<Client>,
    /// Its public identifier.
    pub client_id: ClientId,
    /// Its name.
    pub name: String,
    /// Who registered it.
    pub owner: Option<Id<User>>,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// Adds a client.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, client: &NewClient) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO clients (id, client_id, name, owner_user_id, created_at)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(client.id.uuid())
    .bind(client.client_id.as_str())
    .bind(client.name.as_str())
    .bind(client.owner.map(Id::uuid))
    .bind(client.created_at.as_millis()))
    .map(drop)
}

/// Disables a client (`Some`) or lets it in again (`None`); `false` when there is none.
///
/// # Errors
/// When the database fails.
pub async fn set_disabled(
    tx: &mut Tx,
    client: Id<Client>,
    disabled_at: Option<Timestamp>,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE clients
         SET disabled_at = $2
         WHERE id = $1",
    )
    .bind(client.uuid())
    .bind(disabled_at.map(Timestamp::as_millis)))?;
    Ok(done == 1)
}
