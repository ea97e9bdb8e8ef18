//! Table `clients`.

use std::sync::LazyLock;

use uuid::Uuid;

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::{Columns, column, unreadable};
use crate::model::{
    Client, ClientId, ClientMetadata, ClientStanding, Email, Id, RegisteredClient, Timestamp, User,
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
    /// From which network address it was registered, when it was over the network.
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

/// The columns of a [`RegisteredClient`].
const SELECT: &str = "SELECT
         id, client_id, owner_user_id, metadata, first_party, require_pkce, introspects_all,
         created_at, modified_at, disabled_at
     FROM clients";

fn with(rest: &str) -> String {
    format!("{SELECT} {rest}")
}

/// The client with this identifier, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, client_id: &str) -> Result<Option<RegisteredClient>, StorageError> {
    static STATEMENT: LazyLock<String> =
        LazyLock::new(|| with("WHERE client_id = $1 AND deleted_at IS NULL"));
    // PostgreSQL refuses texts with this character, and no identifier has it.
    if client_id.contains('\0') {
        return Ok(None);
    }
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(client_id)
        .try_map(|row| registered(&row))
        .fetch_optional(c))
}

/// Up to `limit` clients behind `after`, in the order they were registered.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    after: Option<Id<Client>>,
    limit: i64,
) -> Result<Vec<RegisteredClient>, StorageError> {
    static STATEMENT: LazyLock<String> =
        LazyLock::new(|| with("WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2"));
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(after.map_or(Uuid::nil(), Id::uuid))
        .bind(limit)
        .try_map(|row| registered(&row))
        .fetch_all(c))
}

/// Up to `limit` clients of a user behind the first `offset`, in the order they were registered.
///
/// # Errors
/// When the database fails.
pub async fn list_by_owner(
    db: &Db,
    owner: Id<User>,
    offset: i64,
    limit: i64,
) -> Result<Vec<RegisteredClient>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        with(
            "WHERE owner_user_id = $1 AND deleted_at IS NULL
             ORDER BY id
             LIMIT $3 OFFSET $2",
        )
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(owner.uuid())
        .bind(offset)
        .bind(limit)
        .try_map(|row| registered(&row))
        .fetch_all(c))
}

/// The address of whoever owns a client; none when nobody does.
///
/// # Errors
/// When the database fails.
pub async fn find_owner_email(
    tx: &mut Tx,
    client: Id<Client>,
) -> Result<Option<Email>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT u.email
         FROM clients AS c
         JOIN users AS u ON u.id = c.owner_user_id
         WHERE c.id = $1",
    )
    .bind(client.uuid())
    .try_map(|row| column(&row, "email").map(Email::from_stored))
    .fetch_optional(c))
}

/// How many clients a user has.
///
/// # Errors
/// When the database fails.
pub async fn count_by_owner(db: &Db, owner: Id<User>) -> Result<i64, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS clients
         FROM clients
         WHERE owner_user_id = $1 AND deleted_at IS NULL",
    )
    .bind(owner.uuid())
    .try_map(|row| column(&row, "clients"))
    .fetch_one(c))
}

/// How many clients a user has, while nobody else counts them.
///
/// # Errors
/// When the database fails.
pub async fn count_owned(tx: &mut Tx, owner: Id<User>) -> Result<i64, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT count(*) AS clients
         FROM clients
         WHERE owner_user_id = $1 AND deleted_at IS NULL",
    )
    .bind(owner.uuid())
    .try_map(|row| column(&row, "clients"))
    .fetch_one(c))
}

/// When clients were registered from this network address since `since`, oldest first; also those
/// that were deleted.
///
/// # Errors
/// When the database fails.
pub async fn list_by_address(
    tx: &mut Tx,
    address: &str,
    since: Timestamp,
) -> Result<Vec<Timestamp>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT created_at
         FROM clients
         WHERE registered_from = $1 AND created_at > $2
         ORDER BY created_at",
    )
    .bind(address)
    .bind(since.as_millis())
    .try_map(|row| column::<i64>(&row, "created_at").map(Timestamp::from_millis))
    .fetch_all(c))
}

/// Replaces what a client says about itself; `false` when it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn replace(
    tx: &mut Tx,
    client: Id<Client>,
    metadata: &ClientMetadata,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let encoded = encoded(metadata)?;
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE clients
         SET metadata = $2, name = $3, modified_at = $4
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(client.uuid())
    .bind(encoded.as_str())
    .bind(metadata.client_name.as_str())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Replaces what operators decided about a client; `false` when it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn set_standing(
    tx: &mut Tx,
    client: Id<Client>,
    standing: ClientStanding,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE clients
         SET first_party = $2, require_pkce = $3, introspects_all = $4, modified_at = $5
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(client.uuid())
    .bind(standing.first_party)
    .bind(standing.require_pkce)
    .bind(standing.introspects_all)
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Whether there is, or was, a client with this id.
///
/// # Errors
/// When the database fails.
pub async fn is_taken(tx: &mut Tx, client: Id<Client>) -> Result<bool, StorageError> {
    let found = sql!(tx.connection(), |c| sqlx::query(
        "SELECT client_id
         FROM clients
         WHERE id = $1",
    )
    .bind(client.uuid())
    .try_map(|row| column::<String>(&row, "client_id"))
    .fetch_optional(c))?;
    Ok(found.is_some())
}

/// Notes that a client is being changed, and lets nobody else change it until the transaction
/// ends; `false` when it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn touch(tx: &mut Tx, client: Id<Client>, now: Timestamp) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE clients
         SET modified_at = $2
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(client.uuid())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Forgets up to `limit` network addresses from which clients were registered before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn forget_addresses(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE clients
         SET registered_from = NULL
         WHERE id IN (
             SELECT id
             FROM clients
             WHERE registered_from IS NOT NULL AND created_at < $1
             ORDER BY created_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many addresses [`forget_addresses`] would forget, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_addresses(
    db: &Db,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(created_at) AS oldest
         FROM (
             SELECT created_at
             FROM clients
             WHERE registered_from IS NOT NULL AND created_at < $1
             ORDER BY created_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

/// Marks a client as deleted, and as disabled for every lookup of a token; `false` when it was
/// deleted before. Of what it said about itself, the name stays, which lists of what it was issued show.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, client: Id<Client>, now: Timestamp) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE clients
         SET deleted_at = $2, disabled_at = COALESCE(disabled_at, $2), metadata = '{}'
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(client.uuid())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Disables a client (`Some`) or lets it in again (`None`); `false` when there is none. What is
/// disabled already stays disabled since then.
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
         SET disabled_at = CASE WHEN $3 THEN COALESCE(disabled_at, $2) END
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(client.uuid())
    .bind(disabled_at.map(Timestamp::as_millis))
    .bind(disabled_at.is_some()))?;
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
