//! Table `logout_notices`: clients that have yet to hear that somebody signed out.
//!
//! Claimed as letters are: a claim moves the next try to the end of the claim, so a sender that
//! disappears gives its notices back by doing nothing.

use uuid::Uuid;

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::rows::{Columns, column, unreadable};
use crate::model::{Client, ClientId, ClientMetadata, Id, Timestamp, User};

/// A client that has tokens from a session.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Which.
    pub client: Id<Client>,
    /// Whose session.
    pub user: Id<User>,
    /// What the client registered.
    pub metadata: ClientMetadata,
}

/// Every client that was granted something in a session.
///
/// # Errors
/// When the database fails.
pub async fn list_listeners(tx: &mut Tx, sid: Uuid) -> Result<Vec<Listener>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT DISTINCT g.client_id, g.user_id, c.metadata
         FROM grants AS g
         JOIN clients AS c ON c.id = g.client_id
         WHERE g.sid = $1 AND c.disabled_at IS NULL",
    )
    .bind(sid)
    .try_map(|row| listener(&row))
    .fetch_all(c))
}

/// Adds a notice, due at once; a client is told of the end of a session once.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    listener: &Listener,
    sid: Uuid,
    now: Timestamp,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO logout_notices (id, client_id, user_id, sid, created_at, due_at, attempts)
         VALUES ($1, $2, $3, $4, $5, $5, 0)
         ON CONFLICT (client_id, sid) DO NOTHING",
    )
    .bind(Id::<Listener>::new(now).uuid())
    .bind(listener.client.uuid())
    .bind(listener.user.uuid())
    .bind(sid)
    .bind(now.as_millis()))
    .map(drop)
}

/// A notice that one sender holds until its claim ends.
#[derive(Clone, Debug)]
pub struct ClaimedNotice {
    /// Which.
    pub id: Uuid,
    /// The claim that must still hold when the notice is settled.
    pub claim: Uuid,
    /// The client, by its public identifier.
    pub client_id: ClientId,
    /// What the client registered.
    pub metadata: ClientMetadata,
    /// Who signed out.
    pub user: Id<User>,
    /// Of which session.
    pub sid: Uuid,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// Since when it waits.
    pub created_at: Timestamp,
}

/// Whether any notice is due.
///
/// # Errors
/// When the database fails.
pub async fn is_due(db: &Db, now: Timestamp) -> Result<bool, StorageError> {
    let one = sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM logout_notices
         WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
         LIMIT 1",
    )
    .bind(now.as_millis())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(one.is_some())
}

/// Claims the notice that is due longest, until `until`.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    claim: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<ClaimedNotice>, StorageError> {
    let claimed = sql!(tx.connection(), execute sqlx::query(
        "UPDATE logout_notices
         SET due_at = $3, claim = $2, attempts = attempts + 1
         WHERE id = (
                 SELECT id
                 FROM logout_notices
                 WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
                 ORDER BY due_at, id
                 LIMIT 1
             )
             AND sent_at IS NULL
             AND dead_at IS NULL
             AND due_at <= $1",
    )
    .bind(now.as_millis())
    .bind(claim)
    .bind(until.as_millis()))?;
    if claimed == 0 {
        return Ok(None);
    }
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT
             n.id, n.claim, c.client_id, c.metadata, n.user_id, n.sid, n.attempts, n.created_at
         FROM logout_notices AS n
         JOIN clients AS c ON c.id = n.client_id
         WHERE n.claim = $1",
    )
    .bind(claim)
    .try_map(|row| claimed_notice(&row))
    .fetch_optional(c))
}

/// What became of a notice.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The client has it.
    Sent,
    /// It is tried again.
    Retry {
        /// When.
        due_at: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// Nobody tries again.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// Settles a notice; `false` when the claim has ended.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    tx: &mut Tx,
    notice: &ClaimedNotice,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let (sent, dead, due, error) = match outcome {
        Outcome::Sent => (Some(now), None, None, None),
        Outcome::Retry { due_at, error } => (None, None, Some(*due_at), Some(error)),
        Outcome::Dead { error } => (None, Some(now), None, Some(error)),
    };
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE logout_notices
         SET sent_at = $3, dead_at = $4, due_at = COALESCE($5, due_at), last_error = $6, claim = NULL
         WHERE id = $1 AND claim = $2",
    )
    .bind(notice.id)
    .bind(notice.claim)
    .bind(sent.map(Timestamp::as_millis))
    .bind(dead.map(Timestamp::as_millis))
    .bind(due.map(Timestamp::as_millis))
    .bind(error.map(String::as_str)))?;
    Ok(done == 1)
}

fn metadata(row: &impl Columns) -> Result<ClientMetadata, sqlx::Error> {
    serde_json::from_str(&row.read::<String>("metadata")?).map_err(unreadable)
}

fn listener(row: &impl Columns) -> Result<Listener, sqlx::Error> {
    Ok(Listener {
        client: Id::from_uuid(row.read("client_id")?),
        user: Id::from_uuid(row.read("user_id")?),
        metadata: metadata(row)?,
    })
}

fn claimed_notice(row: &impl Columns) -> Result<ClaimedNotice, sqlx::Error> {
    Ok(ClaimedNotice {
        id: row.read("id")?,
        claim: row.read("claim")?,
        client_id: ClientId::from_stored(row.read("client_id")?),
        metadata: metadata(row)?,
        user: Id::from_uuid(row.read("user_id")?),
        sid: row.read("sid")?,
        attempts: row.read("attempts")?,
        created_at: Timestamp::from_millis(row.read("created_at")?),
    })
}
