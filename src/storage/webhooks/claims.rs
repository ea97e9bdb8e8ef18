//! Claiming messages of one endpoint, and saying what became of them.

use uuid::Uuid;

use super::attempts::{self, Attempt};
use super::moment;
use super::secrets::{self, FormerSecret, SealedSecret};
use crate::model::{Id, Organization, Timestamp, WebhookEndpoint, WebhookMessage, WebhookUrl};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::rows::{Columns, column, unreadable};

/// An endpoint that has something to hear.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Which.
    pub id: Id<WebhookEndpoint>,
    /// Whose tokens it hears of; none hears of all.
    pub organization: Option<Id<Organization>>,
    /// Where it is told.
    pub url: WebhookUrl,
    /// What signs.
    pub secret: SealedSecret,
    /// What signs as well, the latest first.
    pub former: Vec<FormerSecret>,
}

/// Up to `limit` endpoints with messages that are due, whoever waits longest first.
///
/// # Errors
/// When the database fails.
pub async fn list_due(
    db: &Db,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Subscriber>, StorageError> {
    let mut due = sql!(db.reader(), |c| sqlx::query(
        "SELECT e.id, e.organization_id, e.url, e.secret, e.hash_key
         FROM webhook_endpoints AS e
         WHERE e.disabled_at IS NULL
             AND e.deleted_at IS NULL
             AND e.paused_until <= $1
             AND EXISTS (
                 SELECT 1
                 FROM webhook_messages AS m
                 WHERE m.endpoint_id = e.id
                     AND m.delivered_at IS NULL AND m.dead_at IS NULL AND m.due_at <= $1
             )
         ORDER BY e.served_at
         LIMIT $2",
    )
    .bind(now.as_millis())
    .bind(limit)
    .try_map(|row| subscriber(&row))
    .fetch_all(c))?;
    if due.is_empty() {
        return Ok(due);
    }
    let ids: Vec<_> = due.iter().map(|one| one.id).collect();
    for (endpoint, secret) in secrets::list_former(db, &ids, now).await? {
        if let Some(subscriber) = due.iter_mut().find(|one| one.id == endpoint) {
            subscriber.former.push(secret);
        }
    }
    Ok(due)
}

/// A message that one sender holds until its claim ends.
#[derive(Clone, Debug)]
pub struct ClaimedMessage {
    /// Which.
    pub id: Id<WebhookMessage>,
    /// The claim that must still hold when the message is settled.
    pub claim: Uuid,
    /// What is said.
    pub body: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// Since when it is tried.
    pub queued_at: Timestamp,
}

/// Claims up to `limit` messages of an endpoint that are due, until `until`; none when it is not told
/// anything now.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    limit: i64,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<ClaimedMessage>, StorageError> {
    // As `outbox::claim`, and for its reasons.
    const SQLITE: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM webhook_messages
             WHERE endpoint_id = $5
                 AND delivered_at IS NULL AND dead_at IS NULL AND due_at <= $1
             ORDER BY due_at
             LIMIT $2
         )
         UPDATE webhook_messages
         SET due_at = $3, claim = $4, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due)
             AND delivered_at IS NULL AND dead_at IS NULL AND due_at <= $1
         RETURNING id, claim, body, attempts, queued_at";
    const POSTGRES: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM webhook_messages
             WHERE endpoint_id = $5
                 AND delivered_at IS NULL AND dead_at IS NULL AND due_at <= $1
             ORDER BY due_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         UPDATE webhook_messages
         SET due_at = $3, claim = $4, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due)
             AND delivered_at IS NULL AND dead_at IS NULL AND due_at <= $1
         RETURNING id, claim, body, attempts, queued_at";
    let claim = Id::<ClaimedMessage>::new(now).uuid();
    let (at, until) = (now.as_millis(), until.as_millis());
    // The endpoint first, as `pause` and `recover` take it.
    if !serve(tx, endpoint, now).await? {
        return Ok(Vec::new());
    }
    let mut messages = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(at).bind(limit).bind(until);
            let query = query.bind(claim).bind(endpoint.uuid());
            patient(query.try_map(|row| claimed(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(at).bind(limit).bind(until);
            let query = query.bind(claim).bind(endpoint.uuid());
            patient(query.try_map(|row| claimed(&row)).fetch_all(c)).await?
        }
    };
    messages.sort_by_key(|message| message.id);
    Ok(messages)
}

/// Notes that it is an endpoint's turn; `false` when it is not told anything now.
async fn serve(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints
         SET served_at = $2
         WHERE id = $1 AND disabled_at IS NULL AND deleted_at IS NULL AND paused_until <= $2",
    )
    .bind(endpoint.uuid())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Whether an endpoint is told anything now: it is there, enabled and not left alone.
