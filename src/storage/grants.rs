//! Table `grants`.

use uuid::Uuid;

use super::backend::{Backend, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, ids_as_json};
use crate::model::{Client, Grant, Id, Timestamp, Token, User};

/// Adds a grant.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<(), StorageError> {
    let resources = match grant.request.resources.as_slice() {
        [] => None,
        some => Some(some.join(" ")),
    };
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO grants (
             id, client_id, user_id, organization_id, scopes, created_at, sid, auth_time,
             redirect_uri, code_challenge, nonce, claims, resources, ends_at
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(grant.id.uuid())
    .bind(grant.client.uuid())
    .bind(grant.user.uuid())
    .bind(grant.organization.map(Id::uuid))
    .bind(grant.scopes.to_string())
    .bind(grant.created_at.as_millis())
    .bind(grant.request.sid)
    .bind(grant.request.auth_time.map(Timestamp::as_millis))
    .bind(grant.request.redirect_uri.as_deref())
    .bind(grant.request.code_challenge.as_deref())
    .bind(grant.request.nonce.as_deref())
    .bind(grant.request.claims.as_deref())
    .bind(resources.as_deref())
    .bind(grant.request.ends_at.map(Timestamp::as_millis)))
    .map(drop)
}

/// Ends all these grants. A token that is minted from one of them at the same moment is dead on
/// arrival, because every lookup asks for the grant as well.
///
/// # Errors
/// When the database fails.
pub async fn revoke(tx: &mut Tx, grants: &[Id<Grant>], at: Timestamp) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE grants
         SET revoked_at = $2, quarantined_at = NULL
         WHERE id IN (SELECT unhex(value) FROM json_each($1))
             AND (revoked_at IS NULL OR quarantined_at IS NOT NULL)";
    const POSTGRES: &str = "UPDATE grants
         SET revoked_at = $2, quarantined_at = NULL
         WHERE id = ANY($1)
             AND (revoked_at IS NULL OR quarantined_at IS NOT NULL)";
    end(tx, (SQLITE, POSTGRES), grants, at).await
}

/// Ends all these grants for as long as they are in quarantine.
///
/// # Errors
/// When the database fails.
pub async fn quarantine(
    tx: &mut Tx,
    grants: &[Id<Grant>],
    at: Timestamp,
) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE grants
         SET revoked_at = $2, quarantined_at = $2
         WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND revoked_at IS NULL";
    const POSTGRES: &str = "UPDATE grants
         SET revoked_at = $2, quarantined_at = $2
         WHERE id = ANY($1) AND revoked_at IS NULL";
    end(tx, (SQLITE, POSTGRES), grants, at).await
}

async fn end(
    tx: &mut Tx,
    (sqlite, postgres): (&'static str, &'static str),
    grants: &[Id<Grant>],
    at: Timestamp,
) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = grants.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(sqlite)
                .bind(ids_as_json(&ids))
                .bind(at.as_millis());
            patient(query.execute(c)).await?;
        }
        Backend::Postgres(c) => {
            patient(
                sqlx::query(postgres)
                    .bind(ids)
                    .bind(at.as_millis())
                    .execute(c),
            )
            .await?;
        }
    }
    Ok(())
}

/// Everything that was granted in these sessions.
///
/// # Errors
/// When the database fails.
pub async fn list_by_sessions(
    tx: &mut Tx,
    sessions: &[Id<Token>],
) -> Result<Vec<Id<Grant>>, StorageError> {
    const SQLITE: &str = "SELECT DISTINCT g.id
         FROM sessions AS s
         JOIN grants AS g ON g.sid = s.sid
         WHERE s.token_id IN (SELECT unhex(value) FROM json_each($1))
         ORDER BY g.id";
    const POSTGRES: &str = "SELECT DISTINCT g.id
         FROM sessions AS s
         JOIN grants AS g ON g.sid = s.sid
         WHERE s.token_id = ANY($1)
         ORDER BY g.id";
    let ids: Vec<Uuid> = sessions.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| id(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| id(&row)).fetch_all(c)).await
        }
    }
}

/// Everything that a user granted and that has not ended for good.
///
/// # Errors
/// When the database fails.
pub async fn list_by_user(tx: &mut Tx, user: Id<User>) -> Result<Vec<Id<Grant>>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT id
         FROM grants
         WHERE user_id = $1 AND (revoked_at IS NULL OR quarantined_at IS NOT NULL)
         ORDER BY id",
    )
    .bind(user.uuid())
    .try_map(|row| id(&row))
    .fetch_all(c))
}

fn id(row: &impl Columns) -> Result<Id<Grant>, sqlx::Error> {
    row.read("id").map(Id::from_uuid)
}

/// Ends every grant to a client.
///
/// # Errors
/// When the database fails.
pub async fn revoke_by_client(
    tx: &mut Tx,
    client: Id<Client>,
    at: Timestamp,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE grants
         SET revoked_at = $2, quarantined_at = NULL
         WHERE client_id = $1 AND (revoked_at IS NULL OR quarantined_at IS NOT NULL)",
    )
    .bind(client.uuid())
    .bind(at.as_millis()))
    .map(drop)
}

/// Deletes those of these grants of which nothing is left: no token, and no session that would tell
/// their clients of its end. Tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_over(
    tx: &mut Tx,
    grants: &[Id<Grant>],
    now: Timestamp,
) -> Result<u64, StorageError> {
    // Without the cast, SQLite compares as numbers and cannot use the index of `tokens`.
    const SQLITE: &str = "DELETE FROM grants
         WHERE id IN (SELECT unhex(value) FROM json_each($1))
             AND NOT EXISTS (SELECT 1 FROM tokens AS t WHERE t.grant_id = grants.id)
             AND NOT EXISTS (
                 SELECT 1
                 FROM sessions AS s
                 JOIN tokens AS t ON t.id = CAST(s.token_id AS BLOB)
                 WHERE s.sid = grants.sid AND t.revoked_at IS NULL AND t.expires_at > $2
             )";
    const POSTGRES: &str = "DELETE FROM grants
         WHERE id = ANY($1)
             AND NOT EXISTS (SELECT 1 FROM tokens AS t WHERE t.grant_id = grants.id)
             AND NOT EXISTS (
                 SELECT 1
                 FROM sessions AS s
                 JOIN tokens AS t ON t.id = s.token_id
                 WHERE s.sid = grants.sid AND t.revoked_at IS NULL AND t.expires_at > $2
             )";
    let ids: Vec<Uuid> = grants.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            let done = patient(query.bind(now.as_millis()).execute(c)).await?;
            Ok(done.rows_affected())
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids).bind(now.as_millis());
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
    }
}
