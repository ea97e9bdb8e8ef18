//! `tokenward alert`: plays GitHub or another origin, for trying things out.

mod answer;
mod body;
mod delivery;
mod misbehaviour;
mod player;
mod send;
mod stand_in;
mod unsigned;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};
use zeroize::Zeroizing;

use crate::config::Sources;
use crate::origins::signing::OriginSigner;

pub(super) use answer::{Answer, Entry};
pub(super) use send::Sender;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Send(Box<send::Arguments>),
    StandIn(stand_in::Arguments),
}

pub(super) async fn run(command: &Command, sources: &Sources, json: bool) -> anyhow::Result<()> {
    match command {
        Command::Send(arguments) => send::run(arguments, sources, json).await,
        Command::StandIn(arguments) => stand_in::run(arguments, json).await,
    }
}

fn read_key(path: &Path) -> anyhow::Result<OriginSigner> {
    let name = path.display();
    let pem = match fs::read_to_string(path).map(Zeroizing::new) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no {name}: `tokenward alert stand-in --key {name}` makes a key")
        }
        other => other.with_context(|| format!("cannot read {name}"))?,
    };
    OriginSigner::from_pem(&pem).with_context(|| name.to_string())
}
