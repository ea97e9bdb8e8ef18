//! `tokenward client secret`: another one beside the first, and the end of either.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::Named;
use crate::cli::output::{Output, Shown};
use crate::cli::values;
use crate::domain::{Context, clients};
use crate::model::{Id, RevocationReason, Token};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Give the client another secret, which works beside the one it has; shown once
    Add(Named),
    /// Revoke one secret for good; `client show` lists their ids
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Revoke {
    #[command(flatten)]
    which: Named,
    /// The secret's id
    #[arg(long, value_name = "ID", value_parser = values::id::<Token>)]
    id: Id<Token>,
}

/// A secret on its way to whoever asked for it.
#[derive(Serialize)]
struct Added<'a> {
    id: Id<Token>,
    client_secret: &'a str,
}

impl Shown for Added<'_> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("client_secret", self.client_secret.to_owned()),
        ]
    }
}

#[derive(Serialize)]
struct Revoked {
    id: Id<Token>,
    revoked: bool,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Add(which) => {
            let client = which.find(ctx).await?;
            let secret = clients::add_secret(ctx, &client).await?;
            let added = Added {
                id: secret.id,
                client_secret: secret.token.reveal(),
            };
            let sentence = "This secret is shown this once and kept nowhere. When the client uses \
                            it, revoke the old one.";
            out.result(&added, sentence)
        }
        Command::Revoke(Revoke { which, id }) => {
            let client = which.find(ctx).await?;
            let reason = RevocationReason::Operator;
            let revoked = clients::revoke_secret(ctx, &client, *id, reason).await?;
            if !revoked {
                bail!("the client has no such secret, or it was revoked before");
            }
            let text = format!("{id} is revoked");
            out.either(&Revoked { id: *id, revoked }, &text)
        }
    }
}
