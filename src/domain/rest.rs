//! Rest between the batches of long work, in which everybody else gets a turn.

use std::time::Duration;

/// Rests between two batches for as long as it is told, and says whether to go on.
pub trait Rest {
    /// Waits, `false` when no further batch is wanted.
    fn rest(&self, pause: Duration) -> impl Future<Output = bool> + Send;
}

/// Goes on at once, for whoever waits for the end.
pub(super) struct Restless;

impl Rest for Restless {
    async fn rest(&self, _: Duration) -> bool {
        true
    }
}
