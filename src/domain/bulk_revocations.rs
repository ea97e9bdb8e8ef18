//! Revoking everything of an owner, a client or a kind: a stolen laptop, a compromised client, a bad
//! deployment. It is counted first, written down, and done in batches by a job; each batch is one
//! transaction, so nobody else waits for longer than one of them.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::cases::Case;
use super::incident::{self, Reasons};
use super::{Context, audit};
use crate::model::{About, Deed, Id, RevocationReason, Selection, Timestamp, Token, TokenKind};
use crate::storage::StorageError;
pub use crate::storage::bulk_revocations::BulkRevocation;
use crate::storage::bulk_revocations::{self as table, Progress};
use crate::storage::tokens;

/// Tokens looked at by one transaction: few, because whoever asks something meanwhile may have to wait
/// for all of them.
const BATCH: i64 = 20;
/// Between two batches there is rest for so many times as long as the last one took, in which everybody
/// else gets a turn.
const REST: u32 = 6;
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
    let counted = count(ctx, &selection).await?;
    let now = ctx.clock.now();
    let new = BulkRevocation {
        id,
        service_key,
        selection,
        reason,
        requested_at: now,
        counted,
        revoked: 0,
        position: Id::from_uuid(Uuid::nil()),
        finished_at: None,
    };
    let mut tx = ctx.db.begin().await?;
    if !table::insert(&mut tx, &new).await? {
        drop(tx);
        let begun = table::find(&ctx.db, id).await?;
        return Ok(begun.unwrap_or(new));
    }
    let detail = json!({ "bulk_revocation": new.id, "tokens": counted });
    let deed = Deed::new("bulk_revocation.begun", About::default());
    audit::note(&mut tx, now, deed.with(detail));
    tx.commit().await?;
    tracing::info!(
        bulk_revocation.id = %new.id, tokens = counted, reason = reason.name(),
        "everything of an owner, client or kind is being revoked"
    );
    Ok(new)
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
    claim: Uuid,
}

/// Takes the one that has waited longest, if any is due.
///
/// # Errors
/// When the database fails.
pub async fn claim(ctx: &Context) -> Result<Option<Claimed>, StorageError> {
    let now = ctx.clock.now();
    if !table::is_due(&ctx.db, now).await? {
        return Ok(None);
    }
    let claim = Id::<Claimed>::new(now).uuid();
    let mut tx = ctx.db.begin().await?;
    let bulk = table::claim(&mut tx, claim, now, now.plus(CLAIM)).await?;
    tx.commit().await?;
    Ok(bulk.map(|bulk| Claimed { bulk, claim }))
}

/// What one batch has done.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The tokens that died.
    pub revoked: Vec<(TokenKind, RevocationReason)>,
    /// Whether there is nothing left to do, here at least.
    pub finished: bool,
}

/// How long to rest after a batch that took so long.
#[must_use]
pub fn rest_after(took: Duration) -> Duration {
    took.saturating_mul(REST).min(LONGEST_REST)
}

/// Does the next batch.
///
/// # Errors
/// When the database fails. What was done before stays done.
pub async fn advance(ctx: &Context, claimed: &mut Claimed) -> Result<Batch, StorageError> {
    let bulk = &claimed.bulk;
    let end = just_after(bulk.requested_at);
    let (selection, position) = (&bulk.selection, bulk.position);
    let found = tokens::list_selected(&ctx.db, selection, end, position, BATCH).await?;
    let now = ctx.clock.now();
    let cases: Vec<Case<'_>> = found.iter().map(|found| Case::alone(found, now)).collect();
    let finished = found.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
    let last = found.last().map_or(position, |found| found.known.token.id);
    match end_batch(ctx, claimed, &cases, (last, finished), now).await {
        Ok(batch) => {
            claimed.bulk.position = last;
            Ok(batch)
        }
        // It lost against another transaction, and nothing has changed: the next call does it.
        Err(StorageError::Conflict(_)) => Ok(Batch::default()),
        Err(error) => Err(error),
    }
}

async fn end_batch(
    ctx: &Context,
    claimed: &Claimed,
    cases: &[Case<'_>],
    (last, finished): (Id<Token>, bool),
    now: Timestamp,
) -> Result<Batch, StorageError> {
    let bulk = &claimed.bulk;
    let mut tx = ctx.db.begin().await?;
    let cases: Vec<_> = cases.iter().collect();
    let dead = incident::end_tokens(&mut tx, &cases, Reasons::all(bulk.reason), now).await?;
    let revoked = dead.by_kind_and_reason();
    let progress = Progress {
        claim: claimed.claim,
        position: last,
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

    use super::{CLAIM, rest_after};

    #[test]
    fn rest_is_in_proportion_and_never_outlasts_the_claim() {
        assert_eq!(
            rest_after(Duration::from_millis(5)),
            Duration::from_millis(30)
        );
        assert!(rest_after(Duration::from_secs(30)) < CLAIM / 10);
        assert!(rest_after(Duration::MAX) < CLAIM / 10);
    }
}
