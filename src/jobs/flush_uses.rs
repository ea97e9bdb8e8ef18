//! Writes down when tokens were last used, and moves tokens to the current hash key.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, usage};

/// The job.
#[derive(Debug)]
pub struct FlushUses {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// How often.
    pub interval: Duration,
}

impl FlushUses {
    /// Flushes until told to stop, and once more then.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.flush().await;
        }
        self.flush().await;
    }

    #[tracing::instrument(name = "job.flush_uses", skip_all)]
    async fn flush(&self) {
        match usage::flush(&self.ctx).await {
            Ok(0) => {}
            Ok(tokens) => tracing::debug!(tokens, "last uses were written down"),
            // They are kept and written the next time.
            Err(error) => tracing::warn!(error = %error, "last uses could not be written down"),
        }
    }
}
