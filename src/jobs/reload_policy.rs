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

impl fmt::Debug for ReloadPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReloadPolicy")
    }
}

impl ReloadPolicy {
    /// Reads until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut refused = None;
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
            self.round(&mut refused).await;
        }
    }

    /// Reads the configuration; what cannot be read changes nothing, and is said once.
    async fn round(&self, refused: &mut Option<String>) {
        let read = Arc::clone(&self.read);
        match tokio::task::spawn_blocking(move || read()).await {
            Ok(Ok(policy)) => {
                *refused = None;
                match leak_policy::change(&self.ctx, policy).await {
                    Ok(true) => {
                        tracing::info!("the policy about leaks has changed and is in force")
                    }
                    Ok(false) => {}
                    Err(error) => tracing::error!(
                        error = %error,
                        "the policy about leaks has changed, which the audit log does not know"
                    ),
                }
            }
            Ok(Err(all)) => {
                if refused.as_ref() != Some(&all) {
                    self.metrics.policy_reload_failed();
                    tracing::error!(
                        problems = %all,
                        "the changed configuration cannot be used: the policy stays as it was"
                    );
                }
                *refused = Some(all);
            }
            Err(error) => tracing::error!(error = %error, "the configuration cannot be read"),
        }
    }
}
