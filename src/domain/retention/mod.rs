//! What is no longer needed goes, a little at a time, so that nobody else has to wait for it.
//!
//! Every batch is a transaction of its own and picks its rows off an index, so any number of replicas
//! may do it at once, and one that was interrupted goes on where it stopped.

mod places;
mod rows;

use std::time::Duration;

pub use places::{PlaceReport, Scrubbed, report, scrub};
pub(super) use rows::spare;
pub use rows::{Ended, Pruned, prune};

use super::Context;
pub use super::rest::Rest;
use crate::storage::StorageError;

/// Whose turn it is among replicas.
const TURN: &str = "retention";
/// How many rows one transaction changes at most.
const BATCH: i64 = 500;

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
    let mut all = rows::backlog(ctx).await?;
    all.push(places::backlog(ctx).await?);
    Ok(all)
}
