//! `tokenward audit`: who did what, and whether anybody changed it afterwards.

use std::io::{self, Write};

use anyhow::bail;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::known;
use super::output::{Output, Shown};
use super::progress::Progress;
use super::values::{LARGEST_PAGE, PAGE, id, or, span, when};
use crate::domain::Context;
use crate::domain::audit::{self, Anchor, AuditFilter, ChainedRecord, Check};
use crate::model::{Actor, AuditRecord, Id, Timestamp, Token};

/// How much of a row's detail a table shows, in characters.
const LONGEST_DETAIL: usize = 160;
/// How many rows are read at a time for an export.
const BATCH: i64 = 2_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the last rows, the newest first
    List(Arguments),
    /// Find every row that was edited, removed, put in or moved
    ///
    /// Ends with 1 when there is any. Note the head that it prints somewhere else: `--expect` finds
    /// out whoever puts an older log back.
    Verify(Verify),
    /// Print every row as a line of JSON, the oldest first
    Export(Export),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this event, such as token.revoked
    #[arg(long)]
    event: Option<String>,
    /// Only what this kind of actor did
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Actor::KINDS))]
    actor: Option<String>,
    /// Only what is about the token with this id
    #[arg(long, value_name = "ID", value_parser = id::<Token>)]
    token: Option<Id<Token>>,
    /// Not before this, such as 2026-11-25T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = when)]
    since: Option<Timestamp>,
    /// Before this
    #[arg(long, value_name = "TIME", value_parser = when)]
    until: Option<Timestamp>,
    /// How many at most
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A head that an earlier check printed
    #[arg(long, value_name = "SEQ:HEX")]
    expect: Option<Anchor>,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Only rows behind this place
    #[arg(long, value_name = "SEQ", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::List(arguments) => list(arguments, ctx, out).await,
        Command::Verify(arguments) => verify(arguments, ctx, out).await,
        Command::Export(arguments) => export(arguments, ctx, out).await,
    }
}

#[derive(Serialize)]
struct RowView {
    id: Uuid,
    at: String,
    event: String,
    actor_kind: String,
    actor: Option<String>,
    origin: Option<String>,
    key_id: Option<String>,
    request_id: Option<Uuid>,
    token_id: Option<Uuid>,
    exposure_id: Option<Uuid>,
    user_id: Option<Uuid>,
    organization_id: Option<Uuid>,
    client_id: Option<Uuid>,
    detail: Option<String>,
    #[serde(skip)]
    summary: Option<String>,
}

impl From<AuditRecord> for RowView {
    fn from(record: AuditRecord) -> Self {
        Self {
            summary: record.summary(LONGEST_DETAIL),
            id: record.id,
            at: record.at.to_string(),
            event: record.event,
            actor_kind: record.actor_kind,
            actor: record.actor,
            origin: record.origin,
            key_id: record.key_id,
            request_id: record.request_id,
            token_id: record.token_id,
            exposure_id: record.exposure_id,
            user_id: record.user_id,
            organization_id: record.organization_id,
            client_id: record.client_id,
            detail: record.detail,
        }
    }
}

impl RowView {
    /// What it is about, the nearest first.
    fn about(&self) -> String {
        let parts = [
            ("token", self.token_id),
            ("exposure", self.exposure_id),
            ("client", self.client_id),
            ("organization", self.organization_id),
            ("user", self.user_id),
        ];
        let known = parts.iter().find_map(|(what, id)| Some((what, (*id)?)));
        known.map_or_else(|| "-".to_owned(), |(what, id)| format!("{what} {id}"))
    }
}

impl Shown for RowView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let who = match &self.actor {
            Some(actor) => format!("{} {actor}", self.actor_kind),
            None => self.actor_kind.clone(),
        };
        vec![
            ("at", self.at.clone()),
            ("event", self.event.clone()),
            ("by", who),
            ("about", self.about()),
            ("detail", or(self.summary.as_ref(), "-")),
        ]
    }
}

