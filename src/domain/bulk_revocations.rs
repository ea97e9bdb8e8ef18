//! Revoking everything of an owner, a client or a kind: a stolen laptop, a compromised client, a bad
//! deployment. It is counted first, written down, and done in batches by a job; each batch is one
//! transaction, so nobody else waits for longer than one of them.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::incident::{self, Reasons};
use super::provenance::Provenance;
use super::revocations::{Refusal, take_name};
use super::{Context, audit};
use crate::model::{About, Deed, Id, RevocationReason, Selection, Timestamp, Token, TokenKind};
pub use crate::storage::bulk_revocations::BulkRevocation;
use crate::storage::bulk_revocations::{self as table, Progress};
use crate::storage::idempotency_keys::{self, Repeatable};
use crate::storage::tokens::{self, EndingToken};
use crate::storage::{StorageError, Tx};

/// Tokens found by one statement, for the batches that follow.
const PAGE: i64 = 500;
/// Tokens ended by one transaction: few, because whoever asks something meanwhile may have to wait
/// for all of them.
const BATCH: usize = 20;
/// So many tokens die without rest: what one person has is gone at once, and nobody notices so short a time.
const SPRINT: usize = 1_000;
/// Between two batches there is rest for so many times as long as the last one took, in which everybody
/// else gets a turn.
const REST: u32 = 20;
/// The longest rest, far below [`CLAIM`]: where a batch takes as long as this, rest does not help.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How long a worker holds one without a word.
const CLAIM: Duration = Duration::from_secs(60);

/// How many of the selected tokens nobody has revoked yet. Their relatives are not counted.
///
/// # Errors
/// When the database fails.
pub async fn count(ctx: &Context, selection: &Selection) -> Result<i64, StorageError> {
    tokens::count_selected(&ctx.db, selection, just_after(ctx.clock.now())).await
}

/// What was made in the same millisecond was there when it was asked for.
fn just_after(asked_at: Timestamp) -> Timestamp {
    asked_at.plus(Duration::from_millis(1))
}

/// Writes down that all selected tokens shall be revoked, those that exist now. A job does it.
///
/// # Errors
/// When the database fails.
pub async fn begin(
    ctx: &Context,
    service_key: Option<Id<Token>>,
    selection: Selection,
    reason: RevocationReason,
) -> Result<BulkRevocation, StorageError> {
    let id = Id::new(ctx.clock.now());
    begin_once(ctx, id, service_key, (selection, reason)).await
}

/// As [`begin`], under an id that was chosen before: asked for again, it is the one that has begun, and
/// nothing else happens.
///
/// # Errors
/// When the database fails.
pub async fn begin_once(
    ctx: &Context,
    id: Id<BulkRevocation>,
    service_key: Option<Id<Token>>,
    (selection, reason): (Selection, RevocationReason),
) -> Result<BulkRevocation, StorageError> {
    if let Some(begun) = table::find(&ctx.db, id).await? {
        return Ok(begun);
    }
    let new = counted(ctx, id, service_key, (selection, reason)).await?;
    let mut tx = ctx.db.begin().await?;
    if !write(&mut tx, &new).await? {
        drop(tx);
        let begun = table::find(&ctx.db, id).await?;
        return Ok(begun.unwrap_or(new));
    }
    tx.commit().await?;
    tell(&new);
    Ok(new)
}

