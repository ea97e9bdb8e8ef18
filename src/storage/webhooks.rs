//! Tables `webhook_endpoints`, `former_webhook_secrets`, `webhook_messages` and `webhook_attempts`:
//! machines that are told, what signed before, what they are told, and how each try went.
//!
//! Messages are claimed as letters are, but endpoint by endpoint, so that one that is slow or far
//! behind holds up no other.

use sqlx::Error as SqlError;
use uuid::Uuid;

mod addresses;
mod attempts;
mod claims;
mod enqueue;
mod facts;
mod messages;
mod secrets;

pub use addresses::{count_addresses, forget_addresses};
pub use attempts::{
    Attempt, LoggedAttempt, count_old_attempts, delete_old_attempts, list_attempts,
};
pub use claims::{
    ClaimedMessage, Outcome, Subscriber, claim, end_pause, is_open, list_due, pause, recover,
    release, settle,
};
pub use enqueue::insert_test;
pub(in crate::storage) use enqueue::{enqueue, is_telling};
pub use messages::{
    Depth, NewStart, StoredMessage, begin_anew, count_old, delete_old, depth, forget_places,
    list_messages, replay, replay_since,
};
pub use secrets::{
    OwnedSecret, SealedSecret, count_former, delete_former, list_sealed_otherwise, rotate_secret,
    seal_anew,
};

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::{Columns, column, unreadable};
use crate::model::{EventTypes, Id, Organization, Timestamp, WebhookEndpoint, WebhookUrl};

const PRESENT: &str = "SELECT
         id, organization_id, url, events, created_at, disabled_at, disabled_why, failing_since,
         paused_until
     FROM webhook_endpoints
     WHERE deleted_at IS NULL";

/// Adds an endpoint.
///
/// # Errors
/// When the database fails, or there is no such organization.
pub async fn insert(
    tx: &mut Tx,
    endpoint: &WebhookEndpoint,
    secret: &SealedSecret,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO webhook_endpoints (
             id, organization_id, url, events, secret, hash_key, created_at, failures,
             paused_until, served_at
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0)",
    )
    .bind(endpoint.id.uuid())
    .bind(endpoint.organization.map(Id::uuid))
    .bind(endpoint.url.as_str())
    .bind(endpoint.events.to_string())
    .bind(secret.sealed.as_slice())
    .bind(secret.hash_key.as_str())
    .bind(endpoint.created_at.as_millis()))
    .map(drop)
    .map_err(StorageError::of_reference)
}

/// Whose turn it is among those who add endpoints or change their secrets.
pub const TURN: &str = "webhook endpoints";

/// How many endpoints an organization has, or operators have.
///
/// # Errors
/// When the database fails.
pub async fn count(
    tx: &mut Tx,
    organization: Option<Id<Organization>>,
) -> Result<i64, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT count(*) AS number
         FROM webhook_endpoints
         WHERE deleted_at IS NULL
             AND (organization_id = $1 OR ($1 IS NULL AND organization_id IS NULL))",
    )
    .bind(organization.map(Id::uuid))
    .try_map(|row| column::<i64>(&row, "number"))
    .fetch_one(c))
}

/// Finds an endpoint; of an organization, or whoever has it.
///
/// # Errors
/// When the database fails.
pub async fn find(
    db: &Db,
    organization: Option<Id<Organization>>,
    endpoint: Id<WebhookEndpoint>,
) -> Result<Option<WebhookEndpoint>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(sqlx::AssertSqlSafe(format!(
        "{PRESENT} AND id = $1 AND ($2 IS NULL OR organization_id = $2)"
    )))
    .bind(endpoint.uuid())
    .bind(organization.map(Id::uuid))
    .try_map(|row| read(&row))
    .fetch_optional(c))
}

