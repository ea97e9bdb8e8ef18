//! What waits in a stream, and what becomes of it.

use std::collections::HashSet;

use uuid::Uuid;

use crate::model::signal::SignalFacts;
use crate::model::{Email, EventStream, Id, Signal, SignalMessage, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::rows::{Columns, ids_as_json, unreadable};

/// A token that was not taken yet.
#[derive(Clone, Debug)]
pub struct WaitingSignal {
    /// Its `jti`.
    pub id: Id<SignalMessage>,
    /// What it tells of.
    pub signal: Signal,
    /// What happened.
    pub facts: SignalFacts,
    /// The address of whom it is about, as it is now.
    pub email: Option<Email>,
    /// When it happened.
    pub created_at: Timestamp,
    /// How often it was pushed, or sent back.
    pub attempts: i64,
}

/// What waits in a stream. In one that is not enabled, only what tells of that may be sent.
const WAITING: &str = "SELECT m.id, m.type, m.body, m.created_at, m.attempts, u.email
     FROM event_streams AS s
     JOIN event_messages AS m ON m.stream_id = s.id
     LEFT JOIN users AS u ON u.id = m.user_id
     WHERE s.id = $1 AND s.deleted_at IS NULL
         AND m.settled_at IS NULL
         AND (s.status = 'enabled' OR m.type = 'stream-updated')";

/// Up to `limit` tokens that wait in a stream, in the order in which they came about.
///
/// # Errors
/// When the database fails.
pub async fn waiting(
    db: &Db,
    stream: Id<EventStream>,
    limit: i64,
) -> Result<Vec<WaitingSignal>, StorageError> {
    const ORDER: &str = "ORDER BY m.created_at, m.position, m.id";
    list(db, stream, ORDER, limit).await
}

/// Up to `limit` tokens that wait in a stream, for a receiver that polls: in the order in which they came
/// about those of which it said nothing, and only then those that it sent back, the ones that it sent back
/// least often first. However often it sends some back, they keep it from no other. Tells whether there is
/// any that it did not send back.
///
/// # Errors
/// When the database fails.
pub async fn offered(
    db: &Db,
    stream: Id<EventStream>,
    (limit, waits): (i64, bool),
) -> Result<(Vec<WaitingSignal>, bool), StorageError> {
    const NEW: &str = "AND m.error IS NULL ORDER BY m.created_at, m.position, m.id";
    const AGAIN: &str = "AND m.error IS NOT NULL
         ORDER BY m.attempts, m.created_at, m.position, m.id";
    let mut all = list(db, stream, NEW, limit).await?;
    let is_any_new = !all.is_empty();
    let new: HashSet<_> = all.iter().map(|signal| signal.id).collect();
    let room = usize::try_from(limit).unwrap_or_default();
    let room = room.saturating_sub(all.len());
    if room > 0 && (is_any_new || !waits) {
        let again = list(db, stream, AGAIN, limit).await?.into_iter();
        // One that was new may have been sent back since it was looked for.
        all.extend(again.filter(|signal| !new.contains(&signal.id)).take(room));
    }
    Ok((all, is_any_new))
}

async fn list(
    db: &Db,
    stream: Id<EventStream>,
    order: &'static str,
    limit: i64,
) -> Result<Vec<WaitingSignal>, StorageError> {
    let text = format!("{WAITING} {order} LIMIT $2");
    sql!(db.reader(), |c| sqlx::query(sqlx::AssertSqlSafe(
        text.as_str()
    ))
    .bind(stream.uuid())
    .bind(limit)
    .try_map(|row| signal(&row))
    .fetch_all(c))
}

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Taken,
    /// The receiver says that it will never take it.
    Refused,
    /// Nobody tries any more.
    GivenUp,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::GivenUp => "dead",
        }
    }
}

/// Writes down a push, and what became of the token if that is known now.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    tx: &mut Tx,
    message: Id<SignalMessage>,
    outcome: Option<Outcome>,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_messages
         SET attempts = attempts + 1, settled_at = $2, outcome = $3, error = $4
         WHERE id = $1 AND settled_at IS NULL",
    )
    .bind(message.uuid())
    .bind(outcome.map(|_| now.as_millis()))
    .bind(outcome.map(Outcome::name))
    .bind(error))
    .map(drop)
}

/// Writes down what a receiver that polls says of tokens; those that it was never given, or spoke of
/// before, are passed over. Tells how many are settled now.
///
/// # Errors
/// When the database fails.
pub async fn settle_all(
    tx: &mut Tx,
    stream: Id<EventStream>,
    messages: &[Id<SignalMessage>],
    (outcome, error): (Outcome, Option<&str>),
    now: Timestamp,
) -> Result<u64, StorageError> {
    const SQLITE: &str = "UPDATE event_messages
         SET settled_at = $3, outcome = $4, error = $5
         WHERE id IN (SELECT unhex(value) FROM json_each($1))
             AND stream_id = $2 AND settled_at IS NULL";
    const POSTGRES: &str = "UPDATE event_messages
         SET settled_at = $3, outcome = $4, error = $5
         WHERE id = ANY($1) AND stream_id = $2 AND settled_at IS NULL";
    let mut ids: Vec<Uuid> = messages.iter().map(|id| id.uuid()).collect();
    ids.sort_unstable();
    let at = now.as_millis();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE)
                .bind(ids_as_json(&ids))
                .bind(stream.uuid());
            let query = query.bind(at).bind(outcome.name()).bind(error);
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids).bind(stream.uuid());
            let query = query.bind(at).bind(outcome.name()).bind(error);
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
    }
}

/// Writes down why a receiver that polls sends a token back, which goes on waiting; `false` when it was never
/// given it, or is done with it.
///
/// # Errors
/// When the database fails.
pub async fn send_back(
    tx: &mut Tx,
    stream: Id<EventStream>,
    message: Id<SignalMessage>,
    error: &str,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_messages
         SET attempts = attempts + 1, error = $3
         WHERE id = $1 AND stream_id = $2 AND settled_at IS NULL",
    )
    .bind(message.uuid())
    .bind(stream.uuid())
    .bind(error))?;
    Ok(done == 1)
}

fn signal(row: &impl Columns) -> Result<WaitingSignal, sqlx::Error> {
    let kind: String = row.read("type")?;
    let unknown = || sqlx::Error::Decode(format!("there is no signal {kind}").into());
    let body: String = row.read("body")?;
    Ok(WaitingSignal {
        id: Id::from_uuid(row.read("id")?),
        signal: Signal::from_stored(&kind).ok_or_else(unknown)?,
        facts: serde_json::from_str(&body).map_err(unreadable)?,
        email: row.read::<Option<String>>("email")?.map(Email::from_stored),
        created_at: Timestamp::from_millis(row.read("created_at")?),
        attempts: row.read("attempts")?,
    })
}
