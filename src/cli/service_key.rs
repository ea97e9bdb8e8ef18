//! `tokenward service-key`: the credentials of internal services. They are revoked as any token.

use clap::{Args, Subcommand};

use super::output::Output;
use super::token::{self, Lifetime, ListPage};
use crate::domain::Context;
use crate::domain::tokens::NewTokenRequest;
use crate::model::{Network, Networks, ScopeSet, TokenKind, TokenName};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a service key; its text is shown once
    Create(Create),
    /// List service keys in the order they were made
    List(ListPage),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What it is called, such as the service that holds it
    #[arg(long)]
    name: TokenName,
    /// What it may do, such as "tokens:introspect tokens:revoke"
    #[arg(long)]
    scopes: ScopeSet,
    /// From where it works, such as 10.0.0.0/8; may be given more than once. Without, everywhere
    #[arg(long = "network", value_name = "NETWORK")]
    networks: Vec<Network>,
    #[command(flatten)]
    lifetime: Lifetime,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Create(new) => {
            let request = NewTokenRequest {
                name: Some(new.name.clone()),
                scopes: new.scopes.clone(),
                networks: Networks::new(new.networks.clone()),
                lifetime: new.lifetime.expires_in,
                ..NewTokenRequest::new(TokenKind::ServiceKey)
            };
            token::issue(request, ctx, out).await
        }
        Command::List(page) => token::list_service_keys(page, ctx, out).await,
    }
}
