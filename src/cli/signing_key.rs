//! `tokenward signing-key`: the keys that sign ID tokens.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use crate::domain::Context;
use crate::domain::signing_keys::{self, Rotation, SigningKeyStatus};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the keys that sign ID tokens, and those that did
    List,
    /// Let the next keys sign as soon as everybody can know them
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Somebody else may hold a key: remove all of them at once, and with them every ID token
    #[arg(long)]
    compromised: bool,
}

#[derive(Serialize)]
struct KeyView {
    kid: String,
    algorithm: &'static str,
    state: &'static str,
    usable: bool,
    published: String,
    signs_from: String,
}

impl From<SigningKeyStatus> for KeyView {
    fn from(status: SigningKeyStatus) -> Self {
        Self {
            kid: status.key.kid,
            algorithm: status.key.algorithm.name(),
            state: status.state.name(),
            usable: status.usable,
            published: status.key.created_at.to_string(),
            signs_from: status.key.active_from.to_string(),
        }
    }
}

impl Shown for KeyView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let usable = if self.usable { "yes" } else { "no" };
        vec![
            ("kid", self.kid.clone()),
            ("algorithm", self.algorithm.to_owned()),
            ("state", self.state.to_owned()),
            ("usable", usable.to_owned()),
            ("published", self.published.clone()),
            ("signs from", self.signs_from.clone()),
        ]
    }
}

pub(super) async fn run(command: &Command, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    if let Command::Rotate(how) = command {
        let rotation = match how.compromised {
            true => Rotation::Compromised,
            false => Rotation::Soon,
        };
        signing_keys::rotate(ctx, rotation).await?;
    }
    let keys = signing_keys::list(ctx).await?;
    let keys: Vec<KeyView> = keys.into_iter().map(KeyView::from).collect();
    out.list(
        &keys,
        "There is no signing key yet; the first is made when it is needed.",
    )
}
