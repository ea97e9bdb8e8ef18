//! Replicas tell each other by the database what was used.

use super::{Counter, meter::Use};
use crate::domain::Context;
use crate::model::Timestamp;
use crate::storage::limit_uses::{self as table, StoredUse};
use crate::storage::{StorageError, turns};

/// How many subjects are told of at once. Those who used most of their allowance come first, so
/// strangers without number write no more than this into the database, and hide nobody.
const MOST_SHARED: usize = 500;

/// A use, and the limit that it is of.
type New<'c> = (&'c Counter, Use);

/// Tells other replicas what was used here since the last time, and learns what the same subjects
/// used there. What could not be told is told the next time. Tells how many were told of.
///
/// # Errors
/// When the database fails.
pub async fn share(ctx: &Context) -> Result<usize, StorageError> {
    let new = most_used(&ctx.limits.0);
    if new.is_empty() {
        return Ok(0);
    }
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    // What one replica read must not change before it writes.
    turns::take(&mut tx, table::TURN).await?;
    let keys: Vec<_> = new
        .iter()
        .map(|(counter, told)| (counter.limit.name(), told.subject.as_str()))
        .collect();
    let known = table::list(&mut tx, &keys).await?;
    let merged: Vec<_> = new.iter().map(|one| merged(one, &known, now)).collect();
    table::put(&mut tx, &merged).await?;
    tx.commit().await?;
    for ((counter, told), stored) in new.iter().zip(&merged) {
        counter.meter.shared(told, stored.whole_again);
    }
    Ok(new.len())
}

fn most_used(counters: &[Counter]) -> Vec<New<'_>> {
    let mut all: Vec<_> = counters
        .iter()
        .flat_map(|counter| {
            counter
                .meter
                .unshared()
                .into_iter()
                .map(move |u| (counter, u))
        })
        .collect();
    let share = |(counter, told): &New<'_>| {
        told.used.as_secs_f64() / counter.meter.allowance().within.as_secs_f64()
    };
    all.sort_by(|one, other| share(other).total_cmp(&share(one)));
    all.truncate(MOST_SHARED);
    all
}

fn merged((counter, told): &New<'_>, known: &[StoredUse], now: Timestamp) -> StoredUse {
    let limit = counter.limit.name();
    let mut same = known
        .iter()
        .filter(|stored| stored.limit == limit && stored.subject == told.subject);
    let shared = same.next().map(|stored| stored.whole_again);
    let latest = now.plus(counter.allowance.within);
    StoredUse {
        limit: limit.to_owned(),
        subject: told.subject.clone(),
        whole_again: told.onto(shared, latest),
    }
}
