//! Takes changes of `[policy]` into a running service: now and then, and when told to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::domain::{Context, leak_policy};
use crate::model::LeakPolicy;
use crate::telemetry::Metrics;

/// How often the configuration is looked at.
const INTERVAL: Duration = Duration::from_secs(30);

/// Reads the policy as it is configured now, or tells what is wrong.
pub type ReadPolicy = Arc<dyn Fn() -> Result<LeakPolicy, String> + Send + Sync>;

/// The job.
#[derive(Clone)]
pub struct ReloadPolicy {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
    /// How the configuration is read.
    pub read: ReadPolicy,
    /// Rung when it is to be read at once.
    pub asked: Arc<Notify>,
}

/// What one round leaves to the next.
#[derive(Default)]
struct State {
    /// What was wrong with the configuration, and was said.
    refused: Option<String>,
    /// Whether the audit log does not know yet what is in force.
    untold: bool,
}

impl fmt::Debug for ReloadPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReloadPolicy")
    }
}

impl ReloadPolicy {
    /// Reads until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut state = State::default();
        loop {
            let next = async {
                tokio::select! {
                    () = sleep(INTERVAL) => {}
                    () = self.asked.notified() => {}
                }
            };
            if stop.run_until_cancelled(next).await.is_none() {
                return;
            }
            self.round(&mut state).await;
        }
    }

    /// Reads the configuration; what cannot be read changes nothing, and is said once.
    async fn round(&self, state: &mut State) {
        let read = Arc::clone(&self.read);
        match tokio::task::spawn_blocking(move || read()).await {
            Ok(Ok(policy)) => {
                state.refused = None;
                if self.ctx.leak_policy.replace(policy) {
                    tracing::info!("the policy about leaks has changed and is in force");
                    state.untold = true;
                }
            }
            Ok(Err(all)) => {
                if state.refused.as_ref() != Some(&all) {
                    self.metrics.policy_reload_failed();
                    tracing::error!(
                        problems = %all,
                        "the changed configuration cannot be used: the policy stays as it was"
                    );
                }
                state.refused = Some(all);
            }
            Err(error) => tracing::error!(error = %error, "the configuration cannot be read"),
        }
        if state.untold {
            match leak_policy::tell(&self.ctx).await {
                Ok(()) => state.untold = false,
                Err(error) => tracing::error!(
                    error = %error,
                    "the policy about leaks has changed, which the audit log does not know yet"
                ),
            }
        }
    }
}
