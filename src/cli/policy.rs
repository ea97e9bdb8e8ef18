//! `tokenward policy`: what is done when a leak is reported.

use clap::Subcommand;
use serde::Serialize;

use super::output::{Output, Shown};
use crate::config::Settings;
use crate::model::{LeakPolicy, Origin, TokenKind};

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

pub(super) fn run(command: &Command, settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let Command::Show = command;
    let cells = cells(&settings.leak_policy, &settings.origins.reporting());
    out.list(&cells, "Nobody may report leaks.")
}
