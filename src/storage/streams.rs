//! Tables `event_streams`, `event_messages` and `event_stream_subjects`: machines that are sent
//! Security Event Tokens, what waits for them, and whom they hear of.
//!
//! A stream is claimed, not its messages, so that what is pushed keeps its order.

use sqlx::Error as SqlError;
use uuid::Uuid;

mod enqueue;
mod facts;
mod headers;
mod pushing;
mod queue;
mod subjects;
mod tending;

pub(in crate::storage) use enqueue::{enqueue, is_telling};
pub use enqueue::{insert_stream_updated, insert_verification};
pub use headers::{HeldStream, SealedHeader, find_held, list_sealed_otherwise, seal_anew};
pub use pushing::{ClaimedStream, claim, list_due, pause, recover, release};
pub use queue::{Outcome, WaitingSignal, offered, send_back, settle, settle_all, waiting};
pub use subjects::{add_exception, count_exceptions, remove_exception};
pub use tending::{
    Depth, Few, count_gone, count_settled, delete_gone, delete_outdated, delete_settled,
    delete_waiting, depth, list_crowded, list_idle, list_orphaned, list_overdue, next_few,
};

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::rows::{Columns, column, unreadable};
use crate::model::signal::RequestedSignals;
use crate::model::stream::{DefaultSubjects, Holder, SetBy, Standing, View};
use crate::model::{
    DeliveryMethod, EventStream, Id, StreamStatus, SubjectFormat, Timestamp, WebhookUrl,
};

const PRESENT: &str = "SELECT
         s.id, s.token_id, s.client_id, s.sees, s.organization_id, s.method, s.endpoint_url,
         s.hash_key, s.requested, s.format, s.description, s.default_subjects, s.status,
         s.status_by, s.reason, s.created_at, s.failing_since, c.client_id AS client_name
     FROM event_streams AS s
     LEFT JOIN clients AS c ON c.id = s.client_id
     WHERE s.deleted_at IS NULL";

/// Whose turn it is to add streams: they are counted before they are added.
pub const TURN: &str = "event streams";

/// Adds a stream.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    stream: &EventStream,
    header: Option<&SealedHeader>,
) -> Result<(), StorageError> {
    let (token, client) = holder_ids(stream.holder);
    let organization = match stream.view {
        View::Organization(id) => Some(id.uuid()),
        View::Everything | View::Client(_) => None,
    };
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO event_streams (
             id, token_id, client_id, sees, organization_id, method, endpoint_url, sealed_header,
             hash_key, requested, format, description, default_subjects, status, status_by,
             created_at, failures, paused_until, claimed_until, served_at
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, 0, 0, 0)",
    )
    .bind(stream.id.uuid())
    .bind(token)
    .bind(client)
    .bind(stream.view.name())
    .bind(organization)
    .bind(stream.delivery.name())
    .bind(endpoint(&stream.delivery))
    .bind(header.map(|header| header.sealed.as_slice()))
    .bind(header.map(|header| header.hash_key.as_str()))
    .bind(stream.requested.to_stored())
    .bind(stream.format.name())
    .bind(stream.description.as_deref())
    .bind(stream.default_subjects.name())
    .bind(stream.standing.status.name())
    .bind(stream.standing.by.name())
    .bind(stream.created_at.as_millis()))
    .map(drop)
}

/// How many streams somebody has.
///
/// # Errors
/// When the database fails.
pub async fn count(tx: &mut Tx, holder: Holder) -> Result<i64, StorageError> {
    let (statement, id) = match holder {
        Holder::Token(id) => (
            "SELECT count(*) AS number FROM event_streams WHERE token_id = $1 AND deleted_at IS NULL",
            id.uuid(),
        ),
        Holder::Client(id) => (
            "SELECT count(*) AS number FROM event_streams WHERE client_id = $1 AND deleted_at IS NULL",
            id.uuid(),
        ),
    };
    sql!(tx.connection(), |c| sqlx::query(statement)
        .bind(id)
        .try_map(|row| column::<i64>(&row, "number"))
        .fetch_one(c))
}

/// Finds a stream.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, stream: Id<EventStream>) -> Result<Option<EventStream>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(sqlx::AssertSqlSafe(format!(
        "{PRESENT} AND s.id = $1"
    )))
    .bind(stream.uuid())
    .try_map(|row| read(&row))
    .fetch_optional(c))
}

