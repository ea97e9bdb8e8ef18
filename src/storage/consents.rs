//! Table `consents`: what a user allowed a client, remembered from one authorization to the next.
//!
//! Whoever mints a grant holds the row of its consent, and whoever withdraws consent takes the row
//! away first, so that nothing minted survives a withdrawal.

use uuid::Uuid;

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::rows::{Columns, column, unreadable};
use crate::model::{
    About, Client, ClientId, ClientMetadata, Email, Grant, Id, Organization, ScopeSet, Timestamp,
    User,
};

/// Whose consent, to whom, and limited to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// Who allows.
    pub user: Id<User>,
    /// To whom.
    pub client: Id<Client>,
    /// In which organization only.
    pub organization: Option<Id<Organization>>,
}

impl Parties {
    /// What is about them, for the audit log.
    #[must_use]
    pub fn about(self) -> About {
        About {
            user: Some(self.user),
            organization: self.organization,
            ..About::client(self.client)
        }
    }
}

/// What was allowed, and to act where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// In which organization only.
    pub organization: Option<Id<Organization>>,
    /// What.
    pub scopes: ScopeSet,
}

/// What a user allowed a client, everywhere and in organizations.
///
/// # Errors
/// When the database fails.
pub async fn list_of_client(
    db: &Db,
    user: Id<User>,
    client: Id<Client>,
) -> Result<Vec<Remembered>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT organization_id, scopes
         FROM consents
         WHERE user_id = $1 AND client_id = $2",
    )
    .bind(user.uuid())
    .bind(client.uuid())
    .try_map(|row| remembered(&row))
    .fetch_all(c))
}

/// Holds what was allowed until the transaction ends, and notes that it is used; `None` when it was
/// withdrawn.
///
/// # Errors
/// When the database fails.
pub async fn hold(
    tx: &mut Tx,
    parties: Parties,
    now: Timestamp,
) -> Result<Option<ScopeSet>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "UPDATE consents
         SET used_at = $4
         WHERE user_id = $1 AND client_id = $2 AND organization_id IS NOT DISTINCT FROM $3
         RETURNING scopes",
    )
    .bind(parties.user.uuid())
    .bind(parties.client.uuid())
    .bind(parties.organization.map(Id::uuid))
    .bind(now.as_millis())
    .try_map(|row| column::<String>(&row, "scopes").map(|text| ScopeSet::from_stored(&text)))
    .fetch_optional(c))
}

/// Remembers what was allowed. What was allowed before stays allowed.
///
/// # Errors
/// When the database fails.
pub async fn allow(
    tx: &mut Tx,
    parties: Parties,
    scopes: &ScopeSet,
    now: Timestamp,
) -> Result<(), StorageError> {
    // Held from here on, so that two at once do not overwrite each other.
    let before = add_or_hold(tx, parties, now).await?;
    replace(tx, parties, &before.union(scopes)).await
}

/// Holds what was allowed before, nothing if there was nothing. In one statement: between two of
/// them somebody could take the row away, and what is minted then would be listed nowhere.
async fn add_or_hold(
    tx: &mut Tx,
    parties: Parties,
    now: Timestamp,
) -> Result<ScopeSet, StorageError> {
    const EVERYWHERE: &str = "INSERT INTO consents (
             id, user_id, client_id, organization_id, scopes, created_at, used_at
         )
         VALUES ($1, $2, $3, $4, '', $5, $5)
         ON CONFLICT (user_id, client_id) WHERE organization_id IS NULL
             DO UPDATE SET used_at = excluded.used_at
         RETURNING scopes";
    const IN_ORGANIZATION: &str = "INSERT INTO consents (
             id, user_id, client_id, organization_id, scopes, created_at, used_at
         )
         VALUES ($1, $2, $3, $4, '', $5, $5)
         ON CONFLICT (user_id, client_id, organization_id) WHERE organization_id IS NOT NULL
             DO UPDATE SET used_at = excluded.used_at
         RETURNING scopes";
    let statement = match parties.organization {
        None => EVERYWHERE,
        Some(_) => IN_ORGANIZATION,
    };
    sql!(tx.connection(), |c| sqlx::query(statement)
        .bind(Id::<Remembered>::new(now).uuid())
        .bind(parties.user.uuid())
        .bind(parties.client.uuid())
        .bind(parties.organization.map(Id::uuid))
        .bind(now.as_millis())
        .try_map(|row| column::<String>(&row, "scopes").map(|text| ScopeSet::from_stored(&text)))
        .fetch_one(c))
}

