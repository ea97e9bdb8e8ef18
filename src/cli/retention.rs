//! `tokenward retention`: what is kept, and for how long.

use std::time::Duration;

use anyhow::bail;
use clap::Subcommand;
use serde::Serialize;
use tokio::time::sleep;

use super::output::{Output, Shown};
use super::progress::Progress;
use super::values::{exactly, moment, or, span};
use crate::domain::Context;
use crate::domain::retention::{self, Ended, PlaceReport, Rest};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell, by origin, where places of leaks are still kept; reads everything, as a proof
    Report,
    /// Do one round of removing now, and tell what was removed
    Run,
}

#[derive(Serialize)]
struct OriginView {
    origin: String,
    kept_for_seconds: u64,
    exposures: u64,
    with_place: u64,
    oldest_with_place: Option<String>,
    letters_with_place: u64,
    messages_with_place: u64,
    scrubbed: u64,
    #[serde(skip)]
    kept_for: String,
}

impl From<PlaceReport> for OriginView {
    fn from(report: PlaceReport) -> Self {
        Self {
            origin: report.origin.to_string(),
            kept_for_seconds: report.kept_for.as_secs(),
            kept_for: exactly(report.kept_for),
            exposures: report.exposures,
            with_place: report.held,
            oldest_with_place: moment(report.oldest),
            letters_with_place: report.letters,
            messages_with_place: report.messages,
            scrubbed: report.scrubbed,
        }
    }
}

impl Shown for OriginView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("origin", self.origin.clone()),
            ("kept for", self.kept_for.clone()),
            ("exposures", self.exposures.to_string()),
            ("with place", self.with_place.to_string()),
            ("oldest", or(self.oldest_with_place.as_ref(), "-")),
            ("letters with place", self.letters_with_place.to_string()),
            ("messages with place", self.messages_with_place.to_string()),
            ("scrubbed", self.scrubbed.to_string()),
        ]
    }
}

#[derive(Serialize)]
struct RemovedView {
    what: &'static str,
    removed: u64,
}

impl Shown for RemovedView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("what", self.what.to_owned()),
            ("removed", self.removed.to_string()),
        ]
    }
}

/// Nobody waits to stop a command but by stopping the process.
struct Steady;

impl Rest for Steady {
    async fn rest(&self, pause: Duration) -> bool {
        sleep(pause).await;
        true
    }
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Report => {
            let _progress =
                Progress::start("reading every exposure, letter and message".to_owned());
            let report = retention::report(ctx).await?;
            let report: Vec<_> = report.into_iter().map(OriginView::from).collect();
            out.list(&report, "No leak was ever reported.")
        }
        Command::Run => {
            if let Some(skew) = retention::skew(ctx).await? {
                bail!(
                    "nothing was removed: the clocks of this machine and of the database server differ by {}",
                    span(skew)
                );
            }
            let _progress = Progress::start("removing what was kept for long enough".to_owned());
            let removed = removed(ctx).await?;
            out.list(&removed, "")
        }
    }
}

/// By hand also where the job is turned off.
async fn removed(ctx: &Context) -> anyhow::Result<Vec<RemovedView>> {
    let scrubbed = retention::scrub(ctx, &Steady).await?;
    let places = RemovedView {
        what: "places",
        removed: scrubbed.exposures,
    };
    let letters = RemovedView {
        what: "places in letters",
        removed: scrubbed.letters,
    };
    let mut all = vec![places, letters];
    let mut grants = 0;
    for what in Ended::ALL {
        let pruned = retention::prune(ctx, what, &Steady).await?;
        grants += pruned.grants;
        all.push(RemovedView {
            what: what.name(),
            removed: pruned.rows,
        });
    }
    all.push(RemovedView {
        what: "grants",
        removed: grants,
    });
    Ok(all)
}
