//! Members, as they see each other.

use crate::model::{Email, Id, Organization, PersonName, Role, Slug, Timestamp, User};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::rows::{Columns, column, unreadable};

use super::organization;

/// An organization and somebody's role in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which.
    pub organization: Organization,
    /// What they may do there.
    pub role: Role,
}

/// A member of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// What they are called.
    pub name: Option<PersonName>,
    /// What they may do.
    pub role: Role,
    /// Since when they are a member.
    pub since: Timestamp,
}

/// The organizations of which a user is a member, blocked ones included, by name.
///
/// # Errors
/// When the database fails.
pub async fn list_memberships(db: &Db, user: Id<User>) -> Result<Vec<Membership>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT o.id, o.slug, o.name, o.blocked_at, m.role
         FROM organization_members AS m
         JOIN organizations AS o ON o.id = m.organization_id
         WHERE m.user_id = $1
         ORDER BY o.name, o.id",
    )
    .bind(user.uuid())
    .try_map(|row| membership(&row))
    .fetch_all(c))
}

/// The organization with this slug, if the user is a member of it.
///
/// # Errors
/// When the database fails.
pub async fn find_membership(
    db: &Db,
    user: Id<User>,
    slug: &Slug,
) -> Result<Option<Membership>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT o.id, o.slug, o.name, o.blocked_at, m.role
         FROM organizations AS o
         JOIN organization_members AS m ON m.organization_id = o.id
         WHERE o.slug = $2 AND m.user_id = $1",
    )
    .bind(user.uuid())
    .bind(slug.as_str())
    .try_map(|row| membership(&row))
    .fetch_optional(c))
}

/// Up to `limit` members of an organization, from the role that may do most, then by address.
///
/// # Errors
/// When the database fails.
pub async fn list_members(
    db: &Db,
    organization: Id<Organization>,
    limit: i64,
) -> Result<Vec<Member>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT u.id, u.email, u.blocked_at, u.name, m.role, m.created_at
         FROM organization_members AS m
         JOIN users AS u ON u.id = m.user_id
         WHERE m.organization_id = $1
         ORDER BY
             CASE m.role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 WHEN 'finance' THEN 2 ELSE 3 END,
             u.email
         LIMIT $2",
    )
    .bind(organization.uuid())
    .bind(limit)
    .try_map(|row| member(&row))
    .fetch_all(c))
}

/// How many owners an organization has.
///
/// # Errors
/// When the database fails.
pub async fn count_owners(
    tx: &mut Tx,
    organization: Id<Organization>,
) -> Result<i64, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT count(*) AS number
         FROM organization_members
         WHERE organization_id = $1 AND role = 'owner'",
    )
    .bind(organization.uuid())
    .try_map(|row| column(&row, "number"))
    .fetch_one(c))
}

/// Removes a member; `false` when they were none.
///
/// # Errors
/// When the database fails.
pub async fn remove_member(
    tx: &mut Tx,
    organization: Id<Organization>,
    user: Id<User>,
) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM organization_members
         WHERE organization_id = $1 AND user_id = $2",
    )
    .bind(organization.uuid())
    .bind(user.uuid()))?;
    Ok(done == 1)
}

fn membership(row: &impl Columns) -> Result<Membership, sqlx::Error> {
    Ok(Membership {
        organization: organization(row)?,
        role: role(row)?,
    })
}

fn member(row: &impl Columns) -> Result<Member, sqlx::Error> {
    let name: Option<String> = row.read("name")?;
    let blocked_at: Option<i64> = row.read("blocked_at")?;
    Ok(Member {
        user: User {
            id: Id::from_uuid(row.read("id")?),
            email: Email::from_stored(row.read("email")?),
            blocked_at: blocked_at.map(Timestamp::from_millis),
        },
        name: name.map(PersonName::from_stored),
        role: role(row)?,
        since: Timestamp::from_millis(row.read("created_at")?),
    })
}

fn role(row: &impl Columns) -> Result<Role, sqlx::Error> {
    let role: String = row.read("role")?;
    role.parse::<Role>().map_err(unreadable)
}
