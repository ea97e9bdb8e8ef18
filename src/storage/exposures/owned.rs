//! Exposures as those see them whose tokens were seen.

use uuid::Uuid;

use super::{StoredExposure, stored};
use crate::model::{Exposure, Id, Owner, Token};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::rows::{Columns, column};

/// An exposure, and which token it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenWhere {
    /// The record.
    pub exposure: StoredExposure,
    /// The token.
    pub token: Id<Token>,
}

/// Up to `limit` exposures that concern a user or an organization, newest first, behind `after`. What
/// was only observed is not among them: nobody was told.
///
/// # Errors
/// When the database fails.
pub async fn list_by_owner(
    db: &Db,
    owner: Owner,
    after: Option<Id<Exposure>>,
    limit: i64,
) -> Result<Vec<SeenWhere>, StorageError> {
    const OF_USER: &str = "SELECT
             id, token_id, origin, url, source, first_seen_at, state_before, revoked_at, verdict,
             decision, decided_by, scrubbed_at
         FROM exposures
         WHERE user_id = $1 AND id < $2 AND COALESCE(decision, 'revoke') <> 'observe'
         ORDER BY id DESC
         LIMIT $3";
    const OF_ORGANIZATION: &str = "SELECT
             id, token_id, origin, url, source, first_seen_at, state_before, revoked_at, verdict,
             decision, decided_by, scrubbed_at
         FROM exposures
         WHERE organization_id = $1 AND id < $2 AND COALESCE(decision, 'revoke') <> 'observe'
         ORDER BY id DESC
         LIMIT $3";
    let statement = match owner {
        Owner::User(_) => OF_USER,
        Owner::Organization(_) => OF_ORGANIZATION,
    };
    sql!(db.reader(), |c| sqlx::query(statement)
        .bind(owner.uuid())
        .bind(after.map_or(Uuid::max(), Id::uuid))
        .bind(limit)
        .try_map(|row| seen_where(&row))
        .fetch_all(c))
}

/// Whether there is an exposure that an earlier version wrote, without whom it concerns.
///
/// # Errors
/// When the database fails.
pub async fn is_any_unowned(db: &Db) -> Result<bool, StorageError> {
    let found = sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM exposures
         WHERE user_id IS NULL
         ORDER BY id
         LIMIT 1",
    )
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(found.is_some())
}

/// Writes down whom exposures concern that an earlier version wrote, at most `limit` of them, and
/// tells how many that were.
///
/// # Errors
/// When the database fails.
pub async fn assign_owners(tx: &mut Tx, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE exposures
         SET organization_id = (SELECT t.organization_id FROM tokens AS t WHERE t.id = token_id),
             user_id = COALESCE(
                 (
                     SELECT CASE
                         WHEN t.kind IN ('client_secret', 'client_registration_token')
                             THEN (SELECT c.owner_user_id FROM clients AS c WHERE c.id = t.client_id)
                         WHEN t.kind <> 'service_key' THEN t.user_id
                     END
                     FROM tokens AS t
                     WHERE t.id = token_id
                 ),
                 $1
             )
         WHERE id IN (SELECT id FROM exposures WHERE user_id IS NULL ORDER BY id LIMIT $2)",
    )
    .bind(Uuid::nil())
    .bind(limit))
}

fn seen_where(row: &impl Columns) -> Result<SeenWhere, sqlx::Error> {
    Ok(SeenWhere {
        exposure: stored(row)?,
        token: Id::from_uuid(row.read("token_id")?),
    })
}
