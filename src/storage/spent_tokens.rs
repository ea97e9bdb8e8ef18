//! Table `spent_tokens`: what stays of tokens that ended long ago, so that a string which we ever
//! issued is known as such. Found by digest, and by the id that services know it under.

use std::sync::LazyLock;

use uuid::Uuid;

use super::backend::{Backend, Db, Tx, patient};
use super::error::StorageError;
use super::rows::{Columns, ids_as_json};
use super::tokens::{
    FoundToken, GrantedToken, digests_as_json, found, granted, with_grant, with_more, with_spent,
};
use crate::model::{Id, Token, TokenDigest};

/// A token that we issued, whether all of it is kept or only a few facts.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token. Of a spent one, what is not kept is empty.
    pub found: FoundToken,
    /// Whether it is spent.
    pub spent: bool,
}

/// The condition under which a table is asked for digests. Why not `= ANY($1)` alone on PostgreSQL:
/// see `tokens::find_by_digests`.
const SQLITE: &str = "digest IN (SELECT unhex(value) FROM json_each($1))";
const POSTGRES: &str = "digest = ANY(ARRAY(SELECT unnest($1::bytea[])))";

/// Every token that we ever issued and that is stored under one of these digests. One statement,
/// however many they are and wherever they stand.
///
/// # Errors
/// When the database fails.
pub async fn find_issued(
    db: &Db,
    digests: &[TokenDigest],
) -> Result<Vec<IssuedToken>, StorageError> {
    static ON_SQLITE: LazyLock<String> = LazyLock::new(|| both(SQLITE));
    static ON_POSTGRES: LazyLock<String> = LazyLock::new(|| both(POSTGRES));
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(ON_SQLITE.as_str()).bind(digests_as_json(digests));
            patient(query.try_map(|row| issued(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            let query = sqlx::query(ON_POSTGRES.as_str()).bind(digests);
            patient(query.try_map(|row| issued(&row)).fetch_all(c)).await
        }
    }
}

/// Every token that we ever issued under one of these ids. One statement, however many they are and
/// wherever they stand.
///
/// # Errors
/// When the database fails.
pub async fn find_issued_by_ids(
    db: &Db,
    ids: &[Id<Token>],
) -> Result<Vec<IssuedToken>, StorageError> {
    static ON_SQLITE: LazyLock<String> =
        LazyLock::new(|| both("id IN (SELECT unhex(value) FROM json_each($1))"));
    static ON_POSTGRES: LazyLock<String> =
        LazyLock::new(|| both("id = ANY(ARRAY(SELECT unnest($1::uuid[])))"));
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(ON_SQLITE.as_str()).bind(ids_as_json(&ids));
            patient(query.try_map(|row| issued(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(ON_POSTGRES.as_str()).bind(ids);
            patient(query.try_map(|row| issued(&row)).fetch_all(c)).await
        }
    }
}

/// Kept and spent tokens that fit.
fn both(condition: &str) -> String {
    let kept = with_more(", 0 AS spent", &format!("WHERE t.{condition}"));
    let spent = with_spent(", 1 AS spent", &format!("s.{condition}"));
    format!("{kept} UNION ALL {spent}")
}

/// The spent token that is stored under one of these digests, with its grant if that is kept.
///
/// # Errors
/// When the database fails.
pub async fn find_with_grant(
    db: &Db,
    digests: &[TokenDigest],
) -> Result<Option<GrantedToken>, StorageError> {
    static ON_SQLITE: LazyLock<String> =
        LazyLock::new(|| with_spent(with_grant(), &format!("s.{SQLITE}")));
    static ON_POSTGRES: LazyLock<String> =
        LazyLock::new(|| with_spent(with_grant(), &format!("s.{POSTGRES}")));
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(ON_SQLITE.as_str()).bind(digests_as_json(digests));
            patient(query.try_map(|row| granted(&row)).fetch_optional(c)).await
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            let query = sqlx::query(ON_POSTGRES.as_str()).bind(digests);
            patient(query.try_map(|row| granted(&row)).fetch_optional(c)).await
        }
    }
}

/// Makes spent tokens tokens again, because something is to be written down about them. Needs
/// [`forget`] afterwards.
///
/// # Errors
/// When the database fails.
pub async fn bring_back(tx: &mut Tx, digests: &[TokenDigest]) -> Result<(), StorageError> {
    // A grant of which nothing was left is gone.
    fn insertion(condition: &str) -> String {
        format!(
            "INSERT INTO tokens (
                 id, digest, hash_key, kind, grant_id, client_id, user_id, organization_id,
                 customer, scopes, hint, created_at, expires_at, revoked_at, revoked_reason,
                 redeemed_at
             )
             SELECT
                 s.id, s.digest, s.hash_key, s.kind,
                 (SELECT g.id FROM grants AS g WHERE g.id = s.grant_id),
                 s.client_id, s.user_id, s.organization_id, s.customer, '', s.hint, s.created_at,
                 s.expires_at, s.revoked_at, s.revoked_reason,
                 CASE WHEN s.revoked_reason = 'redeemed' THEN s.revoked_at END
             FROM spent_tokens AS s
             WHERE s.{condition}
             ON CONFLICT DO NOTHING"
        )
    }
    static ON_SQLITE: LazyLock<String> = LazyLock::new(|| insertion(SQLITE));
    static ON_POSTGRES: LazyLock<String> = LazyLock::new(|| insertion(POSTGRES));
    let done = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(ON_SQLITE.as_str()).bind(digests_as_json(digests));
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            let query = sqlx::query(ON_POSTGRES.as_str()).bind(digests);
            patient(query.execute(c)).await.map(drop)
        }
    };
    // The grant may be deleted just now.
    done.map_err(StorageError::of_reference)
}

/// Forgets what stayed of tokens that were brought back.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, digests: &[TokenDigest]) -> Result<(), StorageError> {
    const ON_SQLITE: &str = "DELETE FROM spent_tokens
         WHERE digest IN (SELECT unhex(value) FROM json_each($1))";
    const ON_POSTGRES: &str = "DELETE FROM spent_tokens
         WHERE digest = ANY($1)";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(ON_SQLITE).bind(digests_as_json(digests));
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            patient(sqlx::query(ON_POSTGRES).bind(digests).execute(c))
                .await
                .map(drop)
        }
    }
}

fn issued(row: &impl Columns) -> Result<IssuedToken, sqlx::Error> {
    Ok(IssuedToken {
        found: found(row)?,
        spent: row.read::<i32>("spent")? == 1,
    })
}
