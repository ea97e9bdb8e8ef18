//! `tokenward token`: made, listed, inspected, revoked.

mod create;
mod inspect;
mod list;
mod reference;
mod revoke;
mod view;

use clap::Subcommand;

use super::output::Output;
use crate::domain::Context;

pub(super) use create::{Lifetime, issue};
pub(super) use list::{ListPage, list_service_keys};
pub(super) use view::owner;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token; its text is shown once
    Create(create::Create),
    /// List tokens in the order they were made, never their text
    List(list::List),
    /// Tell everything about a token: --id, or the token itself on standard input
    Inspect(reference::Reference),
    /// Revoke a token for good: --id, or the token itself on standard input
    Revoke(reference::Reference),
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Create(new) => create::run(new, ctx, out).await,
        Command::List(which) => list::run(which, ctx, out).await,
        Command::Inspect(which) => inspect::run(which, ctx, out).await,
        Command::Revoke(which) => revoke::run(which, ctx, out).await,
    }
}