async fn list(arguments: &Arguments, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let filter = AuditFilter {
        event: arguments.event.clone(),
        actor_kind: arguments.actor.clone(),
        token: arguments.token,
        since: arguments.since,
        until: arguments.until,
    };
    let rows = audit::latest(ctx, &filter, arguments.limit).await?;
    if let (true, Some(event)) = (rows.is_empty(), &arguments.event) {
        known::event(event, ctx).await?;
    }
    let rows: Vec<_> = rows.into_iter().map(RowView::from).collect();
    out.list(&rows, "Nothing of the kind happened.")
}

#[derive(Serialize)]
struct CheckView {
    sound: bool,
    rows: u64,
    first: i64,
    head: Option<String>,
    waiting: u64,
    flaws: Vec<String>,
}

impl From<Check> for CheckView {
    fn from(check: Check) -> Self {
        Self {
            sound: check.flaws.is_empty(),
            rows: check.rows,
            first: check.first,
            head: check.head.map(|head| head.to_string()),
            waiting: check.loose,
            flaws: check.flaws.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Shown for CheckView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let sound = if self.sound { "yes" } else { "no" };
        vec![
            ("sound", sound.to_owned()),
            ("rows", self.rows.to_string()),
            ("first", self.first.to_string()),
            ("head", or(self.head.as_ref(), "-")),
            ("waiting", self.waiting.to_string()),
        ]
    }
}

#[derive(Serialize)]
struct FlawView(String);

impl Shown for FlawView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("what is wrong", self.0.clone())]
    }
}

async fn verify(arguments: &Verify, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let check = {
        let _progress = Progress::start("reading the audit log".to_owned());
        audit::check(&ctx.db, &ctx.hash_keys, arguments.expect).await?
    };
    let view = CheckView::from(check);
    out.result(&view, "")?;
    let flaws: Vec<_> = view.flaws.iter().cloned().map(FlawView).collect();
    out.details("", &flaws)?;
    match view.sound {
        true => out.note("Note the head elsewhere; `audit verify --expect` compares with it."),
        false => bail!("the audit log is not as it was written"),
    }
}

#[derive(Serialize)]
struct ExportedView {
    seq: i64,
    at_ms: i64,
    #[serde(flatten)]
    row: RowView,
    link: String,
}

impl From<ChainedRecord> for ExportedView {
    fn from(chained: ChainedRecord) -> Self {
        Self {
            seq: chained.seq,
            at_ms: chained.record.at.as_millis(),
            link: hex::encode(chained.link),
            row: RowView::from(chained.record),
        }
    }
}

/// How far an export has come. Rows go on being written while it reads.
fn how_far(row: i64, last: i64) -> String {
    match row <= last {
        true => format!("row {row} of {last}"),
        false => format!("row {row}"),
    }
}

async fn export(arguments: &Export, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let mut after = arguments.after;
    let last = audit::last(ctx).await?;
    let progress = Progress::start(how_far(after, last));
    loop {
        let rows = audit::page(ctx, after, BATCH).await?;
        let Some(last_of_page) = rows.last() else {
            break;
        };
        after = last_of_page.seq;
        progress.beside(|| {
            let mut views = rows.into_iter().map(ExportedView::from);
            views.try_for_each(|view| out.line(&view))
        })?;
        progress.say(how_far(after, last));
    }
    drop(progress);
    let (waiting, oldest) = audit::waiting(ctx).await?;
    if waiting > 0 {
        writeln!(
            io::stderr(),
            "{waiting} rows, the oldest from {} ago, wait for their place in the chain and are not in here. \
             A running service gives it to them within seconds; if it does not, run `tokenward audit verify`.",
            span(oldest)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::how_far;

    #[test]
    fn an_export_is_never_farther_than_its_end() {
        assert_eq!(how_far(1_000, 1_000), "row 1000 of 1000");
        assert_eq!(how_far(1_200, 1_000), "row 1200");
    }
}
