//! The end of tokens. Every statement here is conditional, so a token dies once. What is in quarantine
//! has not died for good: every reason but quarantine itself ends it, so that it never comes back.

use uuid::Uuid;

use crate::model::{
    Client, Grant, Id, Organization, Revocation, RevocationReason, Timestamp, Token, TokenKind,
    User,
};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient, sql};
use crate::storage::journal::Event;
use crate::storage::rows::{Columns, ids_as_json, token_kind};

/// A token that is to end, with what tells which others end with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingToken {
    /// Which.
    pub id: Id<Token>,
    /// Of which kind.
    pub kind: TokenKind,
    /// From which grant.
    pub grant: Option<Id<Grant>>,
    /// Whose.
    pub user: Option<Id<User>>,
}

/// What a delivery exposed.
#[derive(Clone, Debug, Default)]
pub struct ExposedSet {
    /// The tokens that were seen.
    pub tokens: Vec<Id<Token>>,
    /// The grants whose families die with them.
    pub grants: Vec<Id<Grant>>,
    /// The users whose sessions all end.
    pub session_users: Vec<Id<User>>,
}

/// A token that died just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedToken {
    /// Which.
    pub id: Id<Token>,
    /// Of which kind.
    pub kind: TokenKind,
    /// From which grant.
    pub grant: Option<Id<Grant>>,
    /// Whose.
    pub user: Option<Id<User>>,
    /// Which organization's.
    pub organization: Option<Id<Organization>>,
    /// Which client's.
    pub client: Option<Id<Client>>,
    /// Why.
    pub reason: RevocationReason,
}

const EXPOSED_SQLITE: &str = "UPDATE tokens
         SET revoked_at = $4,
             revoked_reason = CASE
                 WHEN id IN (SELECT unhex(value) FROM json_each($1)) THEN $5
                 ELSE $6
             END
         WHERE (
                 revoked_at IS NULL
                 OR (revoked_reason IN ('quarantined', 'relative_quarantined') AND $5 <> 'quarantined')
             )
             AND digest IN (
                 SELECT digest FROM tokens
                 WHERE id IN (SELECT unhex(value) FROM json_each($1))
                 UNION
                 SELECT digest FROM tokens
                 WHERE grant_id IN (SELECT unhex(value) FROM json_each($2))
                 UNION
                 SELECT digest FROM tokens
                 WHERE kind = 'user_session_token'
                     AND user_id IN (SELECT unhex(value) FROM json_each($3))
             )
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason";

// Joined and not asked `id = ANY($1)` per row: a kept plan walks an array from its start for
// each of them, which made 10,000 tokens three times as dear. The arrays stand behind subqueries, so
// that a plan made for these very arrays looks no cheaper than the kept one: for a few tokens, making
// one took as long as revoking.
const EXPOSED_POSTGRES: &str = "UPDATE tokens AS t
         SET revoked_at = $4,
             revoked_reason = CASE WHEN doomed.exposed THEN $5 ELSE $6 END
         FROM (
             SELECT id, bool_or(exposed) AS exposed
             FROM (
                 SELECT unnest((SELECT $1::uuid[])) AS id, true AS exposed
                 UNION ALL
                 SELECT id, false FROM tokens
                 WHERE grant_id = ANY(ARRAY(SELECT unnest($2::uuid[])))
                 UNION ALL
                 SELECT id, false FROM tokens
                 WHERE kind = 'user_session_token' AND user_id = ANY(ARRAY(SELECT unnest($3::uuid[])))
             ) AS named
             GROUP BY id
         ) AS doomed
         WHERE t.id = doomed.id
             AND (
                 t.revoked_at IS NULL
                 OR (t.revoked_reason IN ('quarantined', 'relative_quarantined') AND $5 <> 'quarantined')
             )
         RETURNING t.id, t.kind, t.grant_id, t.user_id, t.organization_id, t.client_id,
             t.revoked_reason";

