//! Keeps event streams within their bounds.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rounds::Rounds;
use crate::domain::Context;
use crate::domain::streams::operating;

/// How often, about.
const INTERVAL: Duration = Duration::from_secs(60);

/// The job.
#[derive(Clone, Debug)]
pub struct TendStreams {
    /// The domain's world.
    pub ctx: Arc<Context>,
}

impl TendStreams {
    /// Tends them until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = Rounds::about_every(INTERVAL);
        while rounds.next(&stop).await {
            self.round().await;
        }
    }

    #[tracing::instrument(name = "job.tend_streams", skip_all)]
    async fn round(&self) {
        if let Err(error) = operating::tend(&self.ctx).await {
            tracing::warn!(error = %error, "event streams could not be tended");
        }
    }
}