///
/// # Errors
/// When the database fails.
pub async fn is_open(
    db: &Db,
    endpoint: Id<WebhookEndpoint>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let open = sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM webhook_endpoints
         WHERE id = $1 AND disabled_at IS NULL AND deleted_at IS NULL AND paused_until <= $2",
    )
    .bind(endpoint.uuid())
    .bind(now.as_millis())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(open.is_some())
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// It is tried again.
    Retry {
        /// When.
        due_at: Timestamp,
    },
    /// Nobody tries again unless somebody says so.
    Dead,
}

/// Writes down a try and what became of its message; `false` when the claim has ended and somebody
/// else holds it.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    message: &ClaimedMessage,
    (attempt, outcome): (&Attempt, Outcome),
    now: Timestamp,
) -> Result<bool, StorageError> {
    attempts::insert(tx, endpoint, message.id, attempt).await?;
    let (delivered, dead, due) = match outcome {
        Outcome::Delivered => (Some(now), None, None),
        Outcome::Retry { due_at } => (None, None, Some(due_at)),
        Outcome::Dead => (None, Some(now), None),
    };
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_messages
         SET delivered_at = $3, dead_at = $4, due_at = COALESCE($5, due_at), claim = NULL
         WHERE id = $1 AND claim = $2",
    )
    .bind(message.id.uuid())
    .bind(message.claim)
    .bind(delivered.map(Timestamp::as_millis))
    .bind(dead.map(Timestamp::as_millis))
    .bind(due.map(Timestamp::as_millis)))?;
    Ok(done == 1)
}

/// Gives messages that were claimed and not tried back, due at once and no later than younger ones.
///
/// # Errors
/// When the database fails.
pub async fn release(tx: &mut Tx, messages: &[ClaimedMessage]) -> Result<(), StorageError> {
    for message in messages {
        sql!(tx.connection(), execute sqlx::query(
            "UPDATE webhook_messages
             SET due_at = created_at, attempts = attempts - 1, claim = NULL
             WHERE id = $1 AND claim = $2",
        )
        .bind(message.id.uuid())
        .bind(message.claim))?;
    }
    Ok(())
}

/// An endpoint answered as it should: whatever was wrong is over. No try begins before a pause is over, so
/// one that is not began during this try, and stays.
///
/// # Errors
/// When the database fails.
pub async fn recover(tx: &mut Tx, endpoint: Id<WebhookEndpoint>) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints
         SET failing_since = NULL, failures = 0
         WHERE id = $1 AND failing_since IS NOT NULL",
    )
    .bind(endpoint.uuid()))
    .map(drop)
}

/// An endpoint failed: counts it, leaves it alone until then, or longer where that was so already, and
/// tells since when it fails.
///
/// # Errors
/// When the database fails.
pub async fn pause(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    now: Timestamp,
    pause: impl Fn(i64) -> Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    let counted = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE webhook_endpoints
         SET failing_since = COALESCE(failing_since, $2), failures = failures + 1
         WHERE id = $1
         RETURNING failures, failing_since",
    )
    .bind(endpoint.uuid())
    .bind(now.as_millis())
    .try_map(|row| failing(&row))
    .fetch_optional(c))?;
    let Some((failures, since)) = counted else {
        return Ok(None);
    };
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints SET paused_until = $2 WHERE id = $1 AND paused_until < $2",
    )
    .bind(endpoint.uuid())
    .bind(pause(failures).as_millis()))?;
    Ok(since)
}

/// Leaves an endpoint alone no longer.
///
/// # Errors
/// When the database fails.
pub async fn end_pause(tx: &mut Tx, endpoint: Id<WebhookEndpoint>) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE webhook_endpoints SET paused_until = 0 WHERE id = $1 AND paused_until > 0",
    )
    .bind(endpoint.uuid()))
    .map(drop)
}

fn failing(row: &impl Columns) -> Result<(i64, Option<Timestamp>), sqlx::Error> {
    Ok((row.read("failures")?, moment(row, "failing_since")?))
}

fn subscriber(row: &impl Columns) -> Result<Subscriber, sqlx::Error> {
    Ok(Subscriber {
        id: Id::from_uuid(row.read("id")?),
        organization: row
            .read::<Option<Uuid>>("organization_id")?
            .map(Id::from_uuid),
        url: WebhookUrl::from_stored(&row.read::<String>("url")?).map_err(unreadable)?,
        secret: secrets::secret(row)?,
        former: Vec::new(),
    })
}

fn claimed(row: &impl Columns) -> Result<ClaimedMessage, sqlx::Error> {
    Ok(ClaimedMessage {
        id: Id::from_uuid(row.read("id")?),
        claim: row.read("claim")?,
        body: row.read("body")?,
        attempts: row.read("attempts")?,
        queued_at: Timestamp::from_millis(row.read("queued_at")?),
    })
}
