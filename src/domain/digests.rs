//! What is told of tokens that were dead before they were seen: nobody has to do anything about it at
//! once, so it is collected for each reader and told together.
//!
//! Collected is in the transaction that writes down the place, as a letter would be written. When a
//! reader's first entry has waited for long enough, one letter takes all of theirs. A reader of very
//! many is told of the first by name and of how many more there are; the others are let go a batch at a
//! time and counted in the first entry, so whoever stops in between leaves nothing uncounted.

use std::time::Duration;

use super::Context;
use super::cases::{Case, Revoked};
use super::incident::PRIORITY;
use crate::model::letter::{LeakDigest, TokenExposed};
use crate::model::{Email, Id, Letter, RevocationReason, Timestamp, TokenState};
pub use crate::storage::digests::Collected;
use crate::storage::digests::{self as table};
use crate::storage::outbox::{self, NewLetter};
use crate::storage::{StorageError, turns};

/// How many places a digest names.
pub const MOST_NAMED: i64 = 25;
/// How many entries one transaction lets go.
const BATCH: i64 = 500;
/// For how long after a token died by a leak other places of it are told at once: whoever cleans up after
/// it wants to know them all.
const FRESH: Duration = Duration::from_secs(7 * 86_400);

/// Whether what is told of a token is no more than information: it was dead for another reason, or for so
/// long that the leak it died by is over, and nothing died with it now. A token in quarantine may come
/// back, and one whose owner is blocked as well, so neither is dead.
pub(super) fn is_informational(case: &Case<'_>, revoked: &Revoked, now: Timestamp) -> bool {
    let dead = match case.state {
        TokenState::Expired { .. } => true,
        TokenState::Revoked { at } => !case.is_quarantined() && !is_fresh(case, at, now),
        TokenState::Live | TokenState::Suspended { .. } => false,
    };
    dead && revoked.relatives(case) == 0
}

/// Whether the token worked until a leak, which was not long before `now`. Of one that was made when its
/// grant had just ended nobody knows by what it is dead.
fn is_fresh(case: &Case<'_>, dead_since: Timestamp, now: Timestamp) -> bool {
    let token = &case.found.known.token;
    let by_leak = token.revocation.is_none_or(|end| {
        matches!(
            end.reason,
            RevocationReason::Exposed | RevocationReason::RelativeExposed
        )
    });
    let expired = token.expires_at.is_some_and(|at| at <= dead_since);
    by_leak && !expired && now.since(dead_since) < FRESH
}

/// Puts together what is collected for the reader who waits longest, if they waited for long enough.
/// `false` when there is nobody, or somebody else just did it.
///
/// # Errors
/// When the database fails. What was collected stays collected then.
pub async fn gather_next(ctx: &Context) -> Result<bool, StorageError> {
    let every = ctx.policy.digest_every.unwrap_or_default();
    let before = ctx.clock.now().minus(every);
    let Some(reader) = table::find_due(&ctx.db, before).await? else {
        return Ok(false);
    };
    loop {
        match gather(ctx, &reader, before).await? {
            Step::LetGo => {}
            Step::Written => return Ok(true),
            // Somebody else was faster, and goes on with the others.
            Step::NotDue => return Ok(false),
        }
    }
}

/// What one transaction did.
enum Step {
    /// It let go of a batch of those that will not be named; there may be more.
    LetGo,
    /// It wrote the letter.
    Written,
    /// Nothing of this reader is due.
    NotDue,
}

/// One transaction of it: lets go of some that will not be named or, when none is left, writes the letter.
async fn gather(ctx: &Context, reader: &Email, before: Timestamp) -> Result<Step, StorageError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    turns::take(&mut tx, table::TURN).await?;
    let first = table::find_first(&mut tx, reader).await?;
    let Some(first) = first.filter(|first| first.collected_at <= before) else {
        return Ok(Step::NotDue);
    };
    let let_go = table::delete_unnamed(&mut tx, reader, MOST_NAMED, BATCH).await?;
    let let_go = i64::try_from(let_go).unwrap_or(BATCH);
    if let_go > 0 {
        table::add_unnamed(&mut tx, first.id, let_go).await?;
    }
    if let_go == BATCH {
        tx.commit().await?;
        return Ok(Step::LetGo);
    }
    let digest = NewLetter {
        id: Id::new(now),
        exposure: None,
        recipient: reader.clone(),
        letter: Letter::LeakDigest(LeakDigest {
            since: first.collected_at,
            more: u64::try_from(first.unnamed + let_go).unwrap_or_default(),
            seen: Vec::new(),
        }),
    };
    let id = digest.id;
    outbox::insert(&mut tx, &[digest], PRIORITY, now).await?;
    table::give(&mut tx, reader, MOST_NAMED, id).await?;
    tx.commit().await?;
    ctx.letters_waiting.ring();
    Ok(Step::Written)
}

/// The digest with what it tells. What this version cannot read is counted.
pub(super) async fn ready_to_send(
    ctx: &Context,
    id: Id<Letter>,
    digest: &LeakDigest,
) -> Result<LeakDigest, StorageError> {
    let told = table::list_told(&ctx.db, id).await?;
    let seen: Vec<TokenExposed> = told
        .iter()
        .filter_map(|letter| match letter {
            Some(Letter::TokenExposed(exposed)) => Some(TokenExposed::clone(exposed)),
            _ => None,
        })
        .collect();
    let unreadable = told.len().saturating_sub(seen.len());
    let unreadable = u64::try_from(unreadable).unwrap_or_default();
    Ok(LeakDigest {
        more: digest.more.saturating_add(unreadable),
        seen,
        ..digest.clone()
    })
}

/// What is collected and will be told, for up to `limit` readers in the order of their addresses, and
/// when it is due.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context, limit: u32) -> Result<Vec<(Collected, Timestamp)>, StorageError> {
    let every = ctx.policy.digest_every.unwrap_or_default();
    let all = table::list(&ctx.db, i64::from(limit)).await?;
    let due = |collected: Collected| {
        let due_at = collected.since.plus(every);
        (collected, due_at)
    };
    Ok(all.into_iter().map(due).collect())
}
