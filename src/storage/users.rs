//! Table `users`.

use uuid::Uuid;

use super::backend::{Db, Tx, sql};
use super::error::StorageError;
use super::rows::{Columns, column};
use crate::model::{Email, Id, Language, PersonName, Timestamp, User};

/// Adds a user; `false` when the address is taken.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, user: &User, now: Timestamp) -> Result<bool, StorageError> {
    let done = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO users (id, email, created_at, blocked_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (email) DO NOTHING",
    )
    .bind(user.id.uuid())
    .bind(user.email.as_str())
    .bind(now.as_millis())
    .bind(user.blocked_at.map(Timestamp::as_millis)))?;
    Ok(done == 1)
}

/// The user with this address.
///
/// # Errors
/// When the database fails.
pub async fn find_by_email(db: &Db, email: &Email) -> Result<Option<User>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, email, blocked_at
         FROM users
         WHERE email = $1",
    )
    .bind(email.as_str())
    .try_map(|row| user(&row))
    .fetch_optional(c))
}

/// The user with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: Id<User>) -> Result<Option<User>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, email, blocked_at
         FROM users
         WHERE id = $1",
    )
    .bind(id.uuid())
    .try_map(|row| user(&row))
    .fetch_optional(c))
}

/// The user with this address, as this transaction sees it.
///
/// # Errors
/// When the database fails.
pub async fn find_by_email_locked(
    tx: &mut Tx,
    email: &Email,
) -> Result<Option<User>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "SELECT id, email, blocked_at
         FROM users
         WHERE email = $1",
    )
    .bind(email.as_str())
    .try_map(|row| user(&row))
    .fetch_optional(c))
}

/// Makes sure that there is a user with this address, who just proved to read its mail, on pages in
/// this language.
///
/// # Errors
/// When the database fails.
pub async fn verify_email(
    tx: &mut Tx,
    fresh: &User,
    language: Language,
    sign_up: bool,
    now: Timestamp,
) -> Result<Option<User>, StorageError> {
    if sign_up {
        insert(tx, fresh, now).await?;
    }
    sql!(tx.connection(), |c| sqlx::query(
        "UPDATE users
         SET email_verified_at = COALESCE(email_verified_at, $2), language = $3
         WHERE email = $1
         RETURNING id, email, blocked_at",
    )
    .bind(fresh.email.as_str())
    .bind(now.as_millis())
    .bind(language.tag())
    .try_map(|row| user(&row))
    .fetch_optional(c))
}

/// Notes the language that a user chose. Nothing is written when it is the one they had.
///
/// # Errors
/// When the database fails.
pub async fn set_language(
    tx: &mut Tx,
    user: Id<User>,
    language: Language,
) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE users
         SET language = $2
         WHERE id = $1 AND (language IS NULL OR language <> $2)",
    )
    .bind(user.uuid())
    .bind(language.tag()))?;
    Ok(())
}

/// The language that the user with this address chose or used last, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find_language(db: &Db, email: &Email) -> Result<Option<Language>, StorageError> {
    let tag = sql!(db.reader(), |c| sqlx::query(
        "SELECT language
         FROM users
         WHERE email = $1",
    )
    .bind(email.as_str())
    .try_map(|row| column::<Option<String>>(&row, "language"))
    .fetch_optional(c))?;
    Ok(tag.flatten().and_then(|tag| Language::of_tag(&tag)))
}

/// Blocks a user (`Some`) or lets them in again (`None`); `false` when there is no such user. Who
/// is blocked already stays blocked since then.
///
/// # Errors
/// When the database fails.
pub async fn set_blocked(
    tx: &mut Tx,
    email: &Email,
    blocked_at: Option<Timestamp>,
) -> Result<Option<Id<User>>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "UPDATE users
         SET blocked_at = CASE WHEN $3 THEN COALESCE(blocked_at, $2) END
         WHERE email = $1
         RETURNING id",
    )
    .bind(email.as_str())
    .bind(blocked_at.map(Timestamp::as_millis))
    .bind(blocked_at.is_some())
    .try_map(|row| column(&row, "id").map(Id::from_uuid))
    .fetch_optional(c))
}

/// Holds a user until the transaction ends, so that whoever else counts what they have waits. Tells
/// whether they are let in.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, user: Id<User>) -> Result<bool, StorageError> {
    let welcome = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE users
         SET blocked_at = blocked_at
         WHERE id = $1
         RETURNING CASE WHEN blocked_at IS NULL THEN 1 ELSE 0 END AS welcome",
    )
    .bind(user.uuid())
    .try_map(|row| column::<i32>(&row, "welcome"))
    .fetch_optional(c))?;
    Ok(welcome == Some(1))
}

/// Writes down what a user is called.
///
/// # Errors
/// When the database fails.
pub async fn set_name(tx: &mut Tx, user: Id<User>, name: &PersonName) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query("UPDATE users SET name = $2 WHERE id = $1")
        .bind(user.uuid())
        .bind(name.as_str()))
    .map(drop)
}

/// A user as operators see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    /// Who.
    pub user: User,
    /// What they are called.
    pub name: Option<PersonName>,
    /// Since when they are known.
    pub created_at: Timestamp,
    /// Since when they may operate the service.
    pub operator_since: Option<Timestamp>,
}

/// Up to `limit` users behind `after`, in the order in which they came.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    after: Option<Id<User>>,
    limit: i64,
) -> Result<Vec<ListedUser>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT u.id, u.email, u.blocked_at, u.name, u.created_at, p.since
         FROM users AS u
         LEFT JOIN operators AS p ON p.user_id = u.id
         WHERE u.id > $1
         ORDER BY u.id
         LIMIT $2",
    )
    .bind(after.map_or(Uuid::nil(), Id::uuid))
    .bind(limit)
    .try_map(|row| listed(&row))
    .fetch_all(c))
}

fn listed(row: &impl Columns) -> Result<ListedUser, sqlx::Error> {
    let name: Option<String> = row.read("name")?;
    let since: Option<i64> = row.read("since")?;
    Ok(ListedUser {
        user: user(row)?,
        name: name.map(PersonName::from_stored),
        created_at: Timestamp::from_millis(row.read("created_at")?),
        operator_since: since.map(Timestamp::from_millis),
    })
}

fn user(row: &impl Columns) -> Result<User, sqlx::Error> {
    Ok(User {
        id: Id::from_uuid(row.read("id")?),
        email: Email::from_stored(row.read("email")?),
        blocked_at: row
            .read::<Option<i64>>("blocked_at")?
            .map(Timestamp::from_millis),
    })
}
