//! `tokenward alert send`: signs reports and posts them, as GitHub or another origin does.

use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use reqwest::Client;
use url::Url;

use super::answer::{Answer, show, show_any};
use super::body::{self, What};
use super::delivery::Delivery;
use super::misbehaviour::{Actor, Meeting, Misbehaviour, met};
use super::player::Player;
use super::{read_key, unsigned};
use crate::cli::screen::Screen;
use crate::config::Sources;
use crate::model::Origin;
use crate::origins::signing::OriginSigner;
use crate::origins::{self, BodyShape, OriginSpec};

/// Sign the reports on standard input and post them, as GitHub or another origin does.
///
/// Standard input is either the origin's JSON, which is sent exactly as it is, or one token a line. A
/// GitLab of one's own (gitlab_revocation) proves itself by a secret and asks first which types it may
/// send; an internal service (internal) proves itself by its key and names its request; whoever has a token
/// (possession) proves nothing.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Whom to play: github, gitlab, depsdev, gitlab_revocation, possession, internal, or a scanner that
    /// the configuration knows; github, or whom a captured delivery was sent as, unless it is said
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// The service; without a path, the origin's is added
    #[arg(long, value_name = "URL", value_parser = destination)]
    to: Url,
    /// The private key that signs, as a PEM file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The secret by which a GitLab of one's own proves itself, or an internal service's key, as a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "replay"])]
    secret_file: Option<PathBuf>,
    /// The key's name, where it is not the SHA-256 of the public key
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// Of which type tokens are said to be, for tokens that come one a line
    #[arg(long = "type", value_name = "NAME")]
    token_type: Option<String>,
    /// Where tokens were seen, for tokens that come one a line
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// What kind of place that is, such as `commit`
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    source: String,
    /// Misbehave; the exit code says whether the service met that as it should
    #[arg(long, value_name = "HOW", conflicts_with = "replay")]
    misbehave: Option<Misbehaviour>,
    /// Keep what is sent in a new file: headers and body, so with every token in it
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    capture: Option<PathBuf>,
    /// Send a captured delivery again, exactly as it was
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "key_id", "url"])]
    replay: Option<PathBuf>,
}

pub(super) async fn run(
    arguments: &Arguments,
    sources: &Sources,
    json: bool,
) -> anyhow::Result<()> {
    let captured = arguments
        .replay
        .as_deref()
        .map(Delivery::read)
        .transpose()?;
    let (played, captured) = captured.unzip();
    let played = arguments.origin.clone().or(played.flatten());
    let played = played.unwrap_or_else(|| Origin::GITHUB.to_string());
    let player = Player::find(&played, sources)?;
    let to = player.address(&arguments.to);
    crate::mail::install_crypto_provider();
    let client = origins::http_client(&arguments.to).context("cannot prepare to speak HTTP")?;
    let delivery = match captured {
        Some(captured) => captured,
        None => delivery(arguments, &player, (&client, &to)).await?,
    };
    if let Some(file) = &arguments.capture {
        delivery.write(&played, file)?;
    }
    let answer = delivery.post(&client, &to).await?;
    let screen = Screen::new();
    if let Some(how) = arguments.misbehave {
        show_any(screen, json, &answer)?;
        let meeting = Meeting {
            player: &player,
            delivery: &delivery,
            answer: &answer,
        };
        return match met(how, &meeting, (&client, &to)).await? {
            true => Ok(()),
            false => bail!("the service did not meet this as it should"),
        };
    }
    if !answer.status.is_success() {
        bail!("the service answered {}", answer.refusal());
    }
    show(screen, json, &answer)
}

/// What is made of the reports on standard input.
async fn delivery(
    arguments: &Arguments,
    player: &Player,
    (client, to): (&Client, &Url),
) -> anyhow::Result<Delivery> {
    let how = arguments.misbehave;
    let mut what = What {
        token_type: arguments.token_type.clone(),
        url: arguments.url.clone(),
        source: arguments.source.clone(),
    };
    match player {
        Player::Signed(spec) => {
            let key = arguments.key.as_deref().context("--key is missing")?;
            let signer = read_key(key)?;
            let input = tokio::task::spawn_blocking(read_input).await??;
            let actor = Actor {
                spec,
                signer: &signer,
                key_id: arguments.key_id.as_deref(),
            };
            actor.delivery(how, body::reports(input, &spec.body, &what)?)
        }
        Player::Gitlab => {
            let file = arguments.secret_file.as_deref();
            let secret = unsigned::read_secret(file.context("--secret-file is missing")?)?;
            let proof = unsigned::proof(&secret, how)?;
            if what.token_type.is_none() && how != Some(Misbehaviour::BadSignature) {
                what.token_type = unsigned::first_type(client, to, &secret).await?;
            }
            let input = tokio::task::spawn_blocking(read_input).await??;
            let reports = body::reports(input, &BodyShape::GITLAB_REVOCATION, &what)?;
            unsigned::gitlab(proof, reports, how)
        }
        Player::Possession => {
            let input = tokio::task::spawn_blocking(read_input).await??;
            unsigned::possession(body::credentials(input)?, how)
        }
        Player::Internal => {
            let file = arguments.secret_file.as_deref();
            let key = unsigned::read_secret(file.context("--secret-file is missing")?)?;
            let input = tokio::task::spawn_blocking(read_input).await??;
            unsigned::service(&key, body::items(input, &what)?, how)
        }
    }
}

/// Reads `--to`.
fn destination(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("a service is reached over http or https".to_owned()),
    }
}

fn read_input() -> io::Result<Vec<u8>> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        writeln!(
            io::stderr(),
            "Type or paste one token a line; Ctrl-D ends the list."
        )?;
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Who reports.
pub(in crate::cli) struct Sender<'s> {
    pub(in crate::cli) client: &'s Client,
    pub(in crate::cli) spec: &'s OriginSpec,
    pub(in crate::cli) signer: &'s OriginSigner,
    /// The key's name, where it is not the usual one.
    pub(in crate::cli) key_id: Option<&'s str>,
}

impl Sender<'_> {
    /// Signs `body` and posts it with the origin's headers.
    pub(in crate::cli) async fn deliver(&self, to: Url, body: Vec<u8>) -> anyhow::Result<Answer> {
        let signed = body.clone();
        let delivery = Delivery::sign(self.spec, self.signer, self.key_id, body, &signed);
        delivery.post(self.client, &to).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_reached_over_http() {
        for wrong in ["", "h:1", "ftp://h", "127.0.0.1:8080"] {
            assert!(destination(wrong).is_err(), "{wrong}");
        }
    }
}