/// Finds a stream and keeps others from changing it until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    stream: Id<EventStream>,
) -> Result<Option<EventStream>, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams SET failures = failures WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(stream.uuid()))?;
    find_locked(tx, stream).await
}

/// A stream that nobody else changes until the transaction ends.
async fn find_locked(
    tx: &mut Tx,
    stream: Id<EventStream>,
) -> Result<Option<EventStream>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(sqlx::AssertSqlSafe(
        format!("{PRESENT} AND s.id = $1")
    ))
    .bind(stream.uuid())
    .try_map(|row| read(&row))
    .fetch_optional(c))
}

/// The streams of somebody, oldest first, `limit` at most.
///
/// # Errors
/// When the database fails.
pub async fn list_of(
    db: &Db,
    holder: Holder,
    limit: i64,
) -> Result<Vec<EventStream>, StorageError> {
    let (theirs, id) = match holder {
        Holder::Token(id) => ("s.token_id = $1", id.uuid()),
        Holder::Client(id) => ("s.client_id = $1", id.uuid()),
    };
    let text = format!("{PRESENT} AND {theirs} ORDER BY s.id LIMIT $2");
    sql!(db.reader(), |c| sqlx::query(sqlx::AssertSqlSafe(
        text.as_str()
    ))
    .bind(id)
    .bind(limit)
    .try_map(|row| read(&row))
    .fetch_all(c))
}

/// Up to `limit` streams behind `after`, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    after: Option<Id<EventStream>>,
    limit: i64,
) -> Result<Vec<EventStream>, StorageError> {
    let text = format!("{PRESENT} AND s.id > $1 ORDER BY s.id LIMIT $2");
    sql!(db.reader(), |c| sqlx::query(sqlx::AssertSqlSafe(
        text.as_str()
    ))
    .bind(after.map_or(Uuid::nil(), Id::uuid))
    .bind(limit)
    .try_map(|row| read(&row))
    .fetch_all(c))
}

/// Stores what a receiver decides about a stream that is locked. Without `header` the one that is
/// stored stays, as far as anything is still pushed. Whoever is pushing it stops: the claim ends. What was
/// said of tokens that wait was said of how they came before.
///
/// # Errors
/// When the database fails.
pub async fn update(
    tx: &mut Tx,
    stream: &EventStream,
    header: Option<&SealedHeader>,
) -> Result<(), StorageError> {
    let authorized = matches!(
        stream.delivery,
        DeliveryMethod::Push {
            authorized: true,
            ..
        }
    );
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams
         SET method = $2, endpoint_url = $3, requested = $4, format = $5, description = $6,
             sealed_header = CASE WHEN $7 THEN COALESCE($8, sealed_header) END,
             hash_key = CASE WHEN $7 THEN COALESCE($9, hash_key) END,
             failing_since = NULL, failures = 0, paused_until = 0, claim = NULL, claimed_until = 0
         WHERE id = $1",
    )
    .bind(stream.id.uuid())
    .bind(stream.delivery.name())
    .bind(endpoint(&stream.delivery))
    .bind(stream.requested.to_stored())
    .bind(stream.format.name())
    .bind(stream.description.as_deref())
    .bind(authorized)
    .bind(header.map(|header| header.sealed.as_slice()))
    .bind(header.map(|header| header.hash_key.as_str())))?;
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_messages
         SET error = NULL
         WHERE stream_id = $1 AND settled_at IS NULL AND error IS NOT NULL",
    )
    .bind(stream.id.uuid()))
    .map(drop)
}

/// Gives a stream another status; `false` when there is no such stream. Whoever is pushing it stops.
///
/// # Errors
/// When the database fails.
pub async fn set_standing(
    tx: &mut Tx,
    stream: Id<EventStream>,
    standing: &Standing,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams
         SET status = $2, status_by = $3, reason = $4, failing_since = NULL, failures = 0,
             paused_until = 0, claim = NULL, claimed_until = 0
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(stream.uuid())
    .bind(standing.status.name())
    .bind(standing.by.name())
    .bind(standing.reason.as_deref()))?;
    Ok(done == 1)
}

