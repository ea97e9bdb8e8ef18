//! Ends quarantines whose time is over.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rounds::Rounds;
use crate::domain::{Context, quarantines};
use crate::storage::StorageError;
use crate::telemetry::Metrics;

/// How often, about.
const INTERVAL: Duration = Duration::from_secs(30);

/// The job.
#[derive(Clone, Debug)]
pub struct SettleQuarantines {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
}

impl SettleQuarantines {
    /// Ends them until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = Rounds::about_every(INTERVAL);
        while rounds.next(&stop).await {
            if let Err(error) = self.round(&stop).await {
                tracing::warn!(error = %error, "quarantines have to wait for their end");
            }
        }
    }

    #[tracing::instrument(name = "job.settle_quarantines", skip_all)]
    async fn round(&self, stop: &CancellationToken) -> Result<(), StorageError> {
        while !stop.is_cancelled() {
            let settled = quarantines::settle_due(&self.ctx).await?;
            for (kind, reason) in settled.iter().flat_map(quarantines::Settled::revoked) {
                self.metrics.revocations(kind, reason, 1);
            }
            if settled.is_empty() {
                break;
            }
        }
        Ok(())
    }
}
