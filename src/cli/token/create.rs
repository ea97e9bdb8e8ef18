//! `tokenward token create`

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use crate::cli::output::{Output, Shown};
use crate::domain::tokens::{self, Issued, NewTokenRequest};
use crate::domain::{Context, organizations, users};
use crate::model::time::parse_duration;
use crate::model::{Email, Id, PlainToken, ScopeSet, Slug, Token, TokenKind, TokenName};

#[derive(Debug, Args)]
pub(in crate::cli) struct Create {
    /// What it is for, such as personal_access_token or organization_access_token
    #[arg(long)]
    kind: TokenKind,
    /// E-mail address of the user who owns it or, for an organization's token, who makes it
    #[arg(long, value_name = "EMAIL", required_unless_present = "organization")]
    user: Option<Email>,
    /// Slug of the organization that owns it, or to which it is limited
    #[arg(long, value_name = "SLUG")]
    organization: Option<Slug>,
    /// What its owner calls it
    #[arg(long)]
    name: TokenName,
    /// What it may do: names with spaces between them, "" for nothing
    #[arg(long)]
    scopes: ScopeSet,
    #[command(flatten)]
    lifetime: Lifetime,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Lifetime {
    /// How long it lives, such as 90s, 15m, 12h, 30d or 4w; without, as long as is usual for it
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(in crate::cli) expires_in: Option<Duration>,
}

/// A token on its way to whoever asked for it. The one answer that holds its text.
#[derive(Serialize)]
struct Created<'a> {
    id: Id<Token>,
    token: &'a str,
}

impl Shown for Created<'_> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("token", self.token.to_owned()),
        ]
    }
}

pub(super) async fn run(new: &Create, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    if new.kind == TokenKind::ServiceKey {
        bail!("a service key belongs to nobody: `tokenward service-key create` makes one");
    }
    let user = match &new.user {
        Some(email) => Some(users::find(ctx, email).await?.id),
        None => None,
    };
    let organization = match &new.organization {
        Some(slug) => Some(organizations::find(ctx, slug).await?.id),
        None => None,
    };
    let request = NewTokenRequest {
        user,
        organization,
        name: Some(new.name.clone()),
        scopes: new.scopes.clone(),
        lifetime: new.lifetime.expires_in,
        ..NewTokenRequest::new(new.kind)
    };
    issue(request, ctx, out).await
}

/// Makes a token and shows its text, this once.
pub(in crate::cli) async fn issue(
    request: NewTokenRequest,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let kind = request.kind.title();
    let Issued { id, token } = tokens::create(ctx, request).await?;
    let created = Created {
        id,
        token: PlainToken::reveal(&token),
    };
    let sentence =
        format!("This {kind} is shown this once and kept nowhere: put it where it is needed now.");
    out.result(&created, &sentence)
}
