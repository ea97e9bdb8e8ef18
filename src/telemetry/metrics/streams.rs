//! What is counted of event streams.

use std::time::Duration;

use super::Metrics;
use crate::telemetry::series::add;

impl Metrics {
    /// A push of a token ended, and it was `taken`, `refused`, `retried` or `dead`.
    pub fn event_pushed(&self, outcome: &'static str) {
        add(
            &self.series.events_pushed,
            &[("outcome", outcome.into())],
            1,
        );
    }

    /// A receiver that fetches spoke of so many tokens, and they were `fetched`, `refused` or, because it may
    /// take them later, `retried`.
    pub fn events_heard(&self, outcome: &'static str, number: u64) {
        add(
            &self.series.events_pushed,
            &[("outcome", outcome.into())],
            number,
        );
    }

    /// What waits in event streams, since when the oldest does, and how many streams the service
    /// disabled; to be told before each scrape.
    pub fn event_queue(&self, waiting: u64, oldest: Duration, disabled: u64) {
        let count = |number: u64| number.try_into().unwrap_or(i64::MAX);
        self.series.events_waiting.set(count(waiting));
        self.series.events_age.set(oldest.as_secs_f64());
        self.series.streams_disabled.set(count(disabled));
    }
}
