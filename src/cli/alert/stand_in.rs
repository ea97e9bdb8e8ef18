//! `tokenward alert stand-in`: publishes a key of our own, as GitHub publishes its keys.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::json;

use super::read_key;
use crate::cli::interrupt;
use crate::cli::screen::{Screen, Tone};
use crate::cli::stand_in::StandIn;
use crate::origins::signing::OriginSigner;

/// Publish a key as GitHub does, until stopped.
///
/// A service whose `origins.github.keys_url` points here believes what this key signs.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The private key, as a PEM file; made when it is missing
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where to listen; only this machine can be allowed in
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

pub(super) async fn run(arguments: &Arguments, json: bool) -> anyhow::Result<()> {
    let Arguments { key, listen } = arguments;
    if !listen.ip().is_loopback() {
        bail!("{listen} can be reached from elsewhere: listen on 127.0.0.1 or [::1]");
    }
    let (signer, made) = if key.try_exists()? {
        (read_key(key)?, false)
    } else {
        (make_key(key)?, true)
    };
    let listener =
        TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let stand_in = StandIn::start(listener, &signer)?;
    let screen = Screen::new();
    if json {
        screen.say(json!({
            "keys_url": stand_in.keys_url(),
            "key": key,
            "key_id": signer.key_id().as_str(),
            "made": made,
        }))?;
    } else {
        introduce(screen, &stand_in, key, made)?;
    }
    interrupt::asked().await?;
    stand_in.stop().await?;
    Ok(())
}

fn make_key(path: &Path) -> anyhow::Result<OriginSigner> {
    let signer = OriginSigner::generate();
    write_key(path, &signer)?;
    Ok(signer)
}

/// Writes a key to a file that was not there and that nobody else may read.
fn write_key(path: &Path, signer: &OriginSigner) -> anyhow::Result<()> {
    let pem = signer.private_pem()?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    let written = file
        .write_all(pem.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key would only be in the way.
        let _ = std::fs::remove_file(path);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn introduce(screen: Screen, stand_in: &StandIn, key: &Path, made: bool) -> anyhow::Result<()> {
    let key = key.display();
    let origin = match made {
        true => "new, in",
        false => "from",
    };
    screen.say(format_args!(
        "{}\n\nStart the service so that it believes this key:\n\n  \
         TOKENWARD__ORIGINS__GITHUB__KEYS_URL={} tokenward serve\n\n\
         Then report what leaked, one token a line:\n\n  \
         tokenward alert send --to http://127.0.0.1:8080 --key {key} < tokens.txt\n\n{}",
        screen.paint(
            Tone::Title,
            &format!("Standing in for GitHub on {}", stand_in.url())
        ),
        stand_in.keys_url(),
        screen.paint(
            Tone::Quiet,
            &format!("The key is {origin} {key}. Ctrl-C ends this.")
        ),
    ))?;
    Ok(())
}
