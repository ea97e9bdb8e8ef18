//! The audit log: chained, checked, read. Rows come by themselves, from [`crate::storage::journal`];
//! what is nobody's event but worth a row is said with `note`.

use std::time::Duration;

use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::Context;
use super::rest::{Rest, Restless};
use crate::model::audit::FIRST;
use crate::model::{About, AuditRecord, Deed, HashKeys, Timestamp};
use crate::storage::audit_log::{self, AuditHead};
pub use crate::storage::audit_log::{AuditFilter, ChainedRecord};
use crate::storage::journal::Event;
use crate::storage::{Db, StorageError, Tx};

mod check;
mod configuration;
mod lookback;

pub use check::{Anchor, Check, Flaw, InvalidAnchor, check};
pub use configuration::note_configuration;
pub use lookback::{End, end, look_back, of_token};

/// How many rows are chained in one transaction: few, because whoever asks something meanwhile may have
/// to wait for all of them.
const BATCH: i64 = 20;
/// Between two batches there is rest for so many times as long as the last one took.
const REST: u32 = 6;
/// How many rows wait at most before counting them stops.
const MOST_COUNTED: i64 = 100_000;

/// Says in this transaction that something was done.
pub(super) fn note(tx: &mut Tx, at: Timestamp, deed: Deed) {
    tx.note(at, Event::Done(deed));
}

/// Chains every row that waits, in batches; tells how many.
///
/// # Errors
/// When the database fails. What was chained before stays chained.
pub async fn chain(ctx: &Context) -> Result<u64, StorageError> {
    chain_in_turns(ctx, &Restless).await
}

/// As [`chain`], with rest between the batches.
///
/// # Errors
/// When the database fails. What was chained before stays chained.
pub async fn chain_in_turns(ctx: &Context, rest: &impl Rest) -> Result<u64, StorageError> {
    let mut chained = 0;
    while audit_log::is_loose(&ctx.db).await? {
        let began = Instant::now();
        let rows = chain_batch(ctx).await?;
        chained += rows;
        if rows == 0 || !rest.rest(began.elapsed() * REST).await {
            break;
        }
    }
    vouch_anew(ctx).await?;
    Ok(chained)
}

async fn chain_batch(ctx: &Context) -> Result<u64, StorageError> {
    let mut tx = ctx.db.begin().await?;
    let Some(mut head) = audit_log::lock_head(&mut tx).await? else {
        tracing::error!("the head of the audit log is gone: run `tokenward audit verify`");
        return Ok(0);
    };
    // Vouching for what somebody else wrote would make it true.
    match is_vouched(&head, &ctx.hash_keys) {
        Some(true) => {}
        Some(false) => {
            tracing::error!("the head of the audit log was edited: run `tokenward audit verify`");
            return Ok(0);
        }
        None => {
            tracing::error!(
                "the head of the audit log is under a hash key that is not configured here"
            );
            return Ok(0);
        }
    }
    let loose = audit_log::list_loose(&mut tx, BATCH).await?;
    let mut links = Vec::with_capacity(loose.len());
    for record in &loose {
        head.seq += 1;
        head.link = record.link(head.seq, &head.link);
        links.push((record.id, head.seq, head.link));
    }
    audit_log::link(&mut tx, &links).await?;
    vouch(&mut head, &ctx.hash_keys);
    audit_log::move_head(&mut tx, &head).await?;
    tx.commit().await?;
    Ok(u64::try_from(links.len()).unwrap_or(0))
}

/// A head that an older hash key vouches for is vouched for by the current one, so that the older one
/// can go. What the older one does not vouch for is left for the check to find.
async fn vouch_anew(ctx: &Context) -> Result<(), StorageError> {
    let current = ctx.hash_keys.current().id();
    let is_outdated = |head: &AuditHead| head.hash_key.as_ref().is_some_and(|id| id != current);
    if !audit_log::head(&ctx.db)
        .await?
        .is_some_and(|head| is_outdated(&head))
    {
        return Ok(());
    }
    let mut tx = ctx.db.begin().await?;
    let head = audit_log::lock_head(&mut tx).await?;
    if let Some(mut head) =
        head.filter(|head| is_outdated(head) && is_vouched(head, &ctx.hash_keys) == Some(true))
    {
        vouch(&mut head, &ctx.hash_keys);
        audit_log::move_head(&mut tx, &head).await?;
    }
    tx.commit().await
}

/// Begins the log of a database that was never used: its head is vouched for before there is any row.
/// Called with the first hash key that is admitted, and by no other use of the database, because an empty
/// log of a used one is what somebody left who wanted to hide what was in it.
pub(super) async fn begin(tx: &mut Tx, keys: &HashKeys) -> Result<(), StorageError> {
    if !audit_log::is_unused(tx).await? {
        return Ok(());
    }
    vouch_for_beginning(tx, keys).await
}

