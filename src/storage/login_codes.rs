//! Table `login_codes`.

use uuid::Uuid;

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::{Columns, column};
use crate::model::{Email, HashKeyId, Timestamp, TokenDigest};

/// How often somebody may try.
const ATTEMPTS: i64 = 5;

/// A request to sign in.
#[derive(Clone, Debug)]
pub struct LoginRequest {
    /// Which; the code is made from it.
    pub id: Uuid,
    /// The browser that asked, by the digest of its secret.
    pub browser: TokenDigest,
    /// As whom.
    pub email: Email,
    /// Whether a code may answer it.
    pub answerable: bool,
    /// The hash key that the code is made with.
    pub hash_key: HashKeyId,
    /// From which network address.
    pub address: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Until when the code works.
    pub expires_at: Timestamp,
}

/// Adds a request.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, request: &LoginRequest) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO login_codes (
             id, browser_digest, email, answerable, hash_key, address, created_at, expires_at,
             attempts
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
    )
    .bind(request.id)
    .bind(request.browser.as_bytes().as_slice())
    .bind(request.email.as_str())
    .bind(request.answerable)
    .bind(request.hash_key.as_str())
    .bind(request.address.as_deref())
    .bind(request.created_at.as_millis())
    .bind(request.expires_at.as_millis()))
    .map(drop)
}

/// When requests for this address were made since `since`, oldest first: those that a code may
/// answer and, with `unused`, that no code has answered.
///
/// # Errors
/// When the database fails.
pub async fn list_by_email(
    tx: &mut Tx,
    email: &Email,
    unused: bool,
    since: Timestamp,
) -> Result<Vec<Timestamp>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT created_at
         FROM login_codes
         WHERE email = $1
             AND created_at > $2
             AND answerable
             AND (used_at IS NULL OR NOT $3)
         ORDER BY created_at",
    )
    .bind(email.as_str())
    .bind(since.as_millis())
    .bind(unused)
    .try_map(|row| column::<i64>(&row, "created_at").map(Timestamp::from_millis))
    .fetch_all(c))
}

/// When requests from this network address were made since `since`, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list_by_address(
    tx: &mut Tx,
    address: &str,
    since: Timestamp,
) -> Result<Vec<Timestamp>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT created_at
         FROM login_codes
         WHERE address = $1 AND created_at > $2
         ORDER BY created_at",
    )
    .bind(address)
    .bind(since.as_millis())
    .try_map(|row| column::<i64>(&row, "created_at").map(Timestamp::from_millis))
    .fetch_all(c))
}

/// A request that somebody may still try to answer.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// Which.
    pub id: Uuid,
    /// As whom.
    pub email: Email,
    /// Whether a code may answer it. The attempt counts either way.
    pub answerable: bool,
    /// The hash key that the code is made with.
    pub hash_key: HashKeyId,
}

/// Counts an attempt against the latest request of a browser; `None` when there is none that may be
/// tried again. Counted before the code is looked at, so that guesses at the same time count as
/// well.
///
/// # Errors
/// When the database fails.
pub async fn attempt(
    tx: &mut Tx,
    browsers: &[TokenDigest],
    now: Timestamp,
) -> Result<Option<OpenRequest>, StorageError> {
    for browser in browsers {
        let open = sql!(tx.connection(), |c| sqlx::query(
            "UPDATE login_codes
             SET attempts = attempts + 1
             WHERE id = (
                     SELECT id
                     FROM login_codes
                     WHERE browser_digest = $1
                     ORDER BY created_at DESC, id DESC
                     LIMIT 1
                 )
                 AND attempts < $3
                 AND used_at IS NULL
                 AND expires_at > $2
             RETURNING id, email, answerable, hash_key",
        )
        .bind(browser.as_bytes().as_slice())
        .bind(now.as_millis())
        .bind(ATTEMPTS)
        .try_map(|row| open(&row))
        .fetch_optional(c))?;
        if open.is_some() {
            return Ok(open);
        }
    }
    Ok(None)
}

/// Uses a code up; `false` when it was used before.
///
/// # Errors
/// When the database fails.
pub async fn redeem(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "UPDATE login_codes
         SET used_at = $2
         WHERE id = $1 AND used_at IS NULL",
    )
    .bind(id)
    .bind(now.as_millis()))?;
    Ok(done == 1)
}

/// The address of the latest request of a browser, unless a code has answered it.
///
/// # Errors
/// When the database fails.
pub async fn find_email(db: &Db, browser: &TokenDigest) -> Result<Option<Email>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT email
         FROM login_codes
         WHERE id = (
                 SELECT id
                 FROM login_codes
                 WHERE browser_digest = $1
                 ORDER BY created_at DESC, id DESC
                 LIMIT 1
             )
             AND used_at IS NULL",
    )
    .bind(browser.as_bytes().as_slice())
    .try_map(|row| column::<String>(&row, "email").map(Email::from_stored))
    .fetch_optional(c))
}

/// Deletes up to `limit` requests that expired before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_expired(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM login_codes
         WHERE id IN (
             SELECT id
             FROM login_codes
             WHERE expires_at < $1
             ORDER BY expires_at
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many requests expired before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_expired(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(expires_at) AS oldest
         FROM (
             SELECT expires_at
             FROM login_codes
             WHERE expires_at < $1
             ORDER BY expires_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

fn open(row: &impl Columns) -> Result<OpenRequest, sqlx::Error> {
    Ok(OpenRequest {
        id: row.read("id")?,
        email: Email::from_stored(row.read("email")?),
        answerable: row.read("answerable")?,
        hash_key: HashKeyId::from_stored(row.read("hash_key")?),
    })
}
