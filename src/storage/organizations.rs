//! Tables `organizations` and `organization_members`.

use uuid::Uuid;

mod members;

pub use members::{
    Member, Membership, count_owners, find_membership, list_members, list_memberships,
    remove_member,
};

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, column, ids_as_json, unreadable};
use crate::model::{Email, Id, Organization, OrganizationName, Role, Slug, Timestamp, User};

/// Adds an organization; `false` when the slug is taken.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: &Organization,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO organizations (id, slug, name, created_at, blocked_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (slug) DO NOTHING",
    )
    .bind(organization.id.uuid())
    .bind(organization.slug.as_str())
    .bind(organization.name.as_str())
    .bind(now.as_millis())
    .bind(organization.blocked_at.map(Timestamp::as_millis)))?;
    Ok(done == 1)
}

/// The organization with this slug.
///
/// # Errors
/// When the database fails.
pub async fn find_by_slug(db: &Db, slug: &Slug) -> Result<Option<Organization>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, slug, name, blocked_at
         FROM organizations
         WHERE slug = $1",
    )
    .bind(slug.as_str())
    .try_map(|row| organization(&row))
    .fetch_optional(c))
}

/// The organization with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: Id<Organization>) -> Result<Option<Organization>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, slug, name, blocked_at
         FROM organizations
         WHERE id = $1",
    )
    .bind(id.uuid())
    .try_map(|row| organization(&row))
    .fetch_optional(c))
}

/// Makes a user a member, or changes a member's role.
///
/// # Errors
/// When the database fails.
pub async fn set_member(
    tx: &mut Tx,
    organization: Id<Organization>,
    user: Id<User>,
    role: Role,
    now: Timestamp,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO organization_members (organization_id, user_id, role, created_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role",
    )
    .bind(organization.uuid())
    .bind(user.uuid())
    .bind(role.name())
    .bind(now.as_millis()))
    .map(drop)
}

/// The organizations of which a user is a member and that are let in, by name.
///
/// # Errors
/// When the database fails.
pub async fn list_by_member(db: &Db, user: Id<User>) -> Result<Vec<Organization>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT o.id, o.slug, o.name, o.blocked_at
         FROM organizations AS o
         JOIN organization_members AS m ON m.organization_id = o.id
         WHERE m.user_id = $1 AND o.blocked_at IS NULL
         ORDER BY o.name, o.id",
    )
    .bind(user.uuid())
    .try_map(|row| organization(&row))
    .fetch_all(c))
}

/// What a user may do in an organization; `None` when they are no member.
///
/// # Errors
/// When the database fails.
pub async fn find_role(
    tx: &mut Tx,
    organization: Id<Organization>,
    user: Id<User>,
) -> Result<Option<Role>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT role
         FROM organization_members
         WHERE organization_id = $1 AND user_id = $2",
    )
    .bind(organization.uuid())
    .bind(user.uuid())
    .try_map(|row| column::<String>(&row, "role")?
        .parse::<Role>()
        .map_err(unreadable))
    .fetch_optional(c))
}

/// Every organization of which a user is a member, blocked ones included, and their role there.
///
/// # Errors
/// When the database fails.
pub async fn list_roles(
    db: &Db,
    user: Id<User>,
) -> Result<Vec<(Id<Organization>, Role)>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT organization_id, role
         FROM organization_members
         WHERE user_id = $1
         ORDER BY organization_id",
    )
    .bind(user.uuid())
    .try_map(|row| Ok((
        Id::from_uuid(column(&row, "organization_id")?),
        column::<String>(&row, "role")?
            .parse::<Role>()
            .map_err(unreadable)?,
    )))
    .fetch_all(c))
}

/// Holds an organization until the transaction ends, so that whoever else counts what it has
/// waits. Tells whether it is let in; `None` when there is no such organization.
///
/// # Errors
/// When the database fails.
pub async fn hold(
    tx: &mut Tx,
    organization: Id<Organization>,
) -> Result<Option<bool>, StorageError> {
    let welcome = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE organizations
         SET blocked_at = blocked_at
         WHERE id = $1
         RETURNING CASE WHEN blocked_at IS NULL THEN 1 ELSE 0 END AS welcome",
    )
    .bind(organization.uuid())
    .try_map(|row| column::<i32>(&row, "welcome"))
    .fetch_optional(c))?;
    Ok(welcome.map(|welcome| welcome == 1))
}

/// Whether a user is a member of an organization that is not blocked.
///
/// # Errors
/// When the database fails.
pub async fn admits(
    tx: &mut Tx,
    organization: Id<Organization>,
    user: Id<User>,
) -> Result<bool, StorageError> {
    let member = sql!(tx.connection(), |c| sqlx::query(
        "SELECT m.user_id
         FROM organization_members AS m
         JOIN organizations AS o ON o.id = m.organization_id
         WHERE m.organization_id = $1 AND m.user_id = $2 AND o.blocked_at IS NULL",
    )
    .bind(organization.uuid())
    .bind(user.uuid())
    .try_map(|row| column::<Uuid>(&row, "user_id"))
    .fetch_optional(c))?;
    Ok(member.is_some())
}

/// Blocks an organization (`Some`) or lets it in again (`None`); `false` when there is none.
///
/// # Errors
/// When the database fails.
pub async fn set_blocked(
    tx: &mut Tx,
    slug: &Slug,
    blocked_at: Option<Timestamp>,
) -> Result<Option<Id<Organization>>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "UPDATE organizations
         SET blocked_at = CASE WHEN $3 THEN COALESCE(blocked_at, $2) END
         WHERE slug = $1
         RETURNING id",
    )
    .bind(slug.as_str())
    .bind(blocked_at.map(Timestamp::as_millis))
    .bind(blocked_at.is_some())
    .try_map(|row| column(&row, "id").map(Id::from_uuid))
    .fetch_optional(c))
}

/// The owners and admins of all these organizations, each with the organization they manage.
///
/// # Errors
/// When the database fails.
pub async fn list_managers(
    tx: &mut Tx,
    organizations: &[Id<Organization>],
) -> Result<Vec<(Id<Organization>, Email)>, StorageError> {
    const SQLITE: &str = "SELECT m.organization_id, u.email
         FROM organization_members AS m
         JOIN users AS u ON u.id = m.user_id
         WHERE m.role IN ('owner', 'admin')
             AND m.organization_id IN (SELECT unhex(value) FROM json_each($1))
         ORDER BY m.organization_id, u.email";
    const POSTGRES: &str = "SELECT m.organization_id, u.email
         FROM organization_members AS m
         JOIN users AS u ON u.id = m.user_id
         WHERE m.role IN ('owner', 'admin')
             AND m.organization_id = ANY($1)
         ORDER BY m.organization_id, u.email";
    let ids: Vec<Uuid> = organizations.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| manager(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| manager(&row)).fetch_all(c)).await
        }
    }
}

fn manager(row: &impl Columns) -> Result<(Id<Organization>, Email), sqlx::Error> {
    Ok((
        Id::from_uuid(row.read("organization_id")?),
        Email::from_stored(row.read("email")?),
    ))
}

fn organization(row: &impl Columns) -> Result<Organization, sqlx::Error> {
    Ok(Organization {
        id: Id::from_uuid(row.read("id")?),
        slug: Slug::from_stored(row.read("slug")?),
        name: OrganizationName::from_stored(row.read("name")?),
        blocked_at: row
            .read::<Option<i64>>("blocked_at")?
            .map(Timestamp::from_millis),
    })
}
