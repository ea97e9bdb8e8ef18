//! What is counted of telling machines.

use super::{Metrics, OutboxDepth};
use crate::telemetry::series::add;

impl Metrics {
    /// A try to tell a machine ended, and its message was `delivered`, `retried` or `dead`.
    pub fn webhook(&self, outcome: &'static str) {
        add(&self.series.webhooks, &[("outcome", outcome.into())], 1);
    }

    /// What waits for machines, and how many endpoints are told nothing because they are gone or fail;
    /// to be told before each scrape.
    pub fn webhook_queue(&self, depth: OutboxDepth, disabled: u64) {
        for (state, number) in [("waiting", depth.waiting), ("dead", depth.dead)] {
            let gauge = self
                .series
                .webhook_queue
                .get_or_create_owned(&[("state", state.into())]);
            gauge.set(number.try_into().unwrap_or(i64::MAX));
        }
        let oldest = depth.oldest_waiting.as_secs_f64();
        self.series.webhook_age.set(oldest);
        let disabled = disabled.try_into().unwrap_or(i64::MAX);
        self.series.webhooks_disabled.set(disabled);
    }
}
