//! Tokens that expired so long ago that a few facts about them are enough. Only kinds whose tokens are
//! made without number go this way.

use std::sync::LazyLock;

use uuid::Uuid;

use crate::model::{Grant, Id, Timestamp, Token, TokenKind};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::overdue::{Overdue, overdue};
use crate::storage::rows::{Columns, column, ids_as_json};

/// Up to `limit` tokens of a kind that expired before `before`, longest ago first.
///
/// # Errors
/// When the database fails.
pub async fn list_expired(
    tx: &mut Tx,
    kind: TokenKind,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Id<Token>>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT id
         FROM tokens
         WHERE kind = $1
             AND COALESCE(needed_at, expires_at) IS NOT NULL
             AND COALESCE(needed_at, expires_at) < $2
         ORDER BY COALESCE(needed_at, expires_at)
         LIMIT $3",
    )
    .bind(kind.name())
    .bind(before.as_millis())
    .bind(limit)
    .try_map(|row| column::<Uuid>(&row, "id").map(Id::from_uuid))
    .fetch_all(c))
}

/// How many tokens [`list_expired`] would find, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_expired(
    db: &Db,
    kind: TokenKind,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS number, min(expired_at) AS oldest
         FROM (
             SELECT COALESCE(needed_at, expires_at) AS expired_at
             FROM tokens
             WHERE kind = $1
                 AND COALESCE(needed_at, expires_at) IS NOT NULL
                 AND COALESCE(needed_at, expires_at) < $2
             ORDER BY COALESCE(needed_at, expires_at)
             LIMIT $3
         ) AS due",
    )
    .bind(kind.name())
    .bind(before.as_millis())
    .bind(most)
    .try_map(|row| overdue(&row))
    .fetch_one(c))
}

/// A token of which a few facts are enough from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentToken {
    /// Which.
    pub id: Id<Token>,
    /// From which grant it was minted.
    pub grant: Option<Id<Grant>>,
}

/// Copies those of these tokens that nothing needs into `spent_tokens`, and tells which. What still
/// needs a token:
///
/// * an exposure names it;
/// * a refresh token of the same exchange, or one that it was exchanged for, works: whether that one
///   may be taken back depends on what was used (decision 10);
/// * it was a session in which something was granted that has not ended: should the session's token
///   leak, that ends.
///
/// # Errors
/// When the database fails.
pub async fn spend(
    tx: &mut Tx,
    tokens: &[Id<Token>],
    now: Timestamp,
) -> Result<Vec<SpentToken>, StorageError> {
    static SQLITE: LazyLock<String> =
        LazyLock::new(|| spending("IN (SELECT unhex(value) FROM json_each($1))"));
    static POSTGRES: LazyLock<String> = LazyLock::new(|| spending("= ANY($1)"));
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE.as_str()).bind(ids_as_json(&ids));
            let query = query.bind(now.as_millis());
            patient(query.try_map(|row| spent(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES.as_str())
                .bind(ids)
                .bind(now.as_millis());
            patient(query.try_map(|row| spent(&row)).fetch_all(c)).await
        }
    }
}

fn spending(named: &str) -> String {
    format!(
        "INSERT INTO spent_tokens (
             digest, id, hash_key, kind, grant_id, client_id, user_id, organization_id, customer,
             hint, created_at, expires_at, revoked_at, revoked_reason, spent_at
         )
         SELECT
             t.digest, t.id, t.hash_key, t.kind, t.grant_id, t.client_id, t.user_id,
             t.organization_id, t.customer, t.hint, t.created_at, t.expires_at, t.revoked_at,
             t.revoked_reason, $2
         FROM tokens AS t
         WHERE t.id {named}
             AND NOT EXISTS (SELECT 1 FROM exposures AS e WHERE e.token_id = t.id)
             AND (
                 t.grant_id IS NULL
                 OR EXISTS (
                     SELECT 1
                     FROM grants AS g
                     WHERE g.id = t.grant_id
                         AND g.revoked_at IS NOT NULL
                         AND g.quarantined_at IS NULL
                 )
                 OR NOT EXISTS (
                     SELECT 1
                     FROM tokens AS r
                     WHERE r.parent_id IN (t.id, t.parent_id)
                         AND r.kind = 'refresh_token'
                         AND COALESCE(r.revoked_reason, 'quarantined')
                             IN ('quarantined', 'relative_quarantined')
                         AND (r.expires_at IS NULL OR r.expires_at > $2)
                 )
             )
             AND NOT EXISTS (
                 SELECT 1
                 FROM sessions AS s
                 JOIN grants AS g ON g.sid = s.sid
                 WHERE s.token_id = t.id
                     AND (g.revoked_at IS NULL OR g.quarantined_at IS NOT NULL)
             )
         RETURNING id, grant_id"
    )
}

/// Deletes tokens; what is to be known of them must be elsewhere by now.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, tokens: &[Id<Token>]) -> Result<u64, StorageError> {
    const SQLITE: &str = "DELETE FROM tokens
         WHERE id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "DELETE FROM tokens
         WHERE id = ANY($1)";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    let deleted = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            let done = patient(query.execute(c)).await;
            done.map(|done| done.rows_affected())
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            let done = patient(query.execute(c)).await;
            done.map(|done| done.rows_affected())
        }
    };
    // A delivery may just be writing down that one of them leaked.
    deleted.map_err(StorageError::of_reference)
}

/// Lets tokens that are still needed count as expired at `again`, so that they are not looked at
/// before; those that an exposure names count as expired at `never`.
///
/// # Errors
/// When the database fails.
pub async fn postpone(
    tx: &mut Tx,
    tokens: &[Id<Token>],
    again: Timestamp,
    never: Timestamp,
) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE tokens
         SET needed_at = CASE
                 WHEN EXISTS (SELECT 1 FROM exposures AS e WHERE e.token_id = tokens.id) THEN $3
                 ELSE $2
             END
         WHERE id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "UPDATE tokens
         SET needed_at = CASE
                 WHEN EXISTS (SELECT 1 FROM exposures AS e WHERE e.token_id = tokens.id) THEN $3::bigint
                 ELSE $2::bigint
             END
         WHERE id = ANY($1)";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    let (again, never) = (again.as_millis(), never.as_millis());
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.bind(again).bind(never).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids).bind(again).bind(never);
            patient(query.execute(c)).await?;
        }
    }
    Ok(())
}

fn spent(row: &impl Columns) -> Result<SpentToken, sqlx::Error> {
    Ok(SpentToken {
        id: Id::from_uuid(row.read("id")?),
        grant: row.read::<Option<Uuid>>("grant_id")?.map(Id::from_uuid),
    })
}
