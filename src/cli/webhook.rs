//! `tokenward webhook`: machines that are told of leaks and revocations.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use super::progress::Progress;
use super::values::{self, LARGEST_PAGE, PAGE};
use crate::domain::webhooks::{self, LoggedAttempt, Reach};
use crate::domain::{Context, organizations};
use crate::model::{EventTypes, Id, Slug, Timestamp, WebhookEndpoint, WebhookMessage};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add an endpoint; what signs its messages is shown once
    Create(Create),
    /// List endpoints in the order they were made
    List(List),
    /// Show an endpoint
    Show(Named),
    /// Give an endpoint a new secret; the one before signs as well for a while
    RotateSecret(Named),
    /// Tell an endpoint nothing any more
    Disable(Named),
    /// Tell an endpoint again, what waits for it first
    Enable(Named),
    /// Delete an endpoint
    Delete(Named),
    /// List the last tries at an endpoint, the latest first
    Deliveries(Deliveries),
    /// Send messages again that an endpoint was sent before; that ends a pause
    Replay(Replay),
    /// Send an endpoint a message without news; that ends a pause
    Test(Named),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Where to post: an https address
    #[arg(long)]
    url: String,
    /// Slug of the organization of whose tokens alone it hears; without, it hears of all
    #[arg(long)]
    organization: Option<Slug>,
    /// For what it listens, such as "token.revoked exposure.created"; without, for everything
    #[arg(long)]
    events: Option<EventTypes>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those of this organization, by its slug
    #[arg(long)]
    organization: Option<Slug>,
    /// Most endpoints to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The endpoint's id
    #[arg(long, value_parser = values::id::<WebhookEndpoint>)]
    id: Id<WebhookEndpoint>,
}

#[derive(Debug, Args)]
pub(super) struct Deliveries {
    #[command(flatten)]
    endpoint: Named,
    /// Most tries to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    endpoint: Named,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// One message, by its id
    #[arg(long, value_parser = values::id::<WebhookMessage>)]
    message: Option<Id<WebhookMessage>>,
    /// Every message that was made then or later (RFC 3339)
    #[arg(long, value_parser = values::when)]
    since: Option<Timestamp>,
}

#[derive(Serialize)]
struct EndpointView {
    id: Id<WebhookEndpoint>,
    organization_id: Option<String>,
    url: String,
    events: Vec<&'static str>,
    created_at: String,
    disabled_at: Option<String>,
    disabled_why: Option<String>,
    failing_since: Option<String>,
    paused_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl EndpointView {
    fn new(endpoint: WebhookEndpoint, now: Timestamp) -> Self {
        Self {
            paused_until: values::moment(endpoint.pause(now)),
            id: endpoint.id,
            organization_id: endpoint.organization.map(|id| id.to_string()),
            url: endpoint.url.as_str().to_owned(),
            events: endpoint.events.names().collect(),
            created_at: endpoint.created_at.to_string(),
            disabled_at: values::moment(endpoint.disabled_at),
            disabled_why: endpoint.disabled_why,
            failing_since: values::moment(endpoint.failing_since),
            secret: None,
        }
    }

    fn with_secret(made: webhooks::WithSecret, now: Timestamp) -> Self {
        Self {
            secret: Some(made.secret.reveal()),
            ..Self::new(made.endpoint, now)
        }
    }
}

impl Shown for EndpointView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("id", self.id.to_string()),
            (
                "organization",
                values::or(self.organization_id.as_ref(), "-"),
            ),
            ("url", self.url.clone()),
            ("events", self.events.join(" ")),
            ("disabled", values::or(self.disabled_why.as_ref(), "-")),
            (
                "failing since",
                values::or(self.failing_since.as_ref(), "-"),
            ),
            ("paused until", values::or(self.paused_until.as_ref(), "-")),
        ];
        fields.extend(self.secret.clone().map(|secret| ("secret", secret)));
        fields
    }
}

#[derive(Serialize)]
struct AttemptView {
    message_id: Id<WebhookMessage>,
    r#type: Option<String>,
    at: String,
    status: Option<u16>,
    error: Option<String>,
    took_ms: i64,
    delivered_at: Option<String>,
}

impl From<LoggedAttempt> for AttemptView {
    fn from(logged: LoggedAttempt) -> Self {
        Self {
            message_id: logged.message,
            r#type: logged.kind,
            at: logged.attempt.at.to_string(),
            status: logged.attempt.status,
            error: logged.attempt.error,
            took_ms: logged.attempt.took_ms,
            delivered_at: values::moment(logged.delivered_at),
        }
    }
}

