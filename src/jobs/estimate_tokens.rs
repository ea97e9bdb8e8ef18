//! Keeps it known how many tokens work, about.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rounds::Rounds;
use crate::domain::{Context, live_tokens};

/// How often, about.
const INTERVAL: Duration = Duration::from_secs(600);

/// The job.
#[derive(Clone, Debug)]
pub struct EstimateTokens {
    /// The domain's world.
    pub ctx: Arc<Context>,
}

impl EstimateTokens {
    /// Estimates now and then, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = Rounds::about_every(INTERVAL);
        while rounds.next(&stop).await {
            if let Err(error) = live_tokens::refresh(&self.ctx).await {
                tracing::warn!(error = %error, "the number of tokens that work is not known anew");
            }
        }
    }
}
