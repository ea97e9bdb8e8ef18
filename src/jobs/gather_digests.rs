//! Writes the digests whose time has come: what was collected becomes letters.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rounds::Rounds;
use crate::domain::{Context, digests};

/// How often it is looked whose time has come, about.
const INTERVAL: Duration = Duration::from_secs(300);

/// The job.
#[derive(Clone, Debug)]
pub struct GatherDigests {
    /// The domain's world.
    pub ctx: Arc<Context>,
}

impl GatherDigests {
    /// Writes them until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = Rounds::about_every(INTERVAL);
        while rounds.next(&stop).await {
            self.round(&stop).await;
        }
    }

    #[tracing::instrument(name = "job.gather_digests", skip_all)]
    async fn round(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match digests::gather_next(&self.ctx).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(error = %error, "digests have to wait");
                    return;
                }
            }
        }
    }
}
