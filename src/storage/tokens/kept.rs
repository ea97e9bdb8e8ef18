//! Personal and organization access tokens as their owners keep them: those that work, may work again
//! or ended not long ago.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::known::{known, time, with};
use crate::model::{
    Id, KnownToken, Owner, PageWindow, Revocation, RevocationReason, ScopeSet, Timestamp, Token,
};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::rows::{Columns, column};

/// What a user keeps; an index holds just these.
const OF_USER: &str = "t.user_id = $1 AND t.kind = 'personal_access_token'";
const OF_ORGANIZATION: &str = "t.organization_id = $1 AND t.kind = 'organization_access_token'";

/// What works, and what an operator may let work again.
const STANDING: &str = "(
        COALESCE(t.revoked_at, t.expires_at) IS NULL
        OR COALESCE(t.revoked_at, t.expires_at) > $2
        OR t.revoked_reason IN ('quarantined', 'relative_quarantined')
    )";

const fn kept_by(owner: Owner) -> &'static str {
    match owner {
        Owner::User(_) => OF_USER,
        Owner::Organization(_) => OF_ORGANIZATION,
    }
}

/// Only texts of this file go in, so there is nothing to inject.
fn safe(text: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(text)
}

/// One page of what an owner keeps and did not end, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_standing(
    db: &Db,
    owner: Owner,
    now: Timestamp,
    window: PageWindow,
) -> Result<Vec<KnownToken>, StorageError> {
    let whose = kept_by(owner);
    let statement = with(&format!(
        "WHERE {whose} AND {STANDING} ORDER BY t.id DESC LIMIT $3 OFFSET $4"
    ));
    sql!(db.reader(), |c| sqlx::query(safe(statement))
        .bind(owner.uuid())
        .bind(now.as_millis())
        .bind(i64::from(window.limit))
        .bind(window.offset())
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// How many there are.
///
/// # Errors
/// When the database fails.
pub async fn count_standing(db: &Db, owner: Owner, now: Timestamp) -> Result<i64, StorageError> {
    let whose = kept_by(owner);
    let statement =
        format!("SELECT count(*) AS total FROM tokens AS t WHERE {whose} AND {STANDING}");
    sql!(db.reader(), |c| sqlx::query(safe(statement))
        .bind(owner.uuid())
        .bind(now.as_millis())
        .try_map(|row| column(&row, "total"))
        .fetch_one(c))
}

/// Up to `limit` tokens of an owner that ended for good after `since`, the latest end first.
///
/// # Errors
/// When the database fails.
pub async fn list_ended(
    db: &Db,
    owner: Owner,
    since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KnownToken>, StorageError> {
    let whose = kept_by(owner);
    let statement = with(&format!(
        "WHERE {whose}
             AND COALESCE(t.revoked_at, t.expires_at) > $2
             AND COALESCE(t.revoked_at, t.expires_at) <= $3
             AND COALESCE(t.revoked_reason, '') NOT IN ('quarantined', 'relative_quarantined')
         ORDER BY COALESCE(t.revoked_at, t.expires_at) DESC, t.id DESC
         LIMIT $4"
    ));
    sql!(db.reader(), |c| sqlx::query(safe(statement))
        .bind(owner.uuid())
        .bind(since.as_millis())
        .bind(now.as_millis())
        .bind(limit)
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// What of a token decides what its owner may do with it.
#[derive(Clone, Debug)]
pub struct KeptToken {
    /// What it may do.
    pub scopes: ScopeSet,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// When and why it died, if it was revoked.
    pub revocation: Option<Revocation>,
}

/// Holds a token that an owner keeps until the transaction ends, and reads it; `None` when they keep
/// no such token.
///
/// # Errors
/// When the database fails.
pub async fn hold(
    tx: &mut Tx,
    owner: Owner,
    token: Id<Token>,
) -> Result<Option<KeptToken>, StorageError> {
    let whose = kept_by(owner);
    let statement = format!(
        "UPDATE tokens AS t
         SET modified_at = modified_at
         WHERE t.id = $2 AND {whose}
         RETURNING scopes, expires_at, revoked_at, revoked_reason"
    );
    sql!(tx.connection(), |c| sqlx::query(safe(statement))
        .bind(owner.uuid())
        .bind(token.uuid())
        .try_map(|row| kept(&row))
        .fetch_optional(c))
}

fn kept(row: &impl Columns) -> Result<KeptToken, sqlx::Error> {
    let reason: Option<String> = row.read("revoked_reason")?;
    let reason = RevocationReason::from_stored(reason.as_deref().unwrap_or_default());
    Ok(KeptToken {
        scopes: ScopeSet::from_stored(&row.read::<String>("scopes")?),
        expires_at: time(row, "expires_at")?,
        revocation: time(row, "revoked_at")?.map(|at| Revocation { at, reason }),
    })
}

/// Whether there is any token with this id.
///
/// # Errors
/// When the database fails.
pub async fn exists(tx: &mut Tx, token: Id<Token>) -> Result<bool, StorageError> {
    let found = sql!(tx.connection(), |c| sqlx::query(
        "SELECT id
         FROM tokens
         WHERE id = $1",
    )
    .bind(token.uuid())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(found.is_some())
}

/// Lets a token end then, unless it ends sooner.
///
/// # Errors
/// When the database fails.
pub async fn end_by(
    tx: &mut Tx,
    token: Id<Token>,
    end: Timestamp,
    now: Timestamp,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE tokens
         SET expires_at = $2, modified_at = $3
         WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(token.uuid())
    .bind(end.as_millis())
    .bind(now.as_millis()))
    .map(drop)
}