/// Begins the log of a database that an earlier version used, which kept none. Only whoever has just
/// added the log to it may say so.
///
/// # Errors
/// When the database fails.
pub async fn adopt(db: &Db, keys: &HashKeys) -> Result<(), StorageError> {
    let mut tx = db.begin().await?;
    vouch_for_beginning(&mut tx, keys).await?;
    tx.commit().await
}

async fn vouch_for_beginning(tx: &mut Tx, keys: &HashKeys) -> Result<(), StorageError> {
    let head = audit_log::lock_head(tx).await?;
    if let Some(mut head) = head.filter(|head| head.seal.is_none() && is_beginning(head)) {
        vouch(&mut head, keys);
        audit_log::move_head(tx, &head).await?;
    }
    Ok(())
}

fn is_beginning(head: &AuditHead) -> bool {
    let (end, pruned) = ((head.seq, head.link), (head.pruned_seq, head.pruned_link));
    (end, pruned) == ((0, FIRST), (0, FIRST))
}

fn vouch(head: &mut AuditHead, keys: &HashKeys) {
    let key = keys.current();
    head.seal = Some(key.vouch(&statement(head)));
    head.hash_key = Some(key.id().clone());
}

/// What a hash key vouches for.
fn statement(head: &AuditHead) -> Vec<u8> {
    let (link, pruned) = (hex::encode(head.link), hex::encode(head.pruned_link));
    let (seq, pruned_seq) = (head.seq, head.pruned_seq);
    format!(
        "that the audit log has {seq} rows up to {link}, those up to {pruned_seq} ({pruned}) pruned"
    )
    .into_bytes()
}

/// Whether the seal is right; `None` when its key is not here.
fn is_vouched(head: &AuditHead, keys: &HashKeys) -> Option<bool> {
    // From the first start on somebody vouches for it, so that nobody can put it back to the beginning.
    let (Some(id), Some(seal)) = (&head.hash_key, &head.seal) else {
        return Some(false);
    };
    let key = keys.iter().find(|key| key.id() == id)?;
    Some(key.vouch(&statement(head)).ct_eq(seal).into())
}

/// Up to `limit` chained rows behind the place `after`, in their order.
///
/// # Errors
/// When the database fails.
pub async fn page(
    ctx: &Context,
    after: i64,
    limit: i64,
) -> Result<Vec<ChainedRecord>, StorageError> {
    audit_log::page(&ctx.db, after, limit).await
}

/// The place of the last chained row; zero when there is none.
///
/// # Errors
/// When the database fails.
pub async fn last(ctx: &Context) -> Result<i64, StorageError> {
    Ok(audit_log::last(&ctx.db).await?.unwrap_or(0))
}

/// The last `limit` rows that fit, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn latest(
    ctx: &Context,
    filter: &AuditFilter,
    limit: u32,
) -> Result<Vec<AuditRecord>, StorageError> {
    audit_log::latest(&ctx.db, filter, i64::from(limit)).await
}

/// How many rows wait to be chained, and for how long the oldest does.
///
/// # Errors
/// When the database fails.
pub async fn waiting(ctx: &Context) -> Result<(u64, Duration), StorageError> {
    let (rows, oldest) = audit_log::count_loose(&ctx.db, MOST_COUNTED).await?;
    let oldest = oldest.map(|oldest| ctx.clock.now().since(oldest));
    Ok((u64::try_from(rows).unwrap_or(0), oldest.unwrap_or_default()))
}

/// Deletes up to `limit` rows from the beginning that are older than `before`; the chain begins behind
/// them from then on, and the head says so.
///
/// # Errors
/// When the database fails.
pub(super) async fn prune(
    ctx: &Context,
    tx: &mut Tx,
    (before, now): (Timestamp, Timestamp),
    limit: i64,
) -> Result<u64, StorageError> {
    let Some(mut head) = audit_log::lock_head(tx).await? else {
        return Ok(0);
    };
    // What is wrong is not made right by deleting it.
    if is_vouched(&head, &ctx.hash_keys) != Some(true) {
        return Ok(0);
    }
    let gone = audit_log::prune(tx, head.pruned_seq, (before, now), limit).await?;
    let rows = gone.len();
    let Some((seq, link)) = gone.into_iter().max_by_key(|(seq, _)| *seq) else {
        return Ok(0);
    };
    (head.pruned_seq, head.pruned_link) = (seq, link);
    let deed = Deed::new("audit_log.pruned", About::default());
    let detail = json!({ "rows": rows, "up_to": seq });
    note(tx, now, deed.with(detail));
    vouch(&mut head, &ctx.hash_keys);
    audit_log::move_head(tx, &head).await?;
    Ok(u64::try_from(rows).unwrap_or(0))
}