/// As [`begin`], for a service that may ask again under the same name: it is the one that has begun, then,
/// and the second value is `true`.
///
/// # Errors
/// See [`Refusal`]; nothing has begun then, or, when the database failed during the commit, perhaps it has.
pub async fn begin_named(
    ctx: &Context,
    what: (Selection, RevocationReason),
    name: &Repeatable,
) -> Result<(BulkRevocation, bool), Refusal> {
    let id = Id::new(ctx.clock.now());
    let new = counted(ctx, id, Some(name.service_key), what).await?;
    let mut tx = ctx.db.begin().await?;
    if let Some(earlier) = take_name(&mut tx, name, new.requested_at).await? {
        drop(tx);
        let id: Id<BulkRevocation> = earlier.parse().map_err(|_| Refusal::NameTaken)?;
        let begun = table::find(&ctx.db, id).await?.ok_or(Refusal::NameTaken)?;
        return Ok((begun, true));
    }
    write(&mut tx, &new).await?;
    idempotency_keys::answer(&mut tx, name, &new.id.to_string()).await?;
    tx.commit().await?;
    tell(&new);
    Ok((new, false))
}

async fn counted(
    ctx: &Context,
    id: Id<BulkRevocation>,
    service_key: Option<Id<Token>>,
    (selection, reason): (Selection, RevocationReason),
) -> Result<BulkRevocation, StorageError> {
    let counted = count(ctx, &selection).await?;
    Ok(BulkRevocation {
        id,
        service_key,
        selection,
        reason,
        requested_at: ctx.clock.now(),
        counted,
        revoked: 0,
        position: Id::from_uuid(Uuid::nil()),
        finished_at: None,
    })
}

/// `false` when there is one with this id.
async fn write(tx: &mut Tx, new: &BulkRevocation) -> Result<bool, StorageError> {
    if !table::insert(tx, new).await? {
        return Ok(false);
    }
    let selection: Value = serde_json::from_str(&new.selection.to_stored()).unwrap_or_default();
    let detail = json!({
        "bulk_revocation": new.id,
        "tokens": new.counted,
        "reason": new.reason.name(),
        "selection": selection,
    });
    let deed = Deed::new("bulk_revocation.begun", About::default());
    audit::note(tx, new.requested_at, deed.with(detail));
    Ok(true)
}

fn tell(new: &BulkRevocation) {
    tracing::info!(
        bulk_revocation.id = %new.id, tokens = new.counted, reason = new.reason.name(),
        "everything of an owner, client or kind is being revoked"
    );
}

/// The latest `limit` of them, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context, limit: u32) -> Result<Vec<BulkRevocation>, StorageError> {
    table::list(&ctx.db, i64::from(limit)).await
}

/// How far one has come.
///
/// # Errors
/// When the database fails.
pub async fn find(
    ctx: &Context,
    id: Id<BulkRevocation>,
) -> Result<Option<BulkRevocation>, StorageError> {
    table::find(&ctx.db, id).await
}

/// One that this process works on.
#[derive(Debug)]
pub struct Claimed {
    bulk: BulkRevocation,
    /// In whose name it is done, if that is known.
    order: Option<Provenance>,
    claim: Uuid,
    /// What was found and comes next.
    ahead: VecDeque<EndingToken>,
    /// Whether there is nothing behind that.
    exhausted: bool,
    /// How many tokens it has looked at.
    done: usize,
}

impl Claimed {
    /// How long to rest after a batch that took so long.
    #[must_use]
    pub fn rest_after(&self, took: Duration) -> Duration {
        rest_after(self.done, took)
    }
}

/// Takes the one that has waited longest, if any is due; or `only` one, if that is.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    ctx: &Context,
    only: Option<Id<BulkRevocation>>,
) -> Result<Option<Claimed>, StorageError> {
    let now = ctx.clock.now();
    if !table::is_due(&ctx.db, now).await? {
        return Ok(None);
    }
    let claim = Id::<Claimed>::new(now).uuid();
    let mut tx = ctx.db.begin().await?;
    let bulk = table::claim(&mut tx, only, claim, (now, now.plus(CLAIM))).await?;
    let order = match &bulk {
        Some(bulk) => table::find_actor(&mut tx, bulk.id).await?,
        None => None,
    };
    tx.commit().await?;
    Ok(bulk.map(|bulk| Claimed {
        bulk,
        order: order.map(|(actor, id)| Provenance::order(actor, id)),
        claim,
        ahead: VecDeque::new(),
        exhausted: false,
        done: 0,
    }))
}

