//! Makes, publishes and deletes the keys that sign ID tokens, each in its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, signing_keys};

/// How often the schedule is looked at. Its dates are in the database, so nothing depends on it.
const INTERVAL: Duration = Duration::from_secs(600);

/// The job.
#[derive(Debug)]
pub struct RotateSigningKeys {
    /// The domain's world.
    pub ctx: Arc<Context>,
}

impl RotateSigningKeys {
    /// Looks at the schedule now and then, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.tend().await;
        }
    }

    #[tracing::instrument(name = "job.rotate_signing_keys", skip_all)]
    async fn tend(&self) {
        if let Err(error) = signing_keys::tend(&self.ctx).await {
            tracing::warn!(error = %error, "signing keys could not be looked after");
        }
    }
}
