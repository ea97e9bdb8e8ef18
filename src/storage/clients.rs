//! Table `clients`.

use uuid::Uuid;

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::rows::{Columns, unreadable};
use crate::model::{
    Client, ClientId, ClientMetadata, ClientStanding, Id, RegisteredClient, Timestamp, User,
};

/// What is stored about a new client.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Which.
    pub id: Id<Client>,
    /// Its public identifier.
    pub client_id: ClientId,
    /// Who registered it.
    pub owner: Option<Id<User>>,
    /// What it says about itself.
    pub metadata: ClientMetadata,
    /// What operators decided about it.
    pub standing: ClientStanding,
    /// From which network address it was registered, when a stranger did.
    pub registered_from: Option<String>,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// Adds a client.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, client: &NewClient) -> Result<(), StorageError> {
    let metadata = encoded(&client.metadata)?;
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO clients (
             id, client_id, name, owner_user_id, created_at, metadata, first_party, require_pkce,
             introspects_all, registered_from
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(client.id.uuid())
    .bind(client.client_id.as_str())
    .bind(client.metadata.client_name.as_str())
    .bind(client.owner.map(Id::uuid))
    .bind(client.created_at.as_millis())
    .bind(metadata.as_str())
    .bind(client.standing.first_party)
    .bind(client.standing.require_pkce)
    .bind(client.standing.introspects_all)
    .bind(client.registered_from.as_deref()))
    .map(drop)
}

/// The client with this identifier, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, client_id: &str) -> Result<Option<RegisteredClient>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             id, client_id, owner_user_id, metadata, first_party, require_pkce, introspects_all,
             created_at, modified_at, disabled_at
         FROM clients
         WHERE client_id = $1 AND deleted_at IS NULL",
    )
    .bind(client_id)
    .try_map(|row| registered(&row))
    .fetch_optional(c))
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
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(client.uuid())
    .bind(disabled_at.map(Timestamp::as_millis)))?;
    Ok(done == 1)
}

fn encoded(metadata: &ClientMetadata) -> Result<String, StorageError> {
    serde_json::to_string(metadata)
        .map_err(|error| StorageError::Unexpected(sqlx::Error::Encode(Box::new(error))))
}

pub(super) fn registered(row: &impl Columns) -> Result<RegisteredClient, sqlx::Error> {
    let time = |column| -> Result<_, sqlx::Error> {
        Ok(row.read::<Option<i64>>(column)?.map(Timestamp::from_millis))
    };
    let metadata: String = row.read("metadata")?;
    Ok(RegisteredClient {
        id: Id::from_uuid(row.read("id")?),
        client_id: ClientId::from_stored(row.read("client_id")?),
        owner: row
            .read::<Option<Uuid>>("owner_user_id")?
            .map(Id::from_uuid),
        metadata: serde_json::from_str(&metadata).map_err(unreadable)?,
        standing: ClientStanding {
            first_party: row.read("first_party")?,
            require_pkce: row.read("require_pkce")?,
            introspects_all: row.read("introspects_all")?,
        },
        created_at: Timestamp::from_millis(row.read("created_at")?),
        modified_at: time("modified_at")?,
        disabled_at: time("disabled_at")?,
    })
}
