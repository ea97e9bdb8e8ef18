//! Writes down what operators see over time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, figures};
use crate::telemetry::Metrics;

/// How often: what a crash takes with it was counted since.
const INTERVAL: Duration = Duration::from_secs(10);

/// The job.
#[derive(Clone, Debug)]
pub struct NoteFigures {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What counts.
    pub metrics: Metrics,
}

impl NoteFigures {
    /// Writes down until told to stop, and once more then.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.round().await;
        }
        self.round().await;
    }

    /// Writes down once.
    #[tracing::instrument(name = "job.note_figures", skip_all)]
    pub async fn round(&self) {
        let counts = self.metrics.take_counts();
        if let Err(error) = figures::note(&self.ctx, &counts).await {
            tracing::warn!(error = %error, "figures have to wait to be written down");
            self.metrics.give_back(&counts);
        }
    }
}
