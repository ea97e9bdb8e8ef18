//! `tokenward exposure`: where tokens were seen.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::attempt::AttemptView;
use super::known;
use super::output::{Output, Shown};
use super::values::{self, LARGEST_PAGE, PAGE, moment, or};
use crate::config::Settings;
use crate::domain::Context;
use crate::domain::exposures::{self, ExposureFilter, SeenToken};
use crate::domain::leaked_uses;
use crate::model::{Exposure, Id, Organization, Origin, Timestamp, Token, TokenKind, User};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List where tokens were seen, newest first
    List(Box<List>),
    /// Show one, and who tried to use the token since
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Of this token
    #[arg(long, value_parser = values::id::<Token>)]
    token: Option<Id<Token>>,
    /// Of this user's tokens, or those they made for an organization
    #[arg(long, value_name = "ID", value_parser = values::id::<User>)]
    user: Option<Id<User>>,
    /// Of this organization's tokens
    #[arg(long, value_name = "ID", value_parser = values::id::<Organization>)]
    organization: Option<Id<Organization>>,
    /// Of tokens of the client with this identifier
    #[arg(long)]
    client: Option<String>,
    /// Of tokens of this kind
    #[arg(long)]
    kind: Option<TokenKind>,
    /// First reported by this origin
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// First seen then or later, such as 2026-11-25T08:00:00Z
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
    /// First seen earlier than that
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
    /// Older than this exposure: the last one of the list before
    #[arg(long, value_name = "ID", value_parser = values::id::<Exposure>)]
    after: Option<Id<Exposure>>,
    /// Most to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its id
    #[arg(value_parser = values::id::<Exposure>)]
    id: Id<Exposure>,
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("it is a date and time as RFC 3339 writes it")
}

#[derive(Serialize)]
struct ExposureView {
    id: String,
    first_seen_at: String,
    reported_by: String,
    token_id: String,
    kind: &'static str,
    state_before: String,
    decision: &'static str,
    decided_by: Option<String>,
    /// Null when the token was not dead and was left as it was.
    revoked_at: Option<String>,
    verdict: &'static str,
    source: Option<String>,
    url: Option<String>,
    scrubbed_at: Option<String>,
}

impl From<SeenToken> for ExposureView {
    fn from(seen: SeenToken) -> Self {
        let SeenToken { exposure, known } = seen;
        Self {
            id: exposure.id.to_string(),
            first_seen_at: exposure.first_seen_at.to_string(),
            reported_by: exposure.origin.to_string(),
            token_id: known.token.id.to_string(),
            kind: known.token.kind.name(),
            state_before: exposure.state_before,
            decision: exposure.decision.name(),
            decided_by: exposure.decided_by,
            revoked_at: moment(exposure.revoked_at),
            verdict: exposure.verdict.name(),
            source: exposure.source,
            url: exposure.url,
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
            ("id", self.id.clone()),
            ("first seen", self.first_seen_at.clone()),
            ("reported by", self.reported_by.clone()),
            ("token", self.token_id.clone()),
            ("kind", self.kind.to_owned()),
            ("before", self.state_before.clone()),
            ("decided", self.decision.to_owned()),
            ("by rule", or(self.decided_by.as_ref(), "-")),
            (
                "where",
                or(self.url.as_ref().or(self.source.as_ref()), absent),
            ),
        ]
    }
}

/// An exposure with what came after.
#[derive(Serialize)]
struct ExposureDetails {
    #[serde(flatten)]
    exposure: ExposureView,
    /// Attempts to use the token after it leaked.
    attempts: Vec<AttemptView>,
}

impl Shown for ExposureDetails {
    fn fields(&self) -> Vec<(&'static str, String)> {
        self.exposure.fields()
    }
}

pub(super) async fn run(
    command: &Command,
    settings: &Settings,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    match command {
        Command::List(wanted) => list(wanted, settings, ctx, out).await,
        Command::Show(Show { id }) => show(*id, ctx, out).await,
    }
}

async fn list(
    wanted: &List,
    settings: &Settings,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let filter = ExposureFilter {
        token: wanted.token,
        user: wanted.user,
        organization: wanted.organization,
        client: wanted.client.clone(),
        kind: wanted.kind,
        origin: wanted.origin.clone(),
        since: wanted.since,
        until: wanted.until,
    };
    let seen = exposures::list(ctx, &filter, wanted.after, wanted.limit).await?;
    if seen.is_empty() {
        expect_known(wanted, settings, ctx).await?;
    }
    let seen: Vec<_> = seen.into_iter().map(ExposureView::from).collect();
    out.list(&seen, "No token was seen anywhere.")?;
    match seen.last() {
        Some(last) if u32::try_from(seen.len()).is_ok_and(|length| length == wanted.limit) => {
            out.note(&format!("\nThere may be more: --after {}", last.id))
        }
        _ => Ok(()),
    }
}

/// Nothing is what a misspelt name has.
async fn expect_known(wanted: &List, settings: &Settings, ctx: &Context) -> anyhow::Result<()> {
    if let Some(name) = &wanted.origin {
        known::origin(&Origin::from_stored(name.clone()), settings, ctx).await?;
    }
    if let Some(client_id) = &wanted.client {
        known::client(client_id, ctx).await?;
    }
    Ok(())
}

async fn show(id: Id<Exposure>, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let Some(seen) = exposures::find(ctx, id).await? else {
        bail!("there is no such exposure");
    };
    let attempts = leaked_uses::list(ctx, seen.known.token.id).await?;
    let details = ExposureDetails {
        exposure: ExposureView::from(seen),
        attempts: attempts.into_iter().map(AttemptView::from).collect(),
    };
    out.result(&details, "")?;
    out.details("Tried since:", &details.attempts)
}
