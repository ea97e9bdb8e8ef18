//! Metrics in the OpenMetrics text format, which Prometheus scrapes.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::labels::{
    DeliveryOutcome, IntrospectionAnswer, KeyFetchOutcome, LetterOutcome, method, status_class,
};
use super::process::resident_memory;
use crate::model::{Origin, RevocationReason, Timestamp, TokenKind, Verdict};

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Label = (&'static str, Cow<'static, str>);
type Counters<const N: usize> = Family<[Label; N], Counter>;
type Histograms<const N: usize> = Family<[Label; N], Histogram, Buckets>;

/// Everything that is counted. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    series: Arc<Series>,
    registry: Arc<Registry>,
}

#[derive(Debug)]
struct Series {
    deliveries: Counters<2>,
    reports: Counters<2>,
    noncurrent_keys: Counters<1>,
    key_fetches: Counters<2>,
    revocations: Counters<2>,
    to_commit: Histograms<1>,
    to_letter: Histogram,
    letters: Counters<1>,
    outbox: Family<[Label; 1], Gauge>,
    outbox_age: Gauge<f64, AtomicU64>,
    introspections: Counters<1>,
    requests: Counters<3>,
    request_time: Histograms<2>,
    resident: Gauge,
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

/// Upper bounds of a histogram, in seconds.
#[derive(Clone, Copy, Debug)]
struct Buckets(&'static [f64]);

const REQUEST: Buckets = Buckets(&[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
]);
const TO_COMMIT: Buckets = Buckets(&[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0,
]);
const TO_LETTER: Buckets = Buckets(&[
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0,
]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
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
        register_build(registry.sub_registry_with_prefix("tokenward"));
        // Named as every dashboard expects them, not after us.
        series.register_process(&mut registry, started_at);
        Self {
            series: Arc::new(series),
            registry: Arc::new(registry),
        }
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
    }

    /// How long it took from a delivery's arrival until its revocations were committed.
    pub fn delivery_to_commit(&self, origin: &Origin, took: Duration) {
        let histogram = self.series.to_commit.get_or_create(&[by(origin)]);
        histogram.observe(took.as_secs_f64());
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

    /// An introspection was answered.
    pub fn introspection(&self, answer: IntrospectionAnswer) {
        add(
            &self.series.introspections,
            &[("answer", answer.label().into())],
            1,
        );
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

fn by(origin: &Origin) -> Label {
    let name = match origin.as_str() {
        "github" => Cow::Borrowed("github"),
        other => Cow::Owned(other.to_owned()),
    };
    ("origin", name)
}

fn add<const N: usize>(counters: &Counters<N>, labels: &[Label; N], count: u64) {
    counters.get_or_create(labels).inc_by(count);
}

impl Series {
    fn new() -> Self {
        Self {
            deliveries: Family::default(),
            reports: Family::default(),
            noncurrent_keys: Family::default(),
            key_fetches: Family::default(),
            revocations: Family::default(),
            to_commit: Family::new_with_constructor(TO_COMMIT),
            to_letter: TO_LETTER.new_metric(),
            letters: Family::default(),
            outbox: Family::default(),
            outbox_age: Gauge::default(),
            introspections: Family::default(),
            requests: Family::default(),
            request_time: Family::new_with_constructor(REQUEST),
            resident: Gauge::default(),
        }
    }

    /// A series that appears with its first event hides that event from `rate()`.
    fn start_at_zero(&self) {
        let github = || by(&Origin::GITHUB);
        for outcome in DeliveryOutcome::ALL {
            add(
                &self.deliveries,
                &[github(), ("outcome", outcome.label().into())],
                0,
            );
        }
        for verdict in [Verdict::TruePositive, Verdict::FalsePositive] {
            add(
                &self.reports,
                &[github(), ("verdict", verdict.name().into())],
                0,
            );
        }
        for outcome in KeyFetchOutcome::ALL {
            add(
                &self.key_fetches,
                &[github(), ("outcome", outcome.label().into())],
                0,
            );
        }
        for outcome in LetterOutcome::ALL {
            add(&self.letters, &[("outcome", outcome.label().into())], 0);
        }
        for answer in IntrospectionAnswer::ALL {
            add(
                &self.introspections,
                &[("answer", answer.label().into())],
                0,
            );
        }
        add(&self.noncurrent_keys, &[github()], 0);
    }

    fn register_deliveries(&self, to: &mut Registry) {
        to.register("deliveries", "Deliveries answered", self.deliveries.clone());
        to.register(
            "reports",
            "Reports in deliveries, by verdict",
            self.reports.clone(),
        );
        let help = "Deliveries signed with a key its origin no longer calls current";
        to.register(
            "noncurrent_key_deliveries",
            help,
            self.noncurrent_keys.clone(),
        );
        to.register(
            "key_fetches",
            "Fetches of origins' keys",
            self.key_fetches.clone(),
        );
        to.register("revocations", "Tokens revoked", self.revocations.clone());
        let help = "Time from a delivery's arrival to its commit";
        to.register_with_unit(
            "delivery_to_commit",
            help,
            Unit::Seconds,
            self.to_commit.clone(),
        );
        let help = "Time from a delivery's arrival to a letter about it being taken";
        to.register_with_unit(
            "delivery_to_letter",
            help,
            Unit::Seconds,
            self.to_letter.clone(),
        );
    }

    fn register_traffic(&self, to: &mut Registry) {
        to.register("letters", "Attempts to send a letter", self.letters.clone());
        to.register(
            "outbox_letters",
            "Letters in the outbox",
            self.outbox.clone(),
        );
        let help = "Age of the oldest letter that waits";
        to.register_with_unit(
            "outbox_oldest",
            help,
            Unit::Seconds,
            self.outbox_age.clone(),
        );
        to.register(
            "introspections",
            "Introspections answered",
            self.introspections.clone(),
        );
        to.register("http_requests", "Requests answered", self.requests.clone());
        let help = "Time to answer a request";
        to.register_with_unit(
            "http_request",
            help,
            Unit::Seconds,
            self.request_time.clone(),
        );
    }

    fn register_process(&self, to: &mut Registry, started_at: Timestamp) {
        let start: Gauge = Gauge::default();
        start.set(started_at.as_seconds());
        let help = "Start of the process, since the epoch";
        to.register_with_unit("process_start_time", help, Unit::Seconds, start);
        if resident_memory().is_some() {
            let help = "Resident memory of the process";
            let resident = self.resident.clone();
            to.register_with_unit("process_resident_memory", help, Unit::Bytes, resident);
        }
    }
}

fn register_build(to: &mut Registry) {
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    to.register("build", "The version that runs", version);
}