/// Up to `limit` endpoints behind `after`, oldest first; of an organization, or all.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    organization: Option<Id<Organization>>,
    after: Option<Id<WebhookEndpoint>>,
    limit: i64,
) -> Result<Vec<WebhookEndpoint>, StorageError> {
    let filter = match organization {
        Some(_) => "AND organization_id = $2",
        None => "AND $2 IS NULL",
    };
    let text = format!("{PRESENT} AND id > $1 {filter} ORDER BY id LIMIT $3");
    let after = after.map_or(Uuid::nil(), Id::uuid);
    sql!(db.reader(), |c| sqlx::query(sqlx::AssertSqlSafe(
        text.as_str()
    ))
    .bind(after)
    .bind(organization.map(Id::uuid))
    .bind(limit)
    .try_map(|row| read(&row))
    .fetch_all(c))
}

/// Stops telling an endpoint anything, for this reason; whose it is, unless that was so already. Whoever
/// switches off one that is gone or fails wants nothing kept for it.
///
/// # Errors
/// When the database fails.
pub async fn disable(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    why: &'static str,
    now: Timestamp,
) -> Result<Option<WebhookEndpoint>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "UPDATE webhook_endpoints
         SET disabled_at = $2, disabled_why = $3
         WHERE id = $1 AND deleted_at IS NULL
             AND (disabled_at IS NULL OR ($3 = 'operator' AND disabled_why <> 'operator'))
         RETURNING
             id, organization_id, url, events, created_at, disabled_at, disabled_why,
             failing_since, paused_until",
    )
    .bind(endpoint.uuid())
    .bind(now.as_millis())
    .bind(why)
    .try_map(|row| read(&row))
    .fetch_optional(c))
}

/// Tells an endpoint again, from a clean slate; `false` when there is none.
///
/// # Errors
/// When the database fails.
pub async fn enable(tx: &mut Tx, endpoint: Id<WebhookEndpoint>) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints
         SET disabled_at = NULL, disabled_why = NULL, failing_since = NULL, failures = 0,
             paused_until = 0
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(endpoint.uuid()))?;
    Ok(done == 1)
}

/// Forgets where an endpoint is and what signed for it; `false` when there is none. The row goes with
/// the last of its messages.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints
         SET deleted_at = $2, url = 'https://deleted.invalid/', secret = $3
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(endpoint.uuid())
    .bind(now.as_millis())
    .bind(Vec::<u8>::new()))?;
    // Behind the endpoint, for which a rotation may have been waited.
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM former_webhook_secrets WHERE endpoint_id = $1",
    )
    .bind(endpoint.uuid()))?;
    Ok(done == 1)
}

/// Deletes up to `limit` rows of endpoints that were deleted before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_gone(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM webhook_endpoints
         WHERE id IN (
             SELECT id
             FROM webhook_endpoints
             WHERE deleted_at < $1
             ORDER BY deleted_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many endpoints were deleted before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_gone(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(deleted_at) AS oldest
         FROM (
             SELECT deleted_at
             FROM webhook_endpoints
             WHERE deleted_at < $1
             ORDER BY deleted_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

fn read(row: &impl Columns) -> Result<WebhookEndpoint, SqlError> {
    Ok(WebhookEndpoint {
        id: Id::from_uuid(row.read("id")?),
        organization: row
            .read::<Option<Uuid>>("organization_id")?
            .map(Id::from_uuid),
        url: WebhookUrl::from_stored(&row.read::<String>("url")?).map_err(unreadable)?,
        events: EventTypes::from_stored(&row.read::<String>("events")?),
        created_at: Timestamp::from_millis(row.read("created_at")?),
        disabled_at: moment(row, "disabled_at")?,
        disabled_why: row.read("disabled_why")?,
        failing_since: moment(row, "failing_since")?,
        paused_until: Timestamp::from_millis(row.read("paused_until")?),
    })
}

fn moment(row: &impl Columns, column: &str) -> Result<Option<Timestamp>, SqlError> {
    let millis: Option<i64> = row.read(column)?;
    Ok(millis.map(Timestamp::from_millis))
}
