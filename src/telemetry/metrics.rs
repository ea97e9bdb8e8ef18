//! Metrics in the OpenMetrics text format, which Prometheus scrapes.

mod streams;
mod webhooks;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::labels::{
    DeliveryOutcome, IntrospectionAnswer, KeyFetchOutcome, LetterOutcome, method, status_class,
};
use super::process::resident_memory;
use super::series::{Series, add, by, register_build};
use super::tally::{Counts, Tally};
use crate::model::{Figure, Limit, Origin, RevocationReason, Timestamp, TokenKind, Verdict, WayIn};

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    series: Arc<Series>,
    registry: Arc<Registry>,
    tally: Arc<Tally>,
}

/// The outbox as it is at the moment of a scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Letters not sent yet.
    pub waiting: u64,
    /// Letters set aside for an operator.
    pub dead: u64,
    /// For how long the oldest waiting letter has waited; zero when none waits.
    pub oldest_waiting: Duration,
}

impl Metrics {
    /// Metrics of a process that started at `started_at`, all at zero.
    #[must_use]
    pub fn new(started_at: Timestamp) -> Self {
        let series = Series::new();
        series.start_at_zero();
        let mut registry = Registry::default();
        series.register_deliveries(registry.sub_registry_with_prefix("tokenward"));
        series.register_traffic(registry.sub_registry_with_prefix("tokenward"));
        series.register_audit(registry.sub_registry_with_prefix("tokenward"));
        series.register_retention(registry.sub_registry_with_prefix("tokenward"));
        series.register_webhooks(registry.sub_registry_with_prefix("tokenward"));
        series.register_streams(registry.sub_registry_with_prefix("tokenward"));
        register_build(registry.sub_registry_with_prefix("tokenward"));
        // Named as every dashboard expects them, not after us.
        series.register_process(&mut registry, started_at);
        Self {
            series: Arc::new(series),
            registry: Arc::new(registry),
            tally: Arc::default(),
        }
    }

    /// Takes what was counted since the last time, to be written down.
    #[must_use]
    pub fn take_counts(&self) -> Counts {
        self.tally.take()
    }

    /// Gives back what could not be written down.
    pub fn give_back(&self, counts: &Counts) {
        for (figure, number) in counts {
            self.tally.add(*figure, *number);
        }
    }

    /// An origin may report from now on, and is shown at zero until it does.
    pub fn introduce(&self, origin: &Origin) {
        self.series.introduce(origin);
    }

    /// A delivery was answered.
    pub fn delivery(&self, origin: &Origin, outcome: DeliveryOutcome) {
        add(
            &self.series.deliveries,
            &[by(origin), ("outcome", outcome.label().into())],
            1,
        );
    }

    /// `count` reports of one delivery got the same verdict.
    pub fn reports(&self, origin: &Origin, verdict: Verdict, count: u64) {
        add(
            &self.series.reports,
            &[by(origin), ("verdict", verdict.name().into())],
            count,
        );
        let figure = match verdict {
            Verdict::TruePositive => Figure::TruePositives,
            Verdict::FalsePositive => Figure::FalsePositives,
        };
        self.tally.add(figure, count);
    }

    /// A delivery was signed with a key that its origin no longer calls current.
    pub fn noncurrent_key(&self, origin: &Origin) {
        add(&self.series.noncurrent_keys, &[by(origin)], 1);
    }

    /// An origin's keys were fetched.
    pub fn key_fetch(&self, origin: &Origin, outcome: KeyFetchOutcome) {
        add(
            &self.series.key_fetches,
            &[by(origin), ("outcome", outcome.label().into())],
            1,
        );
    }

    /// `count` tokens of a kind were revoked.
    pub fn revocations(&self, kind: TokenKind, reason: RevocationReason, count: u64) {
        let labels = [
            ("kind", kind.name().into()),
            ("reason", reason.name().into()),
        ];
        add(&self.series.revocations, &labels, count);
        self.tally.add(Figure::Revocations, count);
    }

    /// How long it took from a delivery's arrival until its revocations were committed.
    pub fn delivery_to_commit(&self, origin: &Origin, took: Duration) {
        let histogram = self.series.to_commit.get_or_create(&[by(origin)]);
        histogram.observe(took.as_secs_f64());
        self.tally.add(Figure::to_commit(took), 1);
    }

    /// How long it took from a delivery's arrival until a letter about it was taken.
    pub fn delivery_to_letter(&self, took: Duration) {
        self.series.to_letter.observe(took.as_secs_f64());
    }

