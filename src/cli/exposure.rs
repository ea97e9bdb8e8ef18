//! `tokenward exposure`: where tokens were seen.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::known;
use super::output::{Output, Shown};
use super::token;
use super::values::{self, LARGEST_PAGE, PAGE, moment, or};
use crate::config::Settings;
use crate::domain::Context;
use crate::domain::exposures::{self, ExposureFilter, SeenToken};
use crate::domain::leaked_uses;
use crate::http::AttemptAnswer;
use crate::model::{
    Exposure, Id, KnownToken, Organization, Origin, Timestamp, Token, TokenKind, User,
};

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
    /// Of tokens that act for this customer
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
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
    /// What its owner calls it.
    token_name: Option<String>,
    /// Its last four characters.
    token_hint: String,
    token_scopes: Vec<String>,
    token_created_at: String,
    token_last_used_at: Option<String>,
    /// By e-mail address.
    user: Option<String>,
    user_id: Option<String>,
    /// By slug.
    organization: Option<String>,
    organization_id: Option<String>,
    /// By name.
    client: Option<String>,
    client_id: Option<String>,
    customer: Option<String>,
    state_before: String,
    decision: &'static str,
    decided_by: Option<String>,
    /// Null when the token was not dead and was left as it was.
    revoked_at: Option<String>,
    verdict: &'static str,
    source: Option<String>,
    url: Option<String>,
    scrubbed_at: Option<String>,
    #[serde(skip)]
    owner: String,
}

impl From<SeenToken> for ExposureView {
    fn from(seen: SeenToken) -> Self {
        let SeenToken { exposure, known } = seen;
        let owner = token::owner(&known);
        let KnownToken {
            token,
            user,
            organization,
            client,
            ..
        } = known;
        Self {
            id: exposure.id.to_string(),
            first_seen_at: exposure.first_seen_at.to_string(),
            reported_by: exposure.origin.to_string(),
            token_id: token.id.to_string(),
            kind: token.kind.name(),
            token_name: token.name.map(|name| name.to_string()),
            token_hint: token.hint,
            token_scopes: token.scopes.iter().map(str::to_owned).collect(),
            token_created_at: token.created_at.to_string(),
            token_last_used_at: moment(token.last_used_at),
            user_id: user.as_ref().map(|user| user.id.to_string()),
            user: user.map(|user| user.email.to_string()),
            organization_id: organization.as_ref().map(|one| one.id.to_string()),
            organization: organization.map(|one| one.slug.to_string()),
            client_id: client.as_ref().map(|one| one.client_id.to_string()),
            client: client.map(|one| one.name),
            customer: token.customer,
            state_before: exposure.state_before,
            decision: exposure.decision.name(),
            decided_by: exposure.decided_by,
            revoked_at: moment(exposure.revoked_at),
            verdict: exposure.verdict.name(),
            source: exposure.source,
            url: exposure.url,
            scrubbed_at: moment(exposure.scrubbed_at),
            owner,
        }
    }
}

impl ExposureView {
    /// What a line of a list has room for.
    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("first seen", self.first_seen_at.clone()),
            ("reported by", self.reported_by.clone()),
            ("token", self.token_id.clone()),
            ("kind", self.kind.to_owned()),
            ("name", or(self.token_name.as_ref(), "-")),
            ("ends in", self.token_hint.clone()),
            ("owner", self.owner.clone()),
            ("before", self.state_before.clone()),
            ("decided", self.decision.to_owned()),
            ("by rule", or(self.decided_by.as_ref(), "-")),
        ]
    }

    /// What is said where a place is not known.
    const fn absent(&self) -> &'static str {
        match self.scrubbed_at {
            Some(_) => "no longer kept",
            None => "unknown",
        }
    }

    /// What such a line has no room for.
    fn more(&self) -> [(&'static str, String); 7] {
        [
            ("where", or(self.url.as_ref(), self.absent())),
            ("source", or(self.source.as_ref(), self.absent())),
            ("revoked", or(self.revoked_at.as_ref(), "no")),
            ("verdict", self.verdict.to_owned()),
            ("scopes", self.token_scopes.join(" ")),
            ("created", self.token_created_at.clone()),
            ("last used", or(self.token_last_used_at.as_ref(), "never")),
        ]
    }

    /// Whom it concerns besides the owner.
    fn related(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = [
            ("user", &self.user),
            ("organization", &self.organization),
            ("client", &self.client),
            ("customer", &self.customer),
        ];
        all.into_iter().filter_map(move |(name, value)| {
            let value = value.as_ref().filter(|value| **value != self.owner)?;
            Some((name, value.clone()))
        })
    }
}

/// An exposure among others.
#[derive(Serialize)]
#[serde(transparent)]
struct ExposureRow(ExposureView);

impl Shown for ExposureRow {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let Self(exposure) = self;
        let mut fields = exposure.facts();
        // Some places are known by their kind only.
        let place = exposure.url.as_ref().or(exposure.source.as_ref());
        fields.push(("where", or(place, exposure.absent())));
        fields
    }
}

/// An exposure with what came after.
#[derive(Serialize)]
struct ExposureDetails {
    #[serde(flatten)]
    exposure: ExposureView,
    /// How often somebody tried to use the token after it leaked.
    attempts_total: i64,
    /// These attempts by way in and address.
    attempts: Vec<AttemptAnswer>,
}

impl Shown for ExposureDetails {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.exposure.facts();
        fields.extend(self.exposure.more());
        fields.extend(self.exposure.related());
        fields.push(("attempts", self.attempts_total.to_string()));
        fields
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
        customer: wanted.customer.clone(),
        kind: wanted.kind,
        origin: wanted.origin.clone(),
        since: wanted.since,
        until: wanted.until,
    };
    let seen = exposures::list(ctx, &filter, wanted.after, wanted.limit).await?;
    if seen.is_empty() {
        expect_known(wanted, settings, ctx).await?;
    }
    let seen = seen.into_iter().map(ExposureView::from).map(ExposureRow);
    let seen: Vec<_> = seen.collect();
    out.list(&seen, "No token was seen anywhere.")?;
    match seen.last() {
        Some(ExposureRow(last))
            if u32::try_from(seen.len()).is_ok_and(|length| length == wanted.limit) =>
        {
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
        attempts_total: leaked_uses::total(&attempts),
        attempts: attempts.into_iter().map(AttemptAnswer::new).collect(),
    };
    out.result(&details, "")?;
    out.details("Tried since:", &details.attempts)
}
