//! `tokenward token inspect`

use serde::Serialize;

use super::reference::Reference;
use super::view::TokenView;
use crate::cli::output::{Output, Shown};
use crate::cli::values::{moment, or};
use crate::domain::Context;
use crate::domain::leaked_uses;
use crate::domain::tokens::{self, Inspection};
use crate::http::AttemptAnswer;
use crate::model::{Exposure, Id};
use crate::storage::exposures::StoredExposure;

#[derive(Serialize)]
struct Inspected {
    #[serde(flatten)]
    token: TokenView,
    exposures: Vec<ExposureView>,
    /// Attempts to use it after it leaked.
    attempts: Vec<AttemptAnswer>,
}

impl Shown for Inspected {
    fn fields(&self) -> Vec<(&'static str, String)> {
        self.token.fields()
    }
}

#[derive(Serialize)]
struct ExposureView {
    id: Id<Exposure>,
    reported_by: String,
    url: Option<String>,
    source: Option<String>,
    first_seen_at: String,
    state_before: String,
    verdict: &'static str,
    /// What was decided, and by which rule.
    decision: &'static str,
    decided_by: Option<String>,
    /// When address and source were removed; null while they are kept.
    scrubbed_at: Option<String>,
}

impl From<StoredExposure> for ExposureView {
    fn from(exposure: StoredExposure) -> Self {
        Self {
            id: exposure.id,
            reported_by: exposure.origin.to_string(),
            url: exposure.url,
            source: exposure.source,
            first_seen_at: exposure.first_seen_at.to_string(),
            state_before: exposure.state_before,
            verdict: exposure.verdict.name(),
            decision: exposure.decision.name(),
            decided_by: exposure.decided_by,
            scrubbed_at: moment(exposure.scrubbed_at),
        }
    }
}

impl Shown for ExposureView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let absent = match self.scrubbed_at {
            Some(_) => "no longer kept",
            None => "unknown",
        };
        vec![
            ("first seen", self.first_seen_at.clone()),
            ("reported by", self.reported_by.clone()),
            ("state before", self.state_before.clone()),
            ("decided", self.decision.to_owned()),
            ("by", or(self.decided_by.as_ref(), "-")),
            ("source", or(self.source.as_ref(), "-")),
            ("where", or(self.url.as_ref(), absent)),
        ]
    }
}

pub(super) async fn run(which: &Reference, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let Inspection { known, exposures } = tokens::inspect(ctx, &which.read()?).await?;
    let attempts = leaked_uses::list(ctx, known.token.id).await?;
    let inspected = Inspected {
        token: TokenView::new(&known, ctx.clock.now()),
        exposures: exposures.into_iter().map(ExposureView::from).collect(),
        attempts: attempts.into_iter().map(AttemptAnswer::new).collect(),
    };
    out.result(&inspected, "")?;
    out.details("Exposures:", &inspected.exposures)?;
    out.details("Tried since:", &inspected.attempts)
}
