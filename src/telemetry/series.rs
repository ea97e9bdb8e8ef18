//! The series behind the metrics: their names, units, labels and buckets.

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::labels::{DeliveryOutcome, IntrospectionAnswer, KeyFetchOutcome, LetterOutcome};
use super::process::resident_memory;
use crate::model::{Origin, RevocationReason, Timestamp, TokenKind, Verdict, WayIn};

pub(super) type Label = (&'static str, Cow<'static, str>);
pub(super) type Counters<const N: usize> = Family<[Label; N], Counter>;
pub(super) type Histograms<const N: usize> = Family<[Label; N], Histogram, Buckets>;

/// The series themselves, by what they are labelled with.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) deliveries: Counters<2>,
    pub(super) reports: Counters<2>,
    pub(super) noncurrent_keys: Counters<1>,
    pub(super) key_fetches: Counters<2>,
    pub(super) revocations: Counters<2>,
    pub(super) to_commit: Histograms<1>,
    pub(super) to_letter: Histogram,
    pub(super) letters: Counters<1>,
    pub(super) outbox: Family<[Label; 1], Gauge>,
    pub(super) outbox_age: Gauge<f64, AtomicU64>,
    pub(super) unchained: Gauge,
    pub(super) unchained_age: Gauge<f64, AtomicU64>,
    pub(super) backlog: Family<[Label; 1], Gauge>,
    pub(super) breakers: Family<[Label; 1], Gauge>,
    pub(super) quarantines: Gauge,
    pub(super) policy_failures: Counter,
    pub(super) overdue: Family<[Label; 1], Gauge<f64, AtomicU64>>,
    pub(super) removed: Counters<1>,
    pub(super) introspections: Counters<1>,
    pub(super) leaked_uses: Counters<1>,
    pub(super) limited: Counters<1>,
    pub(super) no_room: Counters<1>,
    pub(super) foreign_network: Counter,
    pub(super) requests: Counters<3>,
    pub(super) request_time: Histograms<2>,
    pub(super) webhooks: Counters<1>,
    pub(super) webhook_queue: Family<[Label; 1], Gauge>,
    pub(super) webhook_age: Gauge<f64, AtomicU64>,
    pub(super) webhooks_disabled: Gauge,
    pub(super) events_pushed: Counters<1>,
    pub(super) events_waiting: Gauge,
    pub(super) events_age: Gauge<f64, AtomicU64>,
    pub(super) streams_disabled: Gauge,
    pub(super) resident: Gauge,
}

/// Upper bounds of a histogram, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buckets(&'static [f64]);

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

pub(super) fn by(origin: &Origin) -> Label {
    let name = match origin.as_str() {
        "github" => Cow::Borrowed("github"),
        other => Cow::Owned(other.to_owned()),
    };
    ("origin", name)
}

pub(super) fn add<const N: usize>(counters: &Counters<N>, labels: &[Label; N], count: u64) {
    counters.get_or_create(labels).inc_by(count);
}

