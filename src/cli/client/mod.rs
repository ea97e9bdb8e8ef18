//! `tokenward client`: OAuth clients, made, listed, given secrets, shut out, deleted.

mod create;
mod secret;
mod standing;
mod view;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::Output;
use super::values::{self, LARGEST_PAGE, PAGE};
use crate::domain::{Context, clients};
use crate::model::{Client, Id, RegisteredClient};
use view::{ClientRow, ClientView};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a client; its secret is shown once
    Create(create::Create),
    /// List clients in the order they were made
    List(ListPage),
    /// Tell everything about a client and its secrets, never their text
    Show(Named),
    /// Change what only operators decide about a client
    Update(standing::Update),
    /// Add a secret beside the one in use, or revoke one
    #[command(subcommand)]
    Secret(secret::Command),
    /// Shut a client out: neither its secrets nor its tokens work until it is let in again
    Disable(Named),
    /// Let a client in again; what was revoked meanwhile stays dead
    Enable(Named),
    /// Delete a client for good, and every token that it has
    Delete(Named),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// Its client_id
    #[arg(long, value_name = "CLIENT_ID")]
    client_id: String,
}

impl Named {
    async fn find(&self, ctx: &Context) -> anyhow::Result<RegisteredClient> {
        Ok(clients::find(ctx, &self.client_id).await?)
    }
}

#[derive(Debug, Args)]
pub(super) struct ListPage {
    /// Begin behind the client with this id
    #[arg(long, value_name = "ID", value_parser = values::id::<Client>)]
    after: Option<Id<Client>>,
    /// Most clients to list
    #[arg(long, default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=LARGEST_PAGE))]
    limit: u32,
}

#[derive(Serialize)]
struct Disabled<'a> {
    client_id: &'a str,
    disabled: bool,
}

#[derive(Serialize)]
struct Deleted<'a> {
    client_id: &'a str,
    deleted: bool,
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Create(new) => create::run(new, ctx, out).await,
        Command::List(page) => list(page, ctx, out).await,
        Command::Show(which) => show(which, ctx, out).await,
        Command::Update(change) => standing::run(change, ctx, out).await,
        Command::Secret(command) => secret::run(command, ctx, out).await,
        Command::Disable(which) => set_disabled(which, true, ctx, out).await,
        Command::Enable(which) => set_disabled(which, false, ctx, out).await,
        Command::Delete(which) => delete(which, ctx, out).await,
    }
}

async fn list(page: &ListPage, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let found = clients::list(ctx, page.after, page.limit).await?;
    let rows = found
        .iter()
        .map(|client| ClientRow(ClientView::new(client)));
    out.list(&rows.collect::<Vec<_>>(), "There are none.")?;
    match found.last() {
        Some(last) if u32::try_from(found.len()).is_ok_and(|length| length == page.limit) => {
            out.note(&format!("\nThere may be more: --after {}", last.id))
        }
        _ => Ok(()),
    }
}

async fn show(which: &Named, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let client = which.find(ctx).await?;
    let secrets = clients::list_secrets(ctx, &client).await?;
    let shown = view::Inspected::new(&client, &secrets);
    out.result(&shown, "")?;
    out.details("Secrets:", &shown.secrets)
}

async fn set_disabled(
    which: &Named,
    disabled: bool,
    ctx: &Context,
    out: &mut Output,
) -> anyhow::Result<()> {
    let client = which.find(ctx).await?;
    clients::set_disabled(ctx, &client, disabled).await?;
    let client_id = client.client_id.as_str();
    let text = match disabled {
        true => format!("{client_id} is disabled: none of its secrets and tokens work"),
        false => format!("{client_id} is not disabled: what was not revoked works again"),
    };
    out.either(
        &Disabled {
            client_id,
            disabled,
        },
        &text,
    )
}

async fn delete(which: &Named, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let client = which.find(ctx).await?;
    clients::delete(ctx, &client).await?;
    let client_id = client.client_id.as_str();
    let deleted = true;
    let text = format!("{client_id} is deleted, and every token that it had is dead");
    out.either(&Deleted { client_id, deleted }, &text)
}
