//! Removes where tokens were seen, once that was kept for long enough.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rounds::{Patient, Rounds, may_delete};
use crate::domain::{Context, retention};
use crate::telemetry::Metrics;

/// How often, about.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// The job.
#[derive(Clone, Debug)]
pub struct ScrubExposures {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
}

impl ScrubExposures {
    /// Scrubs now and then, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = Rounds::about_every(INTERVAL);
        while rounds.next(&stop).await {
            if may_delete(&self.ctx).await {
                self.round(&stop).await;
            }
        }
    }

    #[tracing::instrument(name = "job.scrub_exposures", skip_all)]
    async fn round(&self, stop: &CancellationToken) {
        match retention::scrub(&self.ctx, &Patient(stop.clone())).await {
            Ok(done) => {
                self.metrics.removed("places", done.exposures);
                if done.exposures + done.sealed + done.owned > 0 {
                    tracing::info!(
                        exposures = done.exposures,
                        letters = done.letters,
                        sealed = done.sealed,
                        owned = done.owned,
                        "places that were kept for long enough are gone"
                    );
                }
            }
            // What is left is done in the next round.
            Err(error) => tracing::warn!(error = %error, "places could not be removed"),
        }
    }
}
