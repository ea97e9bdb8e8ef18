//! Table `sessions`: what is known about a `user_session_token` besides the token.

use std::sync::LazyLock;

use uuid::Uuid;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, ids_as_json};
use super::tokens::{FoundToken, digests_as_json, found, noted, revoked, with_more};
use crate::model::{Id, KnownToken, Timestamp, Token, TokenDigest, User};

/// What is stored about a new session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its token.
    pub token: Id<Token>,
    /// Its name towards clients.
    pub sid: Uuid,
    /// Whose.
    pub user: Id<User>,
    /// When they signed in.
    pub auth_time: Timestamp,
    /// How: `mailed_code`, `review_code` or `proxy`.
    pub method: &'static str,
    /// The browser, as it calls itself.
    pub user_agent: Option<String>,
    /// From which network address.
    pub address: Option<String>,
}

/// A session as it was found.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// Its token, with everything that decides whether it works.
    pub found: FoundToken,
    /// Its name towards clients.
    pub sid: Uuid,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// The browser, as it called itself then.
    pub user_agent: Option<String>,
    /// From which network address they signed in.
    pub address: Option<String>,
}

impl StoredSession {
    /// Its token.
    #[must_use]
    pub const fn known(&self) -> &KnownToken {
        &self.found.known
    }
}

/// Adds a session; its token must be there already.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, session: &NewSession) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO sessions (token_id, sid, user_id, auth_time, method, user_agent, address)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(session.token.uuid())
    .bind(session.sid)
    .bind(session.user.uuid())
    .bind(session.auth_time.as_millis())
    .bind(session.method)
    .bind(session.user_agent.as_deref())
    .bind(session.address.as_deref()))
    .map(drop)
}

const MORE: &str = ",
        s.sid AS session_sid, s.auth_time AS session_auth_time,
        s.user_agent AS session_user_agent, s.address AS session_address";

/// The session whose token is stored under one of these digests.
///
/// # Errors
/// When the database fails.
pub async fn find_by_digests(
    db: &Db,
    digests: &[TokenDigest],
) -> Result<Option<StoredSession>, StorageError> {
    static SQLITE: LazyLock<String> = LazyLock::new(|| {
        with_more(
            MORE,
            "JOIN sessions AS s ON s.token_id = t.id
             WHERE t.digest IN (SELECT unhex(value) FROM json_each($1))",
        )
    });
    // Why not `= ANY($1)` alone: see `tokens::find_by_digests`.
    static POSTGRES: LazyLock<String> = LazyLock::new(|| {
        with_more(
            MORE,
            "JOIN sessions AS s ON s.token_id = t.id
             WHERE t.digest = ANY(ARRAY(SELECT unnest($1::bytea[])))",
        )
    });
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE.as_str()).bind(digests_as_json(digests));
            patient(query.try_map(|row| session(&row)).fetch_optional(c)).await
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            let query = sqlx::query(POSTGRES.as_str()).bind(digests);
            patient(query.try_map(|row| session(&row)).fetch_optional(c)).await
        }
    }
}

/// The sessions of a user that have neither ended nor expired, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_live(
    db: &Db,
    user: Id<User>,
    now: Timestamp,
) -> Result<Vec<StoredSession>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        with_more(
            MORE,
            "JOIN sessions AS s ON s.token_id = t.id
             WHERE t.user_id = $1
                 AND t.kind = 'user_session_token'
                 AND t.revoked_at IS NULL
                 AND t.expires_at > $2
             ORDER BY t.id DESC",
        )
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(user.uuid())
        .bind(now.as_millis())
        .try_map(|row| session(&row))
        .fetch_all(c))
}

/// Ends the sessions of a user that are named, or all but the one that is named; tells which ended
/// just now.
///
/// # Errors
/// When the database fails.
pub async fn end(
    tx: &mut Tx,
    user: Id<User>,
    which: Ending,
    now: Timestamp,
) -> Result<Vec<Id<Token>>, StorageError> {
    const ONE: &str = "UPDATE tokens
         SET revoked_at = $3, revoked_reason = 'signed_out'
         WHERE user_id = $1 AND kind = 'user_session_token' AND id = $2
             AND COALESCE(revoked_reason, 'quarantined') IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason";
    const OTHERS: &str = "UPDATE tokens
         SET revoked_at = $3, revoked_reason = 'signed_out'
         WHERE user_id = $1 AND kind = 'user_session_token' AND id <> $2
             AND COALESCE(revoked_reason, 'quarantined') IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason";
    let (statement, token) = match which {
        Ending::One(token) => (ONE, token),
        Ending::AllBut(token) => (OTHERS, token),
    };
    let dead = sql!(tx.connection(), |c| sqlx::query(statement)
        .bind(user.uuid())
        .bind(token.uuid())
        .bind(now.as_millis())
        .try_map(|row| revoked(&row))
        .fetch_all(c))?;
    Ok(noted(tx, now, dead)
        .into_iter()
        .map(|token| token.id)
        .collect())
}

/// Which sessions end.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The one with this token.
    One(Id<Token>),
    /// All but the one with this token.
    AllBut(Id<Token>),
}

/// Deletes what is known about these sessions besides their tokens.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, sessions: &[Id<Token>]) -> Result<(), StorageError> {
    const SQLITE: &str = "DELETE FROM sessions
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "DELETE FROM sessions
         WHERE token_id = ANY($1)";
    let ids: Vec<Uuid> = sessions.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.execute(c)).await.map(drop)
        }
    }
}

/// Removes browser and network address from these sessions, which must have ended.
///
/// # Errors
/// When the database fails.
pub async fn forget_details(tx: &mut Tx, sessions: &[Id<Token>]) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE sessions
         SET user_agent = NULL, address = NULL
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "UPDATE sessions
         SET user_agent = NULL, address = NULL
         WHERE token_id = ANY($1)";
    let ids: Vec<Uuid> = sessions.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.execute(c)).await.map(drop)
        }
    }
}

fn session(row: &impl Columns) -> Result<StoredSession, sqlx::Error> {
    Ok(StoredSession {
        found: found(row)?,
        sid: row.read("session_sid")?,
        auth_time: Timestamp::from_millis(row.read("session_auth_time")?),
        user_agent: row.read("session_user_agent")?,
        address: row.read("session_address")?,
    })
}
