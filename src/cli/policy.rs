//! `tokenward policy`: what is done when a leak is reported.

use clap::Subcommand;
use serde::Serialize;

use super::output::{Output, Shown};
use super::values;
use crate::config::Settings;
use crate::model::leak_policy::LEAST_BY_SHARE;
use crate::model::{BreakerPolicy, LeakPolicy, Origin, QuarantineEnd, TokenKind};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what is done about each kind of token that each origin reports, and which rule says so
    Show,
}

#[derive(Serialize)]
struct CellView {
    origin: String,
    kind: &'static str,
    reaction: &'static str,
    rule: String,
}

impl Shown for CellView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("origin", self.origin.clone()),
            ("kind", self.kind.to_owned()),
            ("done", self.reaction.to_owned()),
            ("by rule", self.rule.clone()),
        ]
    }
}

/// Every origin and kind.
fn cells(policy: &LeakPolicy, origins: &[Origin]) -> Vec<CellView> {
    let pairs = origins
        .iter()
        .flat_map(|origin| TokenKind::ALL.map(|kind| (origin, kind)));
    pairs
        .map(|(origin, kind)| {
            let decision = policy.decide(origin, kind);
            CellView {
                origin: origin.to_string(),
                kind: kind.name(),
                reaction: decision.reaction.name(),
                rule: decision.rule,
            }
        })
        .collect()
}

/// What is the same for every origin and kind; no limit is null.
#[derive(Serialize)]
struct SettingsView {
    default: &'static str,
    /// As they are written in the configuration.
    rules: Vec<String>,
    quarantine_seconds: u64,
    quarantine_ends_with: &'static str,
    breaker_revocations: Option<u32>,
    breaker_share_percent: Option<u8>,
    breaker_window_seconds: u64,
    breaker_quiet_seconds: u64,
}

impl From<&LeakPolicy> for SettingsView {
    fn from(policy: &LeakPolicy) -> Self {
        let breaker = &policy.breaker;
        Self {
            default: policy.default.name(),
            rules: policy.rules.iter().map(ToString::to_string).collect(),
            quarantine_seconds: policy.quarantine.as_secs(),
            quarantine_ends_with: policy.quarantine_end.name(),
            breaker_revocations: breaker.most,
            breaker_share_percent: breaker.share,
            breaker_window_seconds: breaker.window.as_secs(),
            breaker_quiet_seconds: breaker.quiet.as_secs(),
        }
    }
}

/// What becomes of a quarantine that nobody ends, as a sentence.
fn quarantine(policy: &LeakPolicy) -> String {
    let then = match policy.quarantine_end {
        QuarantineEnd::Finish => "is revoked for good",
        QuarantineEnd::Release => "works again",
    };
    let lasts = values::exactly(policy.quarantine);
    format!("What is in quarantine {then} after {lasts}, unless somebody decides before.")
}

/// What opens an origin's breaker, as a sentence.
fn breaker(policy: &LeakPolicy) -> String {
    let BreakerPolicy {
        most,
        share,
        window,
        ..
    } = policy.breaker;
    let number = most.map(|most| format!("{most} working tokens"));
    let share = share.map(|share| {
        format!("{share} % of all that work (about, and no fewer than {LEAST_BY_SHARE})")
    });
    let most = match (number, share) {
        (Some(number), Some(share)) => format!("{number} or {share}, whichever is less,"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return "No number of reports opens an origin's breaker.".to_owned(),
    };
    format!(
        "An origin that has more than {most} revoked within {} opens its breaker: what else it \
         reports goes into quarantine.",
        values::exactly(window)
    )
}

pub(super) fn run(command: &Command, settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let Command::Show = command;
    show(settings, out)
}

/// What is done about each kind of token that each origin reports, and what is the same for all.
pub(super) fn show(settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let policy = &settings.leak_policy;
    let cells = cells(policy, &settings.origins.reporting());
    out.list(&cells, "Nobody may report leaks.")?;
    let text = format!("\n{}\n{}", breaker(policy), quarantine(policy));
    out.either(&SettingsView::from(policy), &text)
}
