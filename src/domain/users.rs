//! People: let in, shut out.

use super::{Context, DomainError, audit};
use crate::model::{About, Deed, Email, Id, Language, PersonName, User};
pub use crate::storage::users::ListedUser;
use crate::storage::{StorageError, users};

const UNKNOWN: DomainError = DomainError::NotFound("there is no user with this e-mail address");

/// Adds a user.
///
/// # Errors
/// [`DomainError::Taken`] when the address is known.
pub async fn create(ctx: &Context, email: Email) -> Result<User, DomainError> {
    create_named(ctx, email, None).await
}

/// Adds a user who is called something.
///
/// # Errors
/// [`DomainError::Taken`] when the address is known.
pub async fn create_named(
    ctx: &Context,
    email: Email,
    name: Option<&PersonName>,
) -> Result<User, DomainError> {
    let now = ctx.clock.now();
    let user = User {
        id: Id::new(now),
        email,
        blocked_at: None,
    };
    let mut tx = ctx.db.begin().await?;
    if !users::insert(&mut tx, &user, now).await? {
        return Err(DomainError::Taken(
            "there is a user with this e-mail address already",
        ));
    }
    if let Some(name) = name {
        users::set_name(&mut tx, user.id, name).await?;
    }
    audit::note(
        &mut tx,
        now,
        Deed::new("user.created", About::user(user.id)),
    );
    tx.commit().await?;
    Ok(user)
}

/// Finds a user by address.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn find(ctx: &Context, email: &Email) -> Result<User, DomainError> {
    users::find_by_email(&ctx.db, email).await?.ok_or(UNKNOWN)
}

/// Writes to a user in the language that they chose, from now on.
///
/// # Errors
/// When the database fails.
pub async fn choose_language(
    ctx: &Context,
    user: Id<User>,
    language: Language,
) -> Result<(), StorageError> {
    let mut tx = ctx.db.begin().await?;
    users::set_language(&mut tx, user, language).await?;
    tx.commit().await
}

/// Up to `limit` users behind `after`, in the order in which they came.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    after: Option<Id<User>>,
    limit: u32,
) -> Result<Vec<ListedUser>, DomainError> {
    Ok(users::list(&ctx.db, after, i64::from(limit)).await?)
}

/// The user with this id.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn find_by_id(ctx: &Context, id: Id<User>) -> Result<User, DomainError> {
    const NOBODY: DomainError = DomainError::NotFound("there is no such user");
    users::find(&ctx.db, id).await?.ok_or(NOBODY)
}

/// Shuts a user out: none of their tokens work until they are let in again.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn block(ctx: &Context, email: &Email) -> Result<(), DomainError> {
    set_blocked(ctx, email, true).await
}

/// Lets a user in again. Tokens that leaked meanwhile stay dead.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn unblock(ctx: &Context, email: &Email) -> Result<(), DomainError> {
    set_blocked(ctx, email, false).await
}

async fn set_blocked(ctx: &Context, email: &Email, blocked: bool) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let since = blocked.then_some(now);
    let mut tx = ctx.db.begin().await?;
    let user = users::set_blocked(&mut tx, email, since).await?;
    let user = user.ok_or(UNKNOWN)?;
    let name = if blocked {
        "user.blocked"
    } else {
        "user.unblocked"
    };
    audit::note(&mut tx, now, Deed::new(name, About::user(user)));
    tx.commit().await?;
    Ok(())
}
