//! The outbox as operators see it: what waits, what was given up, and bringing it back.

use std::time::Duration;

use serde_json::json;

use super::{Context, DomainError, audit, digests, sign_in};
use crate::model::letter::LoginCode;
use crate::model::{About, Deed, Email, Id, Language, Letter};
use crate::storage::StorageError;
pub use crate::storage::outbox::ListedLetter;
use crate::storage::{outbox, users};

/// Up to `limit` letters that have not been sent, dead ones included, oldest first: those behind `after`,
/// or from the oldest on.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    after: Option<Id<Letter>>,
    limit: u32,
) -> Result<Vec<ListedLetter>, DomainError> {
    Ok(outbox::list_unsent(&ctx.db, after, i64::from(limit)).await?)
}

/// One letter that has not been sent.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none with this id.
pub async fn find(ctx: &Context, letter: Id<Letter>) -> Result<ListedLetter, DomainError> {
    let found = outbox::find_unsent(&ctx.db, letter).await?;
    found.ok_or(DomainError::NotFound("no letter with this id is unsent"))
}

/// Brings one dead letter back, due at once.
///
/// # Errors
/// [`DomainError::NotFound`] when no letter with this id is dead.
pub async fn requeue(ctx: &Context, letter: Id<Letter>) -> Result<(), DomainError> {
    match bring_back(ctx, Some(letter)).await? {
        0 => Err(DomainError::NotFound(
            "there is no dead letter with this id",
        )),
        _ => Ok(()),
    }
}

/// Brings every dead letter back, due at once, and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn requeue_all(ctx: &Context) -> Result<usize, DomainError> {
    bring_back(ctx, None).await
}

/// How full the outbox is, and since when the oldest letter waits.
///
/// # Errors
/// When the database fails.
pub async fn lag(ctx: &Context) -> Result<Lag, DomainError> {
    let now = ctx.clock.now();
    let depth = outbox::depth(&ctx.db).await?;
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(Lag {
        waiting: count(depth.waiting),
        dead: count(depth.dead),
        oldest: depth
            .oldest
            .map(|oldest| now.since(oldest))
            .unwrap_or_default(),
    })
}

/// How full the outbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Letters waiting.
    pub waiting: u64,
    /// Letters set aside for an operator.
    pub dead: u64,
    /// Age of the oldest waiting letter; zero when none waits.
    pub oldest: Duration,
}

/// Why a letter that is due cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// It never can be.
    #[error("the code in the letter expired before it could be sent")]
    Expired,
    /// It tells of nothing.
    #[error("nothing is left of what the letter tells")]
    Empty,
    /// What it tells could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The letter with everything in it that is not kept in the outbox: a code is made just now, and what a
/// digest tells is read.
///
/// # Errors
/// [`NotReady::Expired`] and [`NotReady::Empty`] are for ever; with [`NotReady::Storage`] trying again helps.
pub async fn ready_to_send(
    ctx: &Context,
    id: Id<Letter>,
    letter: &Letter,
) -> Result<Letter, NotReady> {
    match letter {
        Letter::LoginCode(login) => {
            let ready = sign_in::ready_to_send(ctx, login).map(Letter::LoginCode);
            ready.ok_or(NotReady::Expired)
        }
        Letter::LeakDigest(digest) => {
            let digest = digests::ready_to_send(ctx, id, digest).await?;
            match (digest.seen.is_empty(), digest.more) {
                (true, 0) => Err(NotReady::Empty),
                _ => Ok(Letter::LeakDigest(digest)),
            }
        }
        other => Ok(other.clone()),
    }
}

/// The language that a letter is written in: that of the page which asked for it or, of what we write
/// unasked, the one in which its reader used the pages last. Addresses of nobody are written to in English.
///
/// # Errors
/// When the database fails.
pub async fn language(
    ctx: &Context,
    letter: &Letter,
    reader: &Email,
) -> Result<Language, StorageError> {
    if let Letter::LoginCode(LoginCode {
        language: Some(tag),
        ..
    }) = letter
    {
        return Ok(Language::of_tag(tag).unwrap_or_default());
    }
    let language = users::find_language(&ctx.db, reader).await?;
    Ok(language.unwrap_or_default())
}

async fn bring_back(ctx: &Context, letter: Option<Id<Letter>>) -> Result<usize, DomainError> {
    let mut tx = ctx.db.begin().await?;
    let now = ctx.clock.now();
    let letters = outbox::requeue(&mut tx, letter, now).await?;
    if letters > 0 {
        let deed = Deed::new("letters.requeued", About::default());
        audit::note(&mut tx, now, deed.with(json!({ "letters": letters })));
    }
    tx.commit().await?;
    if letters > 0 {
        ctx.letters_waiting.ring();
    }
    Ok(letters)
}
