//! Tells other replicas how much of their limits callers used, and learns what they used there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, limits};

/// How often.
const INTERVAL: Duration = Duration::from_secs(1);

/// The job.
#[derive(Clone, Debug)]
pub struct ShareLimits {
    /// The domain's world.
    pub ctx: Arc<Context>,
}

impl ShareLimits {
    /// Shares each second until told to stop, and once more then.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.share().await;
        }
        self.share().await;
    }

    #[tracing::instrument(name = "job.share_limits", skip_all)]
    async fn share(&self) {
        if let Err(error) = limits::share(&self.ctx).await {
            // It is told the next time.
            tracing::debug!(error = %error, "what was used of limits could not be shared");
        }
    }
}
