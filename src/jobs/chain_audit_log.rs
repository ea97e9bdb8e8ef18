//! Chains what was appended to the audit log.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::rounds::Patient;
use crate::domain::{Context, audit};

/// How often: for about so long can a row be changed without being found out, longer where thousands wait.
const INTERVAL: Duration = Duration::from_secs(1);

/// The job.
#[derive(Clone, Debug)]
pub struct ChainAuditLog {
    /// The domain's world.
    pub ctx: Arc<Context>,
}

impl ChainAuditLog {
    /// Chains until told to stop. Whoever stops the service chains the rest.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let rest = Patient(stop.clone());
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.round(&rest).await;
        }
    }

    #[tracing::instrument(name = "job.chain_audit_log", skip_all)]
    async fn round(&self, rest: &Patient) {
        // What waits is chained the next time.
        match audit::chain_in_turns(&self.ctx, rest).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "the audit log was chained"),
            Err(error) => tracing::warn!(error = %error, "the audit log could not be chained"),
        }
    }
}