/// Writes down that a stream was asked to be verified, unless it was after `since`; `false` then.
///
/// # Errors
/// When the database fails.
pub async fn note_verification(
    tx: &mut Tx,
    stream: Id<EventStream>,
    since: Timestamp,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams
         SET verified_at = $3
         WHERE id = $1 AND deleted_at IS NULL AND COALESCE(verified_at, $2) <= $2",
    )
    .bind(stream.uuid())
    .bind(since.as_millis())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Forgets where a stream goes; `false` when there is none. What waits for it is deleted later, and
/// then the row.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    stream: Id<EventStream>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE event_streams
         SET deleted_at = $2, endpoint_url = NULL, sealed_header = NULL, hash_key = NULL,
             description = NULL, reason = NULL, claim = NULL, claimed_until = 0
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(stream.uuid())
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

fn holder_ids(holder: Holder) -> (Option<Uuid>, Option<Uuid>) {
    match holder {
        Holder::Token(id) => (Some(id.uuid()), None),
        Holder::Client(id) => (None, Some(id.uuid())),
    }
}

fn endpoint(delivery: &DeliveryMethod) -> Option<&str> {
    match delivery {
        DeliveryMethod::Push { url, .. } => Some(url.as_str()),
        DeliveryMethod::Poll => None,
    }
}

pub(super) fn read(row: &impl Columns) -> Result<EventStream, SqlError> {
    let token: Option<Uuid> = row.read("token_id")?;
    let client: Option<Uuid> = row.read("client_id")?;
    let holder = match (token, client) {
        (Some(id), _) => Holder::Token(Id::from_uuid(id)),
        (None, client) => Holder::Client(Id::from_uuid(client.unwrap_or_default())),
    };
    let audience = match holder {
        Holder::Token(id) => id.to_string(),
        Holder::Client(_) => row
            .read::<Option<String>>("client_name")?
            .unwrap_or_default(),
    };
    let requested: Option<String> = row.read("requested")?;
    let default_subjects: String = row.read("default_subjects")?;
    Ok(EventStream {
        id: Id::from_uuid(row.read("id")?),
        holder,
        view: view(row, client)?,
        audience,
        delivery: delivery(row)?,
        requested: RequestedSignals::from_stored(requested.as_deref()),
        format: SubjectFormat::from_name(&row.read::<String>("format")?).unwrap_or_default(),
        description: row.read("description")?,
        default_subjects: DefaultSubjects::from_name(&default_subjects)
            .unwrap_or(DefaultSubjects::None),
        standing: standing(row)?,
        created_at: Timestamp::from_millis(row.read("created_at")?),
        failing_since: moment(row, "failing_since")?,
    })
}

/// What is not understood sees least.
fn view(row: &impl Columns, client: Option<Uuid>) -> Result<View, SqlError> {
    let organization: Option<Uuid> = row.read("organization_id")?;
    Ok(match (row.read::<String>("sees")?.as_str(), organization) {
        ("everything", _) => View::Everything,
        ("organization", Some(id)) => View::Organization(Id::from_uuid(id)),
        _ => View::Client(Id::from_uuid(client.unwrap_or_default())),
    })
}

fn delivery(row: &impl Columns) -> Result<DeliveryMethod, SqlError> {
    let url: Option<String> = row.read("endpoint_url")?;
    let authorized = row.read::<Option<String>>("hash_key")?.is_some();
    Ok(match url {
        Some(url) => DeliveryMethod::Push {
            url: WebhookUrl::from_stored(&url).map_err(unreadable)?,
            authorized,
        },
        None => DeliveryMethod::Poll,
    })
}

fn standing(row: &impl Columns) -> Result<Standing, SqlError> {
    let status: String = row.read("status")?;
    Ok(Standing {
        status: StreamStatus::from_name(&status).unwrap_or(StreamStatus::Disabled),
        by: SetBy::from_stored(&row.read::<String>("status_by")?),
        reason: row.read("reason")?,
    })
}

fn moment(row: &impl Columns, column: &str) -> Result<Option<Timestamp>, SqlError> {
    let millis: Option<i64> = row.read(column)?;
    Ok(millis.map(Timestamp::from_millis))
}
