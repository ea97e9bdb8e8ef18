//! Chains what was appended to the audit log.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, audit};

/// How often: for so long, at most, can a row be changed without being found out.
const INTERVAL: Duration = Duration::from_secs(1);

/// The job.
#[derive(Clone, Debug)]
pub struct ChainAuditLog {
    /// The domain's world.
    pub ctx: Arc<Context>,
}

impl ChainAuditLog {
    /// Chains until told to stop, and once more then.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.round().await;
        }
        self.round().await;
    }

    #[tracing::instrument(name = "job.chain_audit_log", skip_all)]
    async fn round(&self) {
        // What waits is chained the next time.
        match audit::chain(&self.ctx).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "the audit log was chained"),
            Err(error) => tracing::warn!(error = %error, "the audit log could not be chained"),
        }
    }
}
