//! `tokenward stream`: machines that are sent Security Event Tokens. They make their streams themselves.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use super::values::{self, LARGEST_PAGE, PAGE};
use crate::domain::Context;
use crate::domain::streams::operating;
use crate::model::stream::{Holder, View};
use crate::model::{DeliveryMethod, EventStream, Id};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List event streams in the order they were made
    List(List),
    /// Show an event stream
    Show(Named),
    /// Send nothing in an event stream any more, and drop what waits; its receiver cannot undo that
    Disable(Named),
    /// Send events in an event stream again
    Enable(Named),
    /// Delete an event stream, with what waits in it
    Delete(Named),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Most streams to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The stream's id
    #[arg(long, value_parser = values::id::<EventStream>)]
    id: Id<EventStream>,
}

#[derive(Serialize)]
struct StreamView {
    id: Id<EventStream>,
    token_id: Option<String>,
    client_id: Option<String>,
    organization_id: Option<String>,
    sees: &'static str,
    method: &'static str,
    endpoint_url: Option<String>,
    events: Vec<&'static str>,
    format: &'static str,
    default_subjects: &'static str,
    description: Option<String>,
    status: &'static str,
    status_by: &'static str,
    reason: Option<String>,
    failing_since: Option<String>,
    created_at: String,
}

impl StreamView {
    fn new(stream: EventStream) -> Self {
        let (token_id, client_id) = match stream.holder {
            Holder::Token(id) => (Some(id.to_string()), None),
            Holder::Client(_) => (None, Some(stream.audience)),
        };
        let method = stream.delivery.name();
        Self {
            id: stream.id,
            token_id,
            client_id,
            organization_id: match stream.view {
                View::Organization(id) => Some(id.to_string()),
                View::Everything | View::Client(_) => None,
            },
            sees: stream.view.name(),
            method,
            endpoint_url: match stream.delivery {
                DeliveryMethod::Push { url, .. } => Some(url.as_str().to_owned()),
                DeliveryMethod::Poll => None,
            },
            events: stream.requested.delivered().collect(),
            format: stream.format.name(),
            default_subjects: stream.default_subjects.name(),
            description: stream.description,
            status: stream.standing.status.name(),
            status_by: stream.standing.by.name(),
            reason: stream.standing.reason,
            failing_since: values::moment(stream.failing_since),
            created_at: stream.created_at.to_string(),
        }
    }
}

impl Shown for StreamView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let holder = self.token_id.as_ref().or(self.client_id.as_ref());
        let last = |uri: &&'static str| uri.rsplit('/').next().unwrap_or_default();
        let events: Vec<_> = self.events.iter().map(last).collect();
        vec![
            ("id", self.id.to_string()),
            ("holder", values::or(holder, "-")),
            ("sees", self.sees.to_owned()),
            ("method", self.method.to_owned()),
            ("url", values::or(self.endpoint_url.as_ref(), "-")),
            ("events", events.join(" ")),
            ("status", format!("{} by {}", self.status, self.status_by)),
            ("reason", values::or(self.reason.as_ref(), "-")),
            (
                "failing since",
                values::or(self.failing_since.as_ref(), "-"),
            ),
        ]
    }
}

#[derive(Serialize)]
struct Deleted {
    id: Id<EventStream>,
    deleted: bool,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::List(list) => {
            let all = operating::page(ctx, None, list.limit).await?;
            let all: Vec<_> = all.into_iter().map(StreamView::new).collect();
            out.list(&all, "There is no event stream.")
        }
        Command::Show(Named { id }) => {
            out.result(&StreamView::new(operating::find(ctx, *id).await?), "")
        }
        Command::Disable(Named { id }) => set_enabled(*id, false, ctx, out).await,
        Command::Enable(Named { id }) => set_enabled(*id, true, ctx, out).await,
        Command::Delete(Named { id }) => {
            operating::delete(ctx, *id).await?;
            let deleted = Deleted {
                id: *id,
                deleted: true,
            };
            out.either(&deleted, &format!("{id} is deleted"))
        }
    }
}

async fn set_enabled(
    id: Id<EventStream>,
    enabled: bool,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let stream = operating::set_enabled(ctx, id, enabled).await?;
    out.result(&StreamView::new(stream), "")
}