/// What one batch has done.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The tokens that died.
    pub revoked: Vec<(TokenKind, RevocationReason)>,
    /// Whether there is nothing left to do, here at least.
    pub finished: bool,
}

fn rest_after(done: usize, took: Duration) -> Duration {
    match done < SPRINT {
        true => Duration::ZERO,
        false => took.saturating_mul(REST).min(LONGEST_REST),
    }
}

/// Does the next batch.
///
/// # Errors
/// When the database fails. What was done before stays done.
pub async fn advance(ctx: &Context, claimed: &mut Claimed) -> Result<Batch, StorageError> {
    if claimed.ahead.is_empty() && !claimed.exhausted {
        look_ahead(ctx, claimed).await?;
    }
    let batch = claimed.ahead.len().min(BATCH);
    let ending = end_batch(ctx, claimed, batch, ctx.clock.now());
    let ended = match claimed.order.clone() {
        Some(order) => order.within(ending).await,
        None => ending.await,
    };
    match ended {
        Ok(done) => {
            claimed.ahead.drain(..batch);
            claimed.done += batch;
            Ok(done)
        }
        // It lost against another transaction, and nothing has changed: the next call does it.
        Err(StorageError::Conflict(_)) => Ok(Batch::default()),
        Err(error) => Err(error),
    }
}

/// Finds what comes next. What others end meanwhile does not die again.
async fn look_ahead(ctx: &Context, claimed: &mut Claimed) -> Result<(), StorageError> {
    let bulk = &claimed.bulk;
    let end = just_after(bulk.requested_at);
    let found = tokens::list_selected(&ctx.db, &bulk.selection, end, bulk.position, PAGE).await?;
    claimed.exhausted = i64::try_from(found.len()).is_ok_and(|found| found < PAGE);
    claimed.bulk.position = found.last().map_or(bulk.position, |token| token.id);
    claimed.ahead = found.into();
    Ok(())
}

async fn end_batch(
    ctx: &Context,
    claimed: &Claimed,
    batch: usize,
    now: Timestamp,
) -> Result<Batch, StorageError> {
    let bulk = &claimed.bulk;
    let ending: Vec<_> = claimed.ahead.iter().take(batch).cloned().collect();
    let finished = claimed.exhausted && batch == claimed.ahead.len();
    let mut tx = ctx.db.begin().await?;
    let dead = incident::end_tokens(&mut tx, &ending, Reasons::all(bulk.reason), now).await?;
    let revoked = dead.by_kind_and_reason();
    let progress = Progress {
        claim: claimed.claim,
        position: ending.last().map_or(bulk.position, |token| token.id),
        revoked: i64::try_from(revoked.len()).unwrap_or(i64::MAX),
        until: now.plus(CLAIM),
        finished_at: finished.then_some(now),
    };
    if !table::advance(&mut tx, bulk.id, &progress).await? {
        // Somebody else goes on with it: nothing was done here.
        return Ok(Batch {
            finished: true,
            ..Batch::default()
        });
    }
    tx.commit().await?;
    Ok(Batch { revoked, finished })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CLAIM, SPRINT, rest_after};

    #[test]
    fn rest_is_in_proportion_and_never_outlasts_the_claim() {
        let rest = |took| rest_after(SPRINT, took);
        assert_eq!(rest(Duration::from_millis(5)), Duration::from_millis(100));
        assert!(rest(Duration::from_secs(30)) < CLAIM / 10);
        assert!(rest(Duration::MAX) < CLAIM / 10);
    }

    #[test]
    fn what_one_person_has_dies_without_rest() {
        let took = Duration::from_millis(5);
        assert_eq!(rest_after(0, took), Duration::ZERO);
        assert_eq!(rest_after(SPRINT - 1, took), Duration::ZERO);
        assert!(rest_after(SPRINT, took) > took);
    }
}
