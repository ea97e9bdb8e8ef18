//! What is no longer needed goes, a little at a time, so that nobody else has to wait for it.
//!
//! Every batch is a transaction of its own and picks its rows off an index, so any number of replicas
//! may do it at once, and one that was interrupted goes on where it stopped.

mod backlog;
mod places;
mod rows;

use std::time::Duration;

pub use places::{PlaceReport, Scrubbed, report, scrub};
pub(super) use rows::spare;
pub use rows::{Ended, Pruned, prune};

use super::Context;
pub use super::rest::Rest;
use crate::model::Clock;
use crate::storage::{StorageError, server_clock};

/// Whose turn it is among replicas.
const TURN: &str = "retention";
/// How many rows one transaction changes at most.
const BATCH: i64 = 500;

/// By how much this machine's clock may differ from the database server's.
const MOST_SKEW: Duration = Duration::from_secs(300);

/// By how much this machine's clock differs from the database server's, when that is too much to delete
/// anything by it: a replica that is far ahead would take what works for long over.
///
/// # Errors
/// When the database fails.
pub async fn skew(ctx: &Context) -> Result<Option<Duration>, StorageError> {
    let theirs = server_clock::now(&ctx.db).await?;
    // Also where the domain goes by another clock.
    let ours = Clock::System.now();
    let skew = theirs.map(|theirs| ours.since(theirs).max(theirs.since(ours)));
    Ok(skew.filter(|skew| *skew > MOST_SKEW))
}

/// How much waits to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// What.
    pub what: &'static str,
    /// How many; no more than [`MOST_COUNTED`] are counted.
    pub waiting: u64,
    /// For how long the oldest of them was kept beyond its time.
    pub overdue: Duration,
}

/// Counting further would cost more than knowing is worth.
pub const MOST_COUNTED: u64 = 10_000;

/// How much of everything waits to be removed.
///
/// # Errors
/// When the database fails.
pub async fn backlog(ctx: &Context) -> Result<Vec<Backlog>, StorageError> {
    let mut all = backlog::of_rows(ctx).await?;
    all.push(places::backlog(ctx).await?);
    Ok(all)
}