/// Revokes tokens, families and sessions in one conditional statement, and tells which tokens this
/// statement, and no earlier one, has revoked. The first reason is that of the tokens themselves, the
/// second that of their relatives.
///
/// # Errors
/// When the database fails.
pub async fn revoke_exposed(
    tx: &mut Tx,
    exposed: &ExposedSet,
    (named, relatives): (RevocationReason, RevocationReason),
    at: Timestamp,
) -> Result<Vec<RevokedToken>, StorageError> {
    let tokens = uuids(&exposed.tokens);
    let (grants, users) = (uuids(&exposed.grants), uuids(&exposed.session_users));
    let dead = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(EXPOSED_SQLITE)
                .bind(ids_as_json(&tokens))
                .bind(ids_as_json(&grants))
                .bind(ids_as_json(&users))
                .bind(at.as_millis())
                .bind(named.name())
                .bind(relatives.name());
            patient(query.try_map(|row| revoked(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(EXPOSED_POSTGRES)
                .bind(tokens)
                .bind(grants)
                .bind(users);
            let query = query.bind(at.as_millis());
            let query = query.bind(named.name()).bind(relatives.name());
            patient(query.try_map(|row| revoked(&row)).fetch_all(c)).await?
        }
    };
    Ok(noted(tx, at, dead))
}

/// Holds tokens that somebody read as not revoked until the transaction ends: they live on, and are seen to.
///
/// # Errors
/// [`StorageError::Conflict`] when one has been revoked since, and what the database says.
pub async fn hold_living(tx: &mut Tx, tokens: &[Id<Token>]) -> Result<(), StorageError> {
    const SQLITE: &str = "SELECT id
         FROM tokens
         WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND revoked_at IS NULL";
    const POSTGRES: &str = "SELECT id
         FROM tokens
         WHERE id = ANY($1) AND revoked_at IS NULL
         ORDER BY id
         FOR NO KEY UPDATE";
    let ids = uuids(tokens);
    let living = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.fetch_all(c)).await?.len()
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(&ids);
            patient(query.fetch_all(c)).await?.len()
        }
    };
    match living == ids.len() {
        true => Ok(()),
        false => Err(StorageError::Conflict(sqlx::Error::RowNotFound)),
    }
}

/// Says of tokens that died as relatives of one that was seen that they were seen themselves. When they died
/// stays as it is, and nobody is told that they died again.
///
/// # Errors
/// When the database fails.
pub async fn mark_seen(tx: &mut Tx, tokens: &[Id<Token>]) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE tokens
         SET revoked_reason = CASE revoked_reason
             WHEN 'relative_exposed' THEN 'exposed' ELSE 'quarantined'
         END
         WHERE id IN (SELECT unhex(value) FROM json_each($1))
             AND revoked_reason IN ('relative_exposed', 'relative_quarantined')";
    const POSTGRES: &str = "UPDATE tokens
         SET revoked_reason = CASE revoked_reason
             WHEN 'relative_exposed' THEN 'exposed' ELSE 'quarantined'
         END
         WHERE id = ANY($1)
             AND revoked_reason IN ('relative_exposed', 'relative_quarantined')";
    let ids = uuids(tokens);
    match tx.connection() {
        Backend::Sqlite(c) => {
            patient(sqlx::query(SQLITE).bind(ids_as_json(&ids)).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            patient(sqlx::query(POSTGRES).bind(ids).execute(c)).await?;
        }
    }
    Ok(())
}

fn uuids<T>(ids: &[Id<T>]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}

/// Revokes one token and nothing else; `false` when it was dead already.
///
/// # Errors
/// When the database fails.
pub async fn revoke(
    tx: &mut Tx,
    id: Id<Token>,
    revocation: Revocation,
) -> Result<bool, StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE id = $1 AND COALESCE(revoked_reason, 'quarantined')
             IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(id.uuid())
    .bind(revocation.at.as_millis())
    .bind(revocation.reason.name())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    Ok(!noted(tx, revocation.at, dead).is_empty())
}

