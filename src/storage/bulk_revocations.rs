//! Table `bulk_revocations`: everything of an owner, a client or a kind, revoked in batches.
//!
//! Claimed as letters are: a claim moves the next try to the end of the claim, so a worker that
//! disappears gives its work back by doing nothing.

use uuid::Uuid;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::provenance;
use super::rows::{Columns, column, unreadable};
use crate::model::{Actor, Id, RevocationReason, Selection, Timestamp, Token};

/// One of them.
#[derive(Clone, Debug)]
pub struct BulkRevocation {
    /// Which.
    pub id: Id<Self>,
    /// The service key that asked for it; `None` when an operator did.
    pub service_key: Option<Id<Token>>,
    /// Which tokens.
    pub selection: Selection,
    /// Why.
    pub reason: RevocationReason,
    /// Tokens that are made later are spared.
    pub requested_at: Timestamp,
    /// How many tokens were counted then.
    pub counted: i64,
    /// How many tokens have died of it, relatives included.
    pub revoked: i64,
    /// The last token that was looked at.
    pub position: Id<Token>,
    /// When there was nothing left to do.
    pub finished_at: Option<Timestamp>,
}

/// Adds one that is due at once; `false` when there is one with this id.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, new: &BulkRevocation) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO bulk_revocations (
             id, service_key_id, selection, reason, requested_at, counted, revoked, position,
             due_at
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $5)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(new.id.uuid())
    .bind(new.service_key.map(Id::uuid))
    .bind(new.selection.to_stored())
    .bind(new.reason.name())
    .bind(new.requested_at.as_millis())
    .bind(new.counted)
    .bind(new.revoked)
    .bind(new.position.uuid()))?;
    if done == 1 {
        insert_actor(tx, new.id).await?;
    }
    Ok(done == 1)
}

/// Remembers who acts, for when a job does it.
async fn insert_actor(tx: &mut Tx, id: Id<BulkRevocation>) -> Result<(), StorageError> {
    let actor = provenance::actor();
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO bulk_revocation_actors (bulk_revocation_id, actor_kind, actor, request_id)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(id.uuid())
    .bind(actor.kind())
    .bind(actor.name())
    .bind(provenance::request()))
    .map(drop)
}

/// Who ordered it, with the id of the request. Of one that came without a request, its own id stands for
/// that; of one from before this was kept, nothing is known.
///
/// # Errors
/// When the database fails.
pub async fn find_actor(
    tx: &mut Tx,
    id: Id<BulkRevocation>,
) -> Result<Option<(Actor, Uuid)>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT actor_kind, actor, request_id
         FROM bulk_revocation_actors
         WHERE bulk_revocation_id = $1",
    )
    .bind(id.uuid())
    .try_map(|row| actor(&row, id))
    .fetch_optional(c))
}

fn actor(row: &impl Columns, id: Id<BulkRevocation>) -> Result<(Actor, Uuid), sqlx::Error> {
    let kind: String = row.read("actor_kind")?;
    let request: Option<Uuid> = row.read("request_id")?;
    let actor = Actor::from_stored(&kind, row.read("actor")?);
    Ok((actor, request.unwrap_or(id.uuid())))
}

/// The latest `limit` of them, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, limit: i64) -> Result<Vec<BulkRevocation>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             id, service_key_id, selection, reason, requested_at, counted, revoked, position,
             finished_at
         FROM bulk_revocations
         ORDER BY id DESC
         LIMIT $1",
    )
    .bind(limit)
    .try_map(|row| read(&row))
    .fetch_all(c))
}

/// The one with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: Id<BulkRevocation>) -> Result<Option<BulkRevocation>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             id, service_key_id, selection, reason, requested_at, counted, revoked, position,
             finished_at
         FROM bulk_revocations
         WHERE id = $1",
    )
    .bind(id.uuid())
    .try_map(|row| read(&row))
    .fetch_optional(c))
}

/// Whether any is due. Asked before claiming, so that looking takes nobody's lock.
///
/// # Errors
/// When the database fails.
pub async fn is_due(db: &Db, now: Timestamp) -> Result<bool, StorageError> {
    let one = sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM bulk_revocations
         WHERE finished_at IS NULL AND due_at <= $1
         LIMIT 1",
    )
    .bind(now.as_millis())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(one.is_some())
}

