//! Work that is done in rounds, now and then, and rests between its steps.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::domain::Context;
use crate::domain::retention::{self, Rest};
use crate::model::random;

/// The longest wait before the first round: replicas that start together do not work together.
const LONGEST_START: Duration = Duration::from_secs(60);

/// When the next round is.
pub(super) struct Rounds {
    interval: Duration,
    pause: Duration,
}

impl Rounds {
    /// Rounds with pauses of about `interval`; the first one soon.
    pub(super) fn about_every(interval: Duration) -> Self {
        Self {
            interval,
            pause: LONGEST_START.min(interval).mul_f64(random::fraction()),
        }
    }

    /// Waits until it is time; `false` when no further round is wanted.
    pub(super) async fn next(&mut self, stop: &CancellationToken) -> bool {
        let pause = sleep(self.pause);
        self.pause = self.interval.mul_f64(0.8 + 0.4 * random::fraction());
        stop.run_until_cancelled(pause).await.is_some()
    }
}

/// Rests, unless told to stop.
pub(super) struct Patient(pub(super) CancellationToken);

impl Rest for Patient {
    async fn rest(&self, pause: Duration) -> bool {
        self.0.run_until_cancelled(sleep(pause)).await.is_some()
    }
}

/// Whether this machine's clock is one to delete by. Says so when it is not.
pub(super) async fn may_delete(ctx: &Context) -> bool {
    match retention::skew(ctx).await {
        Ok(None) => true,
        Ok(Some(skew)) => {
            let seconds = skew.as_secs();
            tracing::error!(
                seconds,
                "nothing is deleted: the clocks of this machine and of the database server differ"
            );
            false
        }
        Err(error) => {
            tracing::warn!(error = %error, "nothing is deleted: what time it is cannot be asked");
            false
        }
    }
}
