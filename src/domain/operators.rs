//! Who may operate the service from its pages: a role of its own, given and taken at the command line,
//! and of use only to somebody who signed in not long ago.

use super::{Context, DomainError, audit, provenance};
use crate::model::{About, Actor, Deed, Email, Session, Timestamp};
use crate::storage::{StorageError, operators as table, users};

const UNKNOWN: DomainError = DomainError::NotFound("there is no user with this e-mail address");

/// Gives a user the role; `false` when they have it already.
///
/// # Errors
/// [`DomainError::NotFound`] when there is no such user.
pub async fn promote(ctx: &Context, email: &Email) -> Result<bool, DomainError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let user = users::find_by_email_locked(&mut tx, email).await?;
    let user = user.ok_or(UNKNOWN)?;
    let fresh = table::insert(&mut tx, user.id, now).await?;
    if fresh {
        let deed = Deed::new("operator.promoted", About::user(user.id));
        audit::note(&mut tx, now, deed);
    }
    tx.commit().await?;
    Ok(fresh)
}

/// Takes the role away, from the next request on; `false` when the user has it not.
///
/// # Errors
/// [`DomainError::NotFound`] when there is no such user.
pub async fn demote(ctx: &Context, email: &Email) -> Result<bool, DomainError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let user = users::find_by_email_locked(&mut tx, email).await?;
    let user = user.ok_or(UNKNOWN)?;
    let gone = table::delete(&mut tx, user.id).await?;
    if gone {
        let deed = Deed::new("operator.demoted", About::user(user.id));
        audit::note(&mut tx, now, deed);
    }
    tx.commit().await?;
    Ok(gone)
}

/// Whether somebody who is signed in may operate the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// They have the role and signed in lately.
    Granted {
        /// Since when they have it.
        since: Timestamp,
    },
    /// They have the role, and must sign in again.
    Stale,
    /// They have it not.
    Refused,
}

/// Whether somebody who is signed in has the role, however long ago they signed in.
///
/// # Errors
/// When the database fails.
pub async fn have_role(ctx: &Context, session: &Session) -> Result<bool, StorageError> {
    Ok(table::find(&ctx.db, session.user.id).await?.is_some())
}

/// Decides whether somebody may operate the service. Whoever may acts as an operator in this task
/// from here on.
///
/// # Errors
/// When the database fails.
pub async fn admit(ctx: &Context, session: &Session) -> Result<Admission, StorageError> {
    let Some(since) = table::find(&ctx.db, session.user.id).await? else {
        return Ok(Admission::Refused);
    };
    if !session.is_fresh(ctx.clock.now(), ctx.policy.sign_in.operator_session) {
        return Ok(Admission::Stale);
    }
    act(session);
    Ok(Admission::Granted { since })
}

/// From here on, whoever was admitted acts as an operator in this task. Said again by whoever finds the
/// session once more, because finding it says that a user acts.
pub fn act(session: &Session) {
    provenance::act_as(Actor::Operator(Some(session.user.id.to_string())));
}
