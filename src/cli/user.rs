//! `tokenward user`: people, let in and shut out.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use crate::domain::{Context, users};
use crate::model::{Email, Id, PersonName, User};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a user
    Create(New),
    /// Shut a user out: none of their tokens work until they are let in again
    Block(Named),
    /// Let a user in again; tokens that leaked meanwhile stay dead
    Unblock(Named),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The user's e-mail address
    #[arg(long)]
    email: Email,
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// The user's e-mail address
    #[arg(long)]
    email: Email,
    /// What the user is called
    #[arg(long)]
    name: Option<PersonName>,
}

#[derive(Serialize)]
struct Created {
    id: Id<User>,
    email: Email,
}

impl Shown for Created {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("email", self.email.to_string()),
        ]
    }
}

#[derive(Serialize)]
struct Blocked<'a> {
    email: &'a Email,
    blocked: bool,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Create(New { email, name }) => {
            let user = users::create_named(ctx, email.clone(), name.as_ref()).await?;
            let User { id, email, .. } = user;
            out.result(&Created { id, email }, "")
        }
        Command::Block(Named { email }) => {
            users::block(ctx, email).await?;
            let blocked = true;
            let text = format!("{email} is blocked: none of their tokens work");
            out.either(&Blocked { email, blocked }, &text)
        }
        Command::Unblock(Named { email }) => {
            users::unblock(ctx, email).await?;
            let blocked = false;
            let text = format!("{email} is not blocked: tokens that were not revoked work again");
            out.either(&Blocked { email, blocked }, &text)
        }
    }
}
