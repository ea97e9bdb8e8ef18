//! `tokenward client update`

use anyhow::bail;
use clap::Args;

use super::Named;
use super::view::ClientView;
use crate::cli::output::Output;
use crate::domain::{Context, clients};
use crate::model::ClientStanding;

#[derive(Debug, Args)]
pub(in crate::cli) struct Update {
    #[command(flatten)]
    which: Named,
    #[command(flatten)]
    change: Change,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Change {
    /// Whether it is ours, so that nobody is asked for consent
    #[arg(long, value_name = "true|false")]
    first_party: Option<bool>,
    /// Whether it must send a code challenge; public clients always must
    #[arg(long, value_name = "true|false")]
    require_pkce: Option<bool>,
    /// Whether it is a resource server and may introspect tokens of every kind
    #[arg(long, value_name = "true|false")]
    introspects_all: Option<bool>,
}

pub(super) async fn run(update: &Update, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let mut client = update.which.find(ctx).await?;
    let change = &update.change;
    let public = client.metadata.is_public();
    if public && change.require_pkce == Some(false) {
        bail!("a public client always sends a code challenge");
    }
    if public && change.introspects_all == Some(true) {
        bail!("a public client cannot prove who it is, so it introspects nothing");
    }
    let old = client.standing;
    client.standing = ClientStanding {
        first_party: change.first_party.unwrap_or(old.first_party),
        require_pkce: change.require_pkce.unwrap_or(old.require_pkce),
        introspects_all: change.introspects_all.unwrap_or(old.introspects_all),
    };
    clients::set_standing(ctx, &client, client.standing).await?;
    out.result(&ClientView::new(&client), "")
}