impl Shown for AttemptView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("message", self.message_id.to_string()),
            ("type", values::or(self.r#type.as_ref(), "-")),
            ("at", self.at.clone()),
            ("status", values::or(self.status, "-")),
            ("error", values::or(self.error.as_ref(), "-")),
            ("took", format!("{} ms", self.took_ms)),
            ("delivered", values::or(self.delivered_at.as_ref(), "-")),
        ]
    }
}

#[derive(Serialize)]
struct Replayed {
    replayed: usize,
}

#[derive(Serialize)]
struct Deleted {
    id: Id<WebhookEndpoint>,
    deleted: bool,
}

#[derive(Serialize)]
struct Tested {
    message_id: Id<WebhookMessage>,
}

const ONCE: &str = "The secret is not shown again.";
/// Whoever has the command line is an operator.
const REACH: Reach = Reach::Everything;

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let now = ctx.clock.now();
    match command {
        Command::Create(new) => create(new, ctx, out).await,
        Command::List(list) => {
            let organization = organization(ctx, list.organization.as_ref()).await?;
            let all = webhooks::list(ctx, REACH, organization, None, list.limit).await?;
            let all = all.into_iter().map(|one| EndpointView::new(one, now));
            let all: Vec<_> = all.collect();
            out.list(&all, "There is no webhook endpoint.")
        }
        Command::Show(Named { id }) => {
            let found = webhooks::find(ctx, REACH, *id).await?;
            out.result(&EndpointView::new(found, now), "")
        }
        Command::RotateSecret(Named { id }) => {
            let made = webhooks::rotate_secret(ctx, REACH, *id).await?;
            out.result(&EndpointView::with_secret(made, now), ONCE)
        }
        Command::Disable(Named { id }) => set_enabled(*id, false, ctx, out).await,
        Command::Enable(Named { id }) => set_enabled(*id, true, ctx, out).await,
        Command::Delete(Named { id }) => {
            webhooks::delete(ctx, REACH, *id).await?;
            let deleted = Deleted {
                id: *id,
                deleted: true,
            };
            out.either(&deleted, &format!("{id} is deleted"))
        }
        Command::Deliveries(Deliveries { endpoint, limit }) => {
            let all = webhooks::deliveries(ctx, REACH, endpoint.id, *limit).await?;
            let all: Vec<_> = all.into_iter().map(AttemptView::from).collect();
            out.list(&all, "Nothing was sent there yet.")
        }
        Command::Replay(wanted) => replay(wanted, ctx, out).await,
        Command::Test(Named { id }) => {
            let message_id = webhooks::test(ctx, REACH, *id).await?;
            let text = "A message waits; a running service sends it.";
            out.either(&Tested { message_id }, text)
        }
    }
}

async fn create(new: &Create, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let organization = organization(ctx, new.organization.as_ref()).await?;
    let events = new.events.clone().unwrap_or_else(EventTypes::all);
    let made = webhooks::create(ctx, REACH, organization, &new.url, events).await?;
    out.result(&EndpointView::with_secret(made, ctx.clock.now()), ONCE)
}

async fn organization(
    ctx: &Context,
    slug: Option<&Slug>,
) -> anyhow::Result<Option<Id<crate::model::Organization>>> {
    Ok(match slug {
        Some(slug) => Some(organizations::find(ctx, slug).await?.id),
        None => None,
    })
}

async fn set_enabled(
    id: Id<WebhookEndpoint>,
    enabled: bool,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let endpoint = webhooks::set_enabled(ctx, REACH, id, enabled).await?;
    out.result(&EndpointView::new(endpoint, ctx.clock.now()), "")
}

async fn replay(wanted: &Replay, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let endpoint = wanted.endpoint.id;
    let replayed = match (wanted.which.message, wanted.which.since) {
        (Some(message), _) => webhooks::replay(ctx, REACH, endpoint, message)
            .await
            .map(|()| 1)?,
        (None, since) => {
            let since = since.unwrap_or_else(|| ctx.clock.now());
            let _progress = Progress::start("putting messages into the queue".to_owned());
            webhooks::replay_since(ctx, REACH, endpoint, since).await?
        }
    };
    let text = format!("Messages that are sent again by a running service: {replayed}");
    out.either(&Replayed { replayed }, &text)
}