    /// An attempt to send a letter ended.
    pub fn letter(&self, outcome: LetterOutcome) {
        add(
            &self.series.letters,
            &[("outcome", outcome.label().into())],
            1,
        );
    }

    /// What the outbox holds; to be told before each scrape.
    pub fn outbox(&self, depth: OutboxDepth) {
        let state = |state: &'static str| {
            self.series
                .outbox
                .get_or_create_owned(&[("state", state.into())])
        };
        state("waiting").set(depth.waiting.try_into().unwrap_or(i64::MAX));
        state("dead").set(depth.dead.try_into().unwrap_or(i64::MAX));
        self.series
            .outbox_age
            .set(depth.oldest_waiting.as_secs_f64());
    }

    /// So many rows of the audit log wait to be chained, the oldest for so long; to be told before each
    /// scrape.
    pub fn unchained(&self, rows: u64, oldest: Duration) {
        let rows = rows.try_into().unwrap_or(i64::MAX);
        self.series.unchained.set(rows);
        self.series.unchained_age.set(oldest.as_secs_f64());
    }

    /// How much of one kind waits to be removed, and for how long the oldest of it was kept beyond its
    /// time; to be told before each scrape.
    pub fn backlog(&self, what: &'static str, waiting: u64, overdue: Duration) {
        let labels = [("what", what.into())];
        let number = waiting.try_into().unwrap_or(i64::MAX);
        self.series.backlog.get_or_create(&labels).set(number);
        let overdue = overdue.as_secs_f64();
        self.series.overdue.get_or_create(&labels).set(overdue);
    }

    /// Whether the breaker of an origin is open; to be told before each scrape.
    pub fn breaker(&self, origin: &Origin, open: bool) {
        let labels = [("origin", origin.as_str().to_owned().into())];
        let gauge = self.series.breakers.get_or_create(&labels);
        gauge.set(i64::from(open));
    }

    /// How many leaked tokens are in quarantine; to be told before each scrape.
    pub fn quarantines(&self, number: i64) {
        self.series.quarantines.set(number);
    }

    /// A changed configuration could not be read.
    pub fn policy_reload_failed(&self) {
        self.series.policy_failures.inc();
    }

    /// So much of one kind was removed because its time was over.
    pub fn removed(&self, what: &'static str, count: u64) {
        add(&self.series.removed, &[("what", what.into())], count);
    }

    /// An introspection was answered.
    pub fn introspection(&self, answer: IntrospectionAnswer) {
        add(
            &self.series.introspections,
            &[("answer", answer.label().into())],
            1,
        );
    }

    /// Somebody tried a token that had leaked, so often.
    pub fn leaked_uses(&self, via: WayIn, times: u64) {
        add(
            &self.series.leaked_uses,
            &[("via", via.name().into())],
            times,
        );
    }

    /// So often a limit refused something since the process began; to be told before each scrape.
    pub fn limited(&self, limit: Limit, times: u64) {
        let labels = [("limit", limit.name().into())];
        let counter = self.series.limited.get_or_create_owned(&labels);
        counter.inner().store(times, Ordering::Relaxed);
    }

    /// Somebody was turned away because there was no room for more of that.
    pub fn no_room(&self, what: &'static str) {
        let labels = [("what", what.into())];
        self.series.no_room.get_or_create_owned(&labels).inc();
    }

    /// A service key was used from outside of its networks.
    pub fn foreign_network(&self) {
        self.series.foreign_network.inc();
    }

    /// A request was answered. `route` is the pattern it matched, never its path: paths are
    /// without number and may hold secrets.
    pub fn request(
        &self,
        route: Option<Cow<'static, str>>,
        method_name: &str,
        status: u16,
        took: Duration,
    ) {
        let route = ("route", route.unwrap_or(Cow::Borrowed("none")));
        let method = ("method", method(method_name).into());
        let time = self
            .series
            .request_time
            .get_or_create_owned(&[route.clone(), method.clone()]);
        time.observe(took.as_secs_f64());
        add(
            &self.series.requests,
            &[route, method, ("status", status_class(status).into())],
            1,
        );
    }

    /// Everything, as [`CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        if let Some(bytes) = resident_memory() {
            self.series
                .resident
                .set(bytes.try_into().unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing to a String does not fail; half a page would be worse than none.
            Err(std::fmt::Error) => "# EOF\n".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
