//! Writes down when tokens were last used and when leaked ones were tried, and moves tokens to the
//! current hash key.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, leaked_uses, usage};
use crate::telemetry::Metrics;

/// How long a use that is in a hurry waits for others.
const GATHER: Duration = Duration::from_millis(50);

/// The job.
#[derive(Debug)]
pub struct FlushUses {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
    /// How often.
    pub interval: Duration,
}

impl FlushUses {
    /// Flushes until told to stop, and once more then.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop
            .run_until_cancelled(self.due(&mut ticks))
            .await
            .is_some()
        {
            self.flush().await;
        }
        self.flush().await;
    }

    /// Waits until it is time, or until a use is to be written down at once; then a moment longer,
    /// so that uses at about the same time are written down together.
    async fn due(&self, ticks: &mut Interval) {
        tokio::select! {
            _ = ticks.tick() => {}
            () = self.ctx.pending_uses.hurried() => sleep(GATHER).await,
            () = self.ctx.leaked_uses.hurried() => sleep(GATHER).await,
        }
    }

    #[tracing::instrument(name = "job.flush_uses", skip_all)]
    async fn flush(&self) {
        match usage::flush(&self.ctx).await {
            Ok(0) => {}
            Ok(tokens) => tracing::debug!(tokens, "last uses were written down"),
            // They are kept and written the next time.
            Err(error) => tracing::warn!(error = %error, "last uses could not be written down"),
        }
        match leaked_uses::flush(&self.ctx).await {
            Ok(all) => {
                for one in all {
                    self.metrics.leaked_uses(one.via, one.times);
                    tracing::info!(
                        token.id = %one.token, via = one.via.name(), times = one.times,
                        "somebody tried a token that had leaked"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "uses of leaked tokens could not be written down");
            }
        }
    }
}