async fn replace(tx: &mut Tx, parties: Parties, scopes: &ScopeSet) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE consents
         SET scopes = $4
         WHERE user_id = $1 AND client_id = $2 AND organization_id IS NOT DISTINCT FROM $3",
    )
    .bind(parties.user.uuid())
    .bind(parties.client.uuid())
    .bind(parties.organization.map(Id::uuid))
    .bind(scopes.to_string()))
    .map(drop)
}

/// Forgets what a user allowed a client; `false` when there was nothing.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, user: Id<User>, client: Id<Client>) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM consents
         WHERE user_id = $1 AND client_id = $2",
    )
    .bind(user.uuid())
    .bind(client.uuid()))?;
    Ok(done > 0)
}

/// Forgets what anybody allowed a client.
///
/// # Errors
/// When the database fails.
pub async fn delete_by_client(tx: &mut Tx, client: Id<Client>) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM consents
         WHERE client_id = $1",
    )
    .bind(client.uuid()))
    .map(drop)
}

/// The grants of a user to a client that have not ended.
///
/// # Errors
/// When the database fails.
pub async fn list_grants(
    tx: &mut Tx,
    user: Id<User>,
    client: Id<Client>,
) -> Result<Vec<Id<Grant>>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT id
         FROM grants
         WHERE user_id = $1 AND client_id = $2
             AND (revoked_at IS NULL OR quarantined_at IS NOT NULL)",
    )
    .bind(user.uuid())
    .bind(client.uuid())
    .try_map(|row| column::<Uuid>(&row, "id").map(Id::from_uuid))
    .fetch_all(c))
}

/// An application that a user allowed something.
#[derive(Clone, Debug)]
pub struct AllowedClient {
    /// Which.
    pub client: Id<Client>,
    /// Its public identifier.
    pub client_id: ClientId,
    /// What it says about itself.
    pub metadata: ClientMetadata,
    /// The organization to which this is limited, by name.
    pub organization: Option<String>,
    /// What was allowed.
    pub scopes: ScopeSet,
    /// Since when.
    pub since: Timestamp,
    /// When it was last asked for.
    pub used_at: Timestamp,
}

/// Every application that a user allowed something, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, user: Id<User>) -> Result<Vec<AllowedClient>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             k.client_id AS id, c.client_id, c.metadata, o.name AS organization_name, k.scopes,
             k.created_at, k.used_at
         FROM consents AS k
         JOIN clients AS c ON c.id = k.client_id
         LEFT JOIN organizations AS o ON o.id = k.organization_id
         WHERE k.user_id = $1
         ORDER BY k.used_at DESC, k.id",
    )
    .bind(user.uuid())
    .try_map(|row| allowed(&row))
    .fetch_all(c))
}

/// What a member of an organization allowed an application to do in it.
#[derive(Clone, Debug)]
pub struct AllowedForOrganization {
    /// What was allowed, and to which application.
    pub allowed: AllowedClient,
    /// Who allowed it.
    pub by: Email,
}

/// Up to `limit` of what members allowed applications to do in an organization, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list_by_organization(
    db: &Db,
    organization: Id<Organization>,
    limit: i64,
) -> Result<Vec<AllowedForOrganization>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             k.client_id AS id, c.client_id, c.metadata, o.name AS organization_name, k.scopes,
             k.created_at, k.used_at, u.email
         FROM consents AS k
         JOIN clients AS c ON c.id = k.client_id
         JOIN users AS u ON u.id = k.user_id
         LEFT JOIN organizations AS o ON o.id = k.organization_id
         WHERE k.organization_id = $1
         ORDER BY k.used_at DESC, k.id
         LIMIT $2",
    )
    .bind(organization.uuid())
    .bind(limit)
    .try_map(|row| Ok(AllowedForOrganization {
        allowed: allowed(&row)?,
        by: Email::from_stored(column(&row, "email")?),
    }))
    .fetch_all(c))
}

fn remembered(row: &impl Columns) -> Result<Remembered, sqlx::Error> {
    Ok(Remembered {
        organization: row
            .read::<Option<Uuid>>("organization_id")?
            .map(Id::from_uuid),
        scopes: ScopeSet::from_stored(&row.read::<String>("scopes")?),
    })
}

fn allowed(row: &impl Columns) -> Result<AllowedClient, sqlx::Error> {
    Ok(AllowedClient {
        client: Id::from_uuid(row.read("id")?),
        client_id: ClientId::from_stored(row.read("client_id")?),
        metadata: serde_json::from_str(&row.read::<String>("metadata")?).map_err(unreadable)?,
        organization: row.read("organization_name")?,
        scopes: ScopeSet::from_stored(&row.read::<String>("scopes")?),
        since: Timestamp::from_millis(row.read("created_at")?),
        used_at: Timestamp::from_millis(row.read("used_at")?),
    })
}
