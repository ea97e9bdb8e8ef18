//! Table `logout_notices`: clients that have yet to hear that somebody signed out.
//!
//! Claimed as letters are: a claim moves the next try to the end of the claim, so a sender that
//! disappears gives its notices back by doing nothing.

use uuid::Uuid;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::{Columns, column, ids_as_json, unreadable};
use crate::model::{ClientId, ClientMetadata, Id, SigningAlgorithm, Timestamp, Token, User};

/// Adds a notice, due at once, for every client that was granted something in one of these sessions
/// and wants to hear of their end; a client is told of the end of a session once. Tells how many
/// there are.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    sessions: &[Id<Token>],
    now: Timestamp,
) -> Result<u64, StorageError> {
    const SQLITE: &str = "INSERT INTO logout_notices
             (id, client_id, user_id, sid, created_at, due_at, attempts)
         SELECT randomblob(16), listener.client_id, listener.user_id, listener.sid, $2, $2, 0
         FROM (
             SELECT DISTINCT g.client_id, g.user_id, g.sid
             FROM sessions AS s
             JOIN grants AS g ON g.sid = s.sid
             JOIN clients AS c ON c.id = g.client_id
             WHERE s.token_id IN (SELECT unhex(value) FROM json_each($1))
                 AND c.disabled_at IS NULL
                 AND json_extract(c.metadata, '$.backchannel_logout_uri') IS NOT NULL
         ) AS listener
         WHERE true
         ON CONFLICT (client_id, sid) DO NOTHING";
    const POSTGRES: &str = "INSERT INTO logout_notices
             (id, client_id, user_id, sid, created_at, due_at, attempts)
         SELECT
             gen_random_uuid(), listener.client_id, listener.user_id, listener.sid,
             $2::bigint, $2::bigint, 0
         FROM (
             SELECT DISTINCT g.client_id, g.user_id, g.sid
             FROM sessions AS s
             JOIN grants AS g ON g.sid = s.sid
             JOIN clients AS c ON c.id = g.client_id
             WHERE s.token_id = ANY($1)
                 AND c.disabled_at IS NULL
                 AND c.metadata::jsonb ->> 'backchannel_logout_uri' IS NOT NULL
             ORDER BY g.client_id, g.sid
         ) AS listener
         ON CONFLICT (client_id, sid) DO NOTHING";
    let sessions: Vec<Uuid> = sessions.iter().map(|id| id.uuid()).collect();
    let done = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&sessions));
            patient(query.bind(now.as_millis()).execute(c))
                .await?
                .rows_affected()
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(sessions);
            patient(query.bind(now.as_millis()).execute(c))
                .await?
                .rows_affected()
        }
    };
    Ok(done)
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
    /// Where it is told; `None` when it was disabled, or no longer wants to hear.
    pub uri: Option<String>,
    /// How its tokens are signed.
    pub algorithm: SigningAlgorithm,
    /// Who signed out.
    pub user: Id<User>,
    /// Of which session.
    pub sid: Uuid,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// Since when it waits.
    pub created_at: Timestamp,
}

/// Whether any notice is due. Asked before claiming, so that looking takes nobody's lock.
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

/// Claims up to `limit` notices that are due, until `until`.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    limit: i64,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<ClaimedNotice>, StorageError> {
    // As `outbox::claim`, and for its reasons.
    const SQLITE: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM logout_notices
             WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
             ORDER BY due_at
             LIMIT $2
         )
         UPDATE logout_notices
         SET due_at = $3, claim = $4, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due)
             AND sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
         RETURNING
             id, claim, user_id, sid, attempts, created_at,
             (SELECT c.client_id FROM clients AS c WHERE c.id = logout_notices.client_id)
                 AS name,
             (SELECT c.metadata FROM clients AS c WHERE c.id = logout_notices.client_id)
                 AS metadata,
             (SELECT c.disabled_at FROM clients AS c WHERE c.id = logout_notices.client_id)
                 AS disabled_at";
    const POSTGRES: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM logout_notices
             WHERE sent_at IS NULL AND dead_at IS NULL AND due_at <= $1
             ORDER BY due_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         UPDATE logout_notices AS n
         SET due_at = $3, claim = $4, attempts = n.attempts + 1
         FROM clients AS c
         WHERE n.id IN (SELECT id FROM due)
             AND c.id = n.client_id
             AND n.sent_at IS NULL AND n.dead_at IS NULL AND n.due_at <= $1
         RETURNING
             n.id, n.claim, n.user_id, n.sid, n.attempts, n.created_at,
             c.client_id AS name, c.metadata, c.disabled_at";
    let claim = Id::<ClaimedNotice>::new(now).uuid();
    let (now, until) = (now.as_millis(), until.as_millis());
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(now).bind(limit);
            let query = query.bind(until).bind(claim);
            patient(query.try_map(|row| claimed(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(now).bind(limit);
            let query = query.bind(until).bind(claim);
            patient(query.try_map(|row| claimed(&row)).fetch_all(c)).await
        }
    }
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
        /// What went wrong, for operators; holds no address.
        error: String,
    },
    /// Nobody tries again.
    Dead {
        /// What went wrong, for operators; holds no address.
        error: String,
    },
}

/// Writes down what became of a notice; `false` when the claim has ended and somebody else holds it.
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
         SET sent_at = $3, dead_at = $4, due_at = COALESCE($5, due_at), last_error = $6,
             claim = NULL
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

/// Deletes up to `limit` notices that were sent or given up before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_settled(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM logout_notices
         WHERE id IN (
             SELECT id
             FROM logout_notices
             WHERE (sent_at IS NOT NULL OR dead_at IS NOT NULL)
                 AND COALESCE(sent_at, dead_at) < $1
             ORDER BY COALESCE(sent_at, dead_at)
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many notices were sent or given up before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_settled(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(settled_at) AS oldest
         FROM (
             SELECT COALESCE(sent_at, dead_at) AS settled_at
             FROM logout_notices
             WHERE (sent_at IS NOT NULL OR dead_at IS NOT NULL)
                 AND COALESCE(sent_at, dead_at) < $1
             ORDER BY COALESCE(sent_at, dead_at)
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

fn claimed(row: &impl Columns) -> Result<ClaimedNotice, sqlx::Error> {
    let metadata: ClientMetadata =
        serde_json::from_str(&row.read::<String>("metadata")?).map_err(unreadable)?;
    let disabled: Option<i64> = row.read("disabled_at")?;
    Ok(ClaimedNotice {
        id: row.read("id")?,
        claim: row.read("claim")?,
        client_id: ClientId::from_stored(row.read("name")?),
        uri: metadata
            .backchannel_logout_uri
            .filter(|_| disabled.is_none()),
        algorithm: metadata.id_token_signed_response_alg,
        user: Id::from_uuid(row.read("user_id")?),
        sid: row.read("sid")?,
        attempts: row.read("attempts")?,
        created_at: Timestamp::from_millis(row.read("created_at")?),
    })
}
