//! Deletes what is over, once that was kept for long enough.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rounds::{Patient, Rounds, may_delete};
use crate::domain::Context;
use crate::domain::retention::{self, Ended};
use crate::telemetry::Metrics;

/// How often, about.
const INTERVAL: Duration = Duration::from_secs(600);

/// The job.
#[derive(Clone, Debug)]
pub struct Prune {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
}

impl Prune {
    /// Prunes now and then, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        if !self.ctx.policy.retention.enabled {
            return stop.cancelled().await;
        }
        let mut rounds = Rounds::about_every(INTERVAL);
        while rounds.next(&stop).await {
            if may_delete(&self.ctx).await {
                self.round(&stop).await;
            }
        }
    }

    #[tracing::instrument(name = "job.prune", skip_all)]
    async fn round(&self, stop: &CancellationToken) {
        for what in Ended::ALL {
            match retention::prune(&self.ctx, what, &Patient(stop.clone())).await {
                Ok(done) => {
                    self.metrics.removed(what.name(), done.rows);
                    self.metrics.removed("grants", done.grants);
                    if done.rows > 0 {
                        let what = what.name();
                        tracing::info!(what, rows = done.rows, "what is over was deleted");
                    }
                }
                // What is left is done in the next round.
                Err(error) => {
                    tracing::warn!(what = what.name(), error = %error, "cannot delete what is over");
                }
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }
}
