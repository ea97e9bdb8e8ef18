//! Personal and organization access tokens as their owners see them: those that nobody revoked, and those
//! in quarantine, which may come back.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::known::{known, with};
use super::revocation::{noted, revoked};
use crate::model::{
    Id, KnownToken, Organization, PageWindow, Revocation, ScopeSet, SortKey, Sorting, Timestamp,
    Token, TokenName, User,
};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::rows::{column, ids_as_json};

const OF_USER: &str = "t.user_id = $1 AND t.kind = 'personal_access_token'
        AND (t.revoked_at IS NULL
            OR t.revoked_reason IN ('quarantined', 'relative_quarantined'))";
const OF_ORGANIZATIONS_SQLITE: &str =
    "t.organization_id IN (SELECT unhex(value) FROM json_each($1))
        AND t.kind = 'organization_access_token'
        AND (t.revoked_at IS NULL
            OR t.revoked_reason IN ('quarantined', 'relative_quarantined'))";
const OF_ORGANIZATIONS_POSTGRES: &str = "t.organization_id = ANY($1)
        AND t.kind = 'organization_access_token'
        AND (t.revoked_at IS NULL
            OR t.revoked_reason IN ('quarantined', 'relative_quarantined'))";

/// One page of a user's personal tokens.
///
/// # Errors
/// When the database fails.
pub async fn page_of_user(
    db: &Db,
    user: Id<User>,
    sorting: &[Sorting],
    window: PageWindow,
) -> Result<Vec<KnownToken>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(page(OF_USER, sorting))
        .bind(user.uuid())
        .bind(i64::from(window.limit))
        .bind(window.offset())
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// How many personal tokens a user has.
///
/// # Errors
/// When the database fails.
pub async fn count_of_user(db: &Db, user: Id<User>) -> Result<i64, StorageError> {
    sql!(db.reader(), |c| sqlx::query(total(OF_USER))
        .bind(user.uuid())
        .try_map(|row| column(&row, "total"))
        .fetch_one(c))
}

/// One page of the tokens of all these organizations.
///
/// # Errors
/// When the database fails.
pub async fn page_of_organizations(
    db: &Db,
    organizations: &[Id<Organization>],
    sorting: &[Sorting],
    window: PageWindow,
) -> Result<Vec<KnownToken>, StorageError> {
    let ids: Vec<Uuid> = organizations.iter().map(|id| id.uuid()).collect();
    let (limit, offset) = (i64::from(window.limit), window.offset());
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(page(OF_ORGANIZATIONS_SQLITE, sorting));
            let query = query.bind(ids_as_json(&ids)).bind(limit).bind(offset);
            patient(query.try_map(|row| known(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(page(OF_ORGANIZATIONS_POSTGRES, sorting));
            let query = query.bind(ids).bind(limit).bind(offset);
            patient(query.try_map(|row| known(&row)).fetch_all(c)).await
        }
    }
}

/// How many tokens all these organizations have.
///
/// # Errors
/// When the database fails.
pub async fn count_of_organizations(
    db: &Db,
    organizations: &[Id<Organization>],
) -> Result<i64, StorageError> {
    let ids: Vec<Uuid> = organizations.iter().map(|id| id.uuid()).collect();
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(total(OF_ORGANIZATIONS_SQLITE)).bind(ids_as_json(&ids));
            patient(query.try_map(|row| column(&row, "total")).fetch_one(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(total(OF_ORGANIZATIONS_POSTGRES)).bind(ids);
            patient(query.try_map(|row| column(&row, "total")).fetch_one(c)).await
        }
    }
}

/// Only texts of this file go in, so there is nothing to inject.
fn page(whose: &str, sorting: &[Sorting]) -> AssertSqlSafe<String> {
    let mut order = String::new();
    for step in sorting {
        order.push_str(match (step.key, step.descending) {
            (SortKey::CreatedAt, false) => "t.created_at, ",
            (SortKey::CreatedAt, true) => "t.created_at DESC, ",
            (SortKey::Comment, false) => "t.name, ",
            (SortKey::Comment, true) => "t.name DESC, ",
            (SortKey::LastUsedAt, false) => "t.last_used_at ASC NULLS FIRST, ",
            (SortKey::LastUsedAt, true) => "t.last_used_at DESC NULLS LAST, ",
            (SortKey::Organization, false) => "t.organization_id, ",
            (SortKey::Organization, true) => "t.organization_id DESC, ",
        });
    }
    AssertSqlSafe(with(&format!(
        "WHERE {whose} ORDER BY {order}t.id LIMIT $2 OFFSET $3"
    )))
}

fn total(whose: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "SELECT count(*) AS total FROM tokens AS t WHERE {whose}"
    ))
}

/// How many personal tokens of a user work.
///
/// # Errors
/// When the database fails.
pub async fn count_live_of_user(
    tx: &mut Tx,
    user: Id<User>,
    now: Timestamp,
) -> Result<i64, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT count(*) AS total
         FROM tokens
         WHERE user_id = $1 AND kind = 'personal_access_token' AND revoked_at IS NULL
             AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(user.uuid())
    .bind(now.as_millis())
    .try_map(|row| column(&row, "total"))
    .fetch_one(c))
}

/// How many tokens of an organization work.
///
/// # Errors
/// When the database fails.
pub async fn count_live_of_organization(
    tx: &mut Tx,
    organization: Id<Organization>,
    now: Timestamp,
) -> Result<i64, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT count(*) AS total
         FROM tokens
         WHERE organization_id = $1 AND kind = 'organization_access_token'
             AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(organization.uuid())
    .bind(now.as_millis())
    .try_map(|row| column(&row, "total"))
    .fetch_one(c))
}

/// The organization whose token this is, if it is one that nobody revoked for good.
///
/// # Errors
/// When the database fails.
pub async fn find_owning_organization(
    tx: &mut Tx,
    token: Id<Token>,
) -> Result<Option<Id<Organization>>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT organization_id
         FROM tokens
         WHERE id = $1 AND kind = 'organization_access_token'
             AND organization_id IS NOT NULL
             AND (revoked_at IS NULL OR revoked_reason IN ('quarantined', 'relative_quarantined'))",
    )
    .bind(token.uuid())
    .try_map(|row| column::<Uuid>(&row, "organization_id").map(Id::from_uuid))
    .fetch_optional(c))
}

/// Changes what a token is called and what it may do, as far as it is said; `false` when it was
/// revoked meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn change(
    tx: &mut Tx,
    token: Id<Token>,
    name: Option<&TokenName>,
    scopes: Option<&ScopeSet>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE tokens
         SET name = COALESCE($2, name), scopes = COALESCE($3, scopes), modified_at = $4
         WHERE id = $1
             AND (revoked_at IS NULL OR revoked_reason IN ('quarantined', 'relative_quarantined'))",
    )
    .bind(token.uuid())
    .bind(name.map(TokenName::as_str))
    .bind(scopes.map(ScopeSet::to_string))
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// Revokes a personal token of this user; `false` when they have no such token.
///
/// # Errors
/// When the database fails.
pub async fn revoke_of_user(
    tx: &mut Tx,
    user: Id<User>,
    token: Id<Token>,
    revocation: Revocation,
) -> Result<bool, StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $3, revoked_reason = $4
         WHERE id = $2 AND user_id = $1 AND kind = 'personal_access_token'
             AND COALESCE(revoked_reason, 'quarantined') IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(user.uuid())
    .bind(token.uuid())
    .bind(revocation.at.as_millis())
    .bind(revocation.reason.name())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    Ok(!noted(tx, revocation.at, dead).is_empty())
}
