//! Revokes everything of an owner, a client or a kind, a batch at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, bulk_revocations};
use crate::storage::StorageError;
use crate::telemetry::Metrics;

/// How often it is looked whether there is anything to do.
const POLL: Duration = Duration::from_secs(1);
/// How long the job rests when the database is in trouble.
const TROUBLE: Duration = Duration::from_secs(10);

/// The job.
#[derive(Clone, Debug)]
pub struct RevokeInBulk {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
}

impl RevokeInBulk {
    /// Revokes until told to stop; a batch that has begun is finished.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let pause = match self.round(&stop).await {
                Ok(()) => POLL,
                Err(error) => {
                    tracing::warn!(error = %error, "revoking in bulk has to wait");
                    TROUBLE
                }
            };
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Does everything that is due now.
    ///
    /// # Errors
    /// When the database fails. It goes on where it stopped.
    #[tracing::instrument(name = "job.revoke_in_bulk", skip_all)]
    pub async fn round(&self, stop: &CancellationToken) -> Result<(), StorageError> {
        while let Some(mut claimed) = bulk_revocations::claim(&self.ctx, None).await? {
            loop {
                if stop.is_cancelled() {
                    return Ok(());
                }
                let began = Instant::now();
                let batch = bulk_revocations::advance(&self.ctx, &mut claimed).await?;
                for (kind, reason) in batch.revoked {
                    self.metrics.revocations(kind, reason, 1);
                }
                if batch.finished {
                    break;
                }
                let rest = sleep(claimed.rest_after(began.elapsed()));
                stop.run_until_cancelled(rest).await;
            }
        }
        Ok(())
    }
}
