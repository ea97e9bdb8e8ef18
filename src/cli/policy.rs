//! `tokenward policy`: what is done when a leak is reported.

use clap::Subcommand;
use serde::Serialize;

use super::output::{Output, Shown};
use super::values;
use crate::config::Settings;
use crate::model::leak_policy::LEAST_BY_SHARE;
use crate::model::{BreakerPolicy, LeakPolicy, Origin, TokenKind};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what is done about each kind of token that each origin reports, and which rule says so
    Show,
}

#[derive(Serialize)]
pub(super) struct CellView {
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
pub(super) fn cells(policy: &LeakPolicy, origins: &[Origin]) -> Vec<CellView> {
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

/// What opens an origin's breaker, as a sentence.
pub(super) fn breaker(policy: &LeakPolicy) -> String {
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
        values::span(window)
    )
}

pub(super) fn run(command: &Command, settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let Command::Show = command;
    let cells = cells(&settings.leak_policy, &settings.origins.reporting());
    out.list(&cells, "Nobody may report leaks.")?;
    out.note(&format!("\n{}", breaker(&settings.leak_policy)))
}