impl Series {
    pub(super) fn new() -> Self {
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
            unchained: Gauge::default(),
            unchained_age: Gauge::default(),
            backlog: Family::default(),
            breakers: Family::default(),
            quarantines: Gauge::default(),
            policy_failures: Counter::default(),
            overdue: Family::default(),
            removed: Family::default(),
            introspections: Family::default(),
            leaked_uses: Family::default(),
            limited: Family::default(),
            no_room: Family::default(),
            foreign_network: Counter::default(),
            requests: Family::default(),
            request_time: Family::new_with_constructor(REQUEST),
            webhooks: Family::default(),
            webhook_queue: Family::default(),
            webhook_age: Gauge::default(),
            webhooks_disabled: Gauge::default(),
            events_pushed: Family::default(),
            events_waiting: Gauge::default(),
            events_age: Gauge::default(),
            streams_disabled: Gauge::default(),
            resident: Gauge::default(),
        }
    }

    /// What is counted by origin, for one that may report.
    pub(super) fn introduce(&self, origin: &Origin) {
        for outcome in DeliveryOutcome::ALL {
            let labels = [by(origin), ("outcome", outcome.label().into())];
            add(&self.deliveries, &labels, 0);
        }
        for verdict in [Verdict::TruePositive, Verdict::FalsePositive] {
            let labels = [by(origin), ("verdict", verdict.name().into())];
            add(&self.reports, &labels, 0);
        }
        for outcome in KeyFetchOutcome::ALL {
            let labels = [by(origin), ("outcome", outcome.label().into())];
            add(&self.key_fetches, &labels, 0);
        }
        add(&self.noncurrent_keys, &[by(origin)], 0);
        drop(self.to_commit.get_or_create(&[by(origin)]));
    }

    /// A series that appears with its first event hides that event from `rate()`.
    pub(super) fn start_at_zero(&self) {
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
        for via in WayIn::ALL {
            add(&self.leaked_uses, &[("via", via.name().into())], 0);
        }
        for what in ["connections", "bodies", "large_bodies"] {
            add(&self.no_room, &[("what", what.into())], 0);
        }
        for kind in TokenKind::ALL {
            for reason in RevocationReason::ALL {
                let labels = [
                    ("kind", kind.name().into()),
                    ("reason", reason.name().into()),
                ];
                add(&self.revocations, &labels, 0);
            }
        }
        for outcome in ["delivered", "retried", "dead"] {
            add(&self.webhooks, &[("outcome", outcome.into())], 0);
        }
        for outcome in ["taken", "refused", "retried", "dead", "fetched"] {
            add(&self.events_pushed, &[("outcome", outcome.into())], 0);
        }
        for state in ["waiting", "dead"] {
            self.webhook_queue
                .get_or_create(&[("state", state.into())])
                .set(0);
            self.outbox.get_or_create(&[("state", state.into())]).set(0);
        }
    }

    pub(super) fn register_deliveries(&self, to: &mut Registry) {
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

    pub(super) fn register_traffic(&self, to: &mut Registry) {
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
        to.register(
            "leaked_uses",
            "Attempts to use a token after it leaked",
            self.leaked_uses.clone(),
        );
        to.register(
            "limited_requests",
            "What was refused because it was done too often, by limit",
            self.limited.clone(),
        );
        to.register(
            "no_room",
            "Connections and bodies of strangers that were turned away for lack of room",
            self.no_room.clone(),
        );
        to.register(
            "foreign_network_uses",
            "Uses of service keys from outside of their networks, which were refused",
            self.foreign_network.clone(),
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

    pub(super) fn register_audit(&self, to: &mut Registry) {
        let help = "Rows of the audit log that wait to be chained; not counted beyond 100,000";
        to.register("audit_log_unchained", help, self.unchained.clone());
        to.register_with_unit(
            "audit_log_unchained_oldest",
            "Age of the oldest of them",
            Unit::Seconds,
            self.unchained_age.clone(),
        );
    }

    pub(super) fn register_webhooks(&self, to: &mut Registry) {
        let help = "Tries to tell a machine, by what became of the message";
        to.register("webhook_deliveries", help, self.webhooks.clone());
        let help =
            "Messages to machines that wait, and that were given up; not counted beyond 100,000";
        to.register("webhook_messages", help, self.webhook_queue.clone());
        let help = "Age of the oldest message to a machine that waits";
        to.register_with_unit(
            "webhook_oldest",
            help,
            Unit::Seconds,
            self.webhook_age.clone(),
        );
        let help = "Endpoints that are told nothing because they are gone or fail";
        to.register(
            "webhook_endpoints_disabled",
            help,
            self.webhooks_disabled.clone(),
        );
    }

    pub(super) fn register_streams(&self, to: &mut Registry) {
        let help =
            "Pushes of security event tokens and words about fetched ones, by what became of them";
        to.register("event_deliveries", help, self.events_pushed.clone());
        let help = "Security event tokens that wait; not counted beyond 100,000";
        to.register("events_waiting", help, self.events_waiting.clone());
        let help = "Age of the oldest security event token that waits";
        to.register_with_unit(
            "events_oldest",
            help,
            Unit::Seconds,
            self.events_age.clone(),
        );
        let help = "Event streams that the service disabled, because nobody took what waited";
        to.register(
            "event_streams_disabled",
            help,
            self.streams_disabled.clone(),
        );
    }

    pub(super) fn register_retention(&self, to: &mut Registry) {
        let help =
            "What was kept beyond its time and waits to be removed; not counted beyond 10,000";
        to.register("retention_backlog", help, self.backlog.clone());
        let help =
            "Whether the origin reports more than is plausible, so that it goes into quarantine";
        to.register("breaker_open", help, self.breakers.clone());
        let help = "Leaked tokens in quarantine, each perhaps with relatives";
        to.register("quarantines", help, self.quarantines.clone());
        let help =
            "Times that a changed configuration could not be read, so that the policy stayed";
        to.register("policy_reload_failures", help, self.policy_failures.clone());
        let help = "For how long the oldest of it was kept beyond its time";
        to.register_with_unit(
            "retention_overdue",
            help,
            Unit::Seconds,
            self.overdue.clone(),
        );
        let help = "What this process removed because its time was over";
        to.register("retention_removed", help, self.removed.clone());
    }

    pub(super) fn register_process(&self, to: &mut Registry, started_at: Timestamp) {
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

pub(super) fn register_build(to: &mut Registry) {
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    to.register("build", "The version that runs", version);
}