/// Revokes every token minted from these grants, and tells which died just now.
///
/// # Errors
/// When the database fails.
pub async fn revoke_families(
    tx: &mut Tx,
    grants: &[Id<Grant>],
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    const SQLITE: &str = "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE grant_id IN (SELECT unhex(value) FROM json_each($1))
             AND (
                 revoked_at IS NULL
                 OR (revoked_reason IN ('quarantined', 'relative_quarantined') AND $3 <> 'relative_quarantined')
             )
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason";
    const POSTGRES: &str = "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE grant_id = ANY($1)
             AND (
                 revoked_at IS NULL
                 OR (revoked_reason IN ('quarantined', 'relative_quarantined') AND $3 <> 'relative_quarantined')
             )
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason";
    revoke_each(tx, (SQLITE, POSTGRES), uuids(grants), revocation).await
}

/// Revokes the tokens that were minted from these sessions themselves, and tells which died just
/// now.
///
/// # Errors
/// When the database fails.
pub async fn revoke_minted_from(
    tx: &mut Tx,
    sessions: &[Id<Token>],
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    const SQLITE: &str = "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE parent_id IN (SELECT unhex(value) FROM json_each($1))
             AND (
                 revoked_at IS NULL
                 OR (revoked_reason IN ('quarantined', 'relative_quarantined') AND $3 <> 'relative_quarantined')
             )
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason";
    const POSTGRES: &str = "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE parent_id = ANY($1)
             AND (
                 revoked_at IS NULL
                 OR (revoked_reason IN ('quarantined', 'relative_quarantined') AND $3 <> 'relative_quarantined')
             )
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason";
    revoke_each(tx, (SQLITE, POSTGRES), uuids(sessions), revocation).await
}

/// Revokes every token of one kind that a user has, and tells which died just now.
///
/// # Errors
/// When the database fails.
pub async fn revoke_of_user(
    tx: &mut Tx,
    user: Id<User>,
    kind: TokenKind,
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = $2, revoked_reason = $3
         WHERE user_id = $1 AND kind = $4
             AND COALESCE(revoked_reason, 'quarantined') IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(user.uuid())
    .bind(revocation.at.as_millis())
    .bind(revocation.reason.name())
    .bind(kind.name())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    Ok(noted(tx, revocation.at, dead))
}

async fn revoke_each(
    tx: &mut Tx,
    (sqlite, postgres): (&'static str, &'static str),
    ids: Vec<Uuid>,
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    let (at, reason) = (revocation.at.as_millis(), revocation.reason.name());
    let dead = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(sqlite).bind(ids_as_json(&ids));
            let query = query.bind(at).bind(reason);
            patient(query.try_map(|row| revoked(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(postgres).bind(ids).bind(at).bind(reason);
            patient(query.try_map(|row| revoked(&row)).fetch_all(c)).await?
        }
    };
    Ok(noted(tx, revocation.at, dead))
}

/// Notes these deaths. Every statement that revokes ends with this.
pub(in crate::storage) fn noted(
    tx: &mut Tx,
    at: Timestamp,
    dead: Vec<RevokedToken>,
) -> Vec<RevokedToken> {
    for token in &dead {
        let event = match token.reason.is_quarantine() {
            true => Event::TokenQuarantined(token.clone()),
            false => Event::TokenRevoked(token.clone()),
        };
        tx.note(at, event);
    }
    dead
}

/// Reads what a statement that revokes returns.
pub(in crate::storage) fn revoked(row: &impl Columns) -> Result<RevokedToken, sqlx::Error> {
    Ok(RevokedToken {
        id: Id::from_uuid(row.read("id")?),
        kind: token_kind(row)?,
        grant: row.read::<Option<Uuid>>("grant_id")?.map(Id::from_uuid),
        user: row.read::<Option<Uuid>>("user_id")?.map(Id::from_uuid),
        organization: row
            .read::<Option<Uuid>>("organization_id")?
            .map(Id::from_uuid),
        client: row.read::<Option<Uuid>>("client_id")?.map(Id::from_uuid),
        reason: RevocationReason::from_stored(&row.read::<String>("revoked_reason")?),
    })
}