/// Claims the one that has waited longest, or `only` one if it is due, until `until`.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    only: Option<Id<BulkRevocation>>,
    claim: Uuid,
    (now, until): (Timestamp, Timestamp),
) -> Result<Option<BulkRevocation>, StorageError> {
    // As `outbox::claim`, and for its reasons.
    const SQLITE: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM bulk_revocations
             WHERE finished_at IS NULL AND due_at <= $1 AND id = COALESCE($4, id)
             ORDER BY due_at
             LIMIT 1
         )
         UPDATE bulk_revocations
         SET due_at = $2, claim = $3
         WHERE id IN (SELECT id FROM due) AND finished_at IS NULL AND due_at <= $1
         RETURNING
             id, service_key_id, selection, reason, requested_at, counted, revoked, position,
             finished_at";
    const POSTGRES: &str = "WITH due AS MATERIALIZED (
             SELECT id
             FROM bulk_revocations
             WHERE finished_at IS NULL AND due_at <= $1 AND id = COALESCE($4, id)
             ORDER BY due_at
             LIMIT 1
             FOR UPDATE SKIP LOCKED
         )
         UPDATE bulk_revocations
         SET due_at = $2, claim = $3
         WHERE id IN (SELECT id FROM due) AND finished_at IS NULL AND due_at <= $1
         RETURNING
             id, service_key_id, selection, reason, requested_at, counted, revoked, position,
             finished_at";
    let (now, until) = (now.as_millis(), until.as_millis());
    let only = only.map(Id::uuid);
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(now).bind(until);
            let query = query.bind(claim).bind(only);
            patient(query.try_map(|row| read(&row)).fetch_optional(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(now).bind(until);
            let query = query.bind(claim).bind(only);
            patient(query.try_map(|row| read(&row)).fetch_optional(c)).await
        }
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The claim that must still hold.
    pub claim: Uuid,
    /// The last token that was looked at.
    pub position: Id<Token>,
    /// How many more tokens have died.
    pub revoked: i64,
    /// When the claim ends now.
    pub until: Timestamp,
    /// When there was nothing left to do.
    pub finished_at: Option<Timestamp>,
}

/// Writes down how far it has come; `false` when the claim has ended and somebody else holds it.
///
/// # Errors
/// When the database fails.
pub async fn advance(
    tx: &mut Tx,
    id: Id<BulkRevocation>,
    progress: &Progress,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE bulk_revocations
         SET position = $3, revoked = revoked + $4, due_at = $5, finished_at = $6
         WHERE id = $1 AND claim = $2 AND finished_at IS NULL",
    )
    .bind(id.uuid())
    .bind(progress.claim)
    .bind(progress.position.uuid())
    .bind(progress.revoked)
    .bind(progress.until.as_millis())
    .bind(progress.finished_at.map(Timestamp::as_millis)))?;
    Ok(done == 1)
}

/// Deletes up to `limit` that were done before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_finished(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM bulk_revocations
         WHERE id IN (
             SELECT id
             FROM bulk_revocations
             WHERE finished_at < $1
             ORDER BY finished_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many were done before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_finished(
    db: &Db,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(finished_at) AS oldest
         FROM (
             SELECT finished_at
             FROM bulk_revocations
             WHERE finished_at < $1
             ORDER BY finished_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

fn read(row: &impl Columns) -> Result<BulkRevocation, sqlx::Error> {
    let service_key: Option<Uuid> = row.read("service_key_id")?;
    let selection: String = row.read("selection")?;
    let finished_at: Option<i64> = row.read("finished_at")?;
    Ok(BulkRevocation {
        id: Id::from_uuid(row.read("id")?),
        service_key: service_key.map(Id::from_uuid),
        selection: Selection::from_stored(&selection).map_err(unreadable)?,
        reason: RevocationReason::from_stored(&row.read::<String>("reason")?),
        requested_at: Timestamp::from_millis(row.read("requested_at")?),
        counted: row.read("counted")?,
        revoked: row.read("revoked")?,
        position: Id::from_uuid(row.read("position")?),
        finished_at: finished_at.map(Timestamp::from_millis),
    })
}
