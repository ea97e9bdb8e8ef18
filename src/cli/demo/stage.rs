//! Where the demo plays: the real service on a loopback port, and a stand-in for GitHub.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded};

use super::eml::{self, ReadLetter};
use super::scratch::Scratch;
use crate::app::{Application, Seams};
use crate::cli::alert::{self, Answer};
use crate::cli::stand_in::StandIn;
use crate::config::Settings;
use crate::domain::Context;
use crate::model::{HashKey, HashKeys, PlainToken};
use crate::origins::signing::OriginSigner;
use crate::origins::{self, GITHUB};
use crate::storage::DatabaseUrl;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);
/// Digests tokens in a database that was brought along. Everybody knows this key; a database that
/// holds real tokens refuses it, so the demo cannot write into one by mistake.
const PUBLIC_HASH_KEY: &str = "tokenward demo: known to everybody, keeps no secret";

/// Everything that runs while the demo plays.
pub(super) struct Stage {
    pub(super) ctx: Arc<Context>,
    /// The service's address.
    pub(super) url: Url,
    /// What the service keeps its data in, in words.
    pub(super) engine: &'static str,
    pub(super) github: StandIn,
    pub(super) mailbox: Mailbox,
    signer: OriginSigner,
    client: Client,
    stop: CancellationToken,
    service: JoinHandle<anyhow::Result<()>>,
    // Last, so that the folder outlives whoever writes into it.
    scratch: Scratch,
}

impl Stage {
    /// Starts the service and the stand-in, and waits until the service is ready.
    pub(super) async fn raise(
        database: Option<DatabaseUrl>,
        scratch: Scratch,
    ) -> anyhow::Result<Self> {
        let signer = OriginSigner::generate();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let github = StandIn::start(port, &signer)?;
        let settings = settings(database, &scratch, &github)?;
        let starting = Application::build(&settings, Seams::default());
        let service = timeout(PATIENCE, starting)
            .await
            .context("the service did not start in time")??;
        let url = settings.server.public_url_at(service.address())?;
        let client = origins::http_client(&url).context("cannot prepare to speak HTTP")?;
        let ctx = Arc::clone(&service.ctx);
        let stop = CancellationToken::new();
        let engine = match settings.database.url.file() {
            Some(_) => "the real service, on SQLite",
            None => "the real service, on PostgreSQL",
        };
        let stage = Self {
            ctx,
            url,
            engine,
            github,
            mailbox: Mailbox(scratch.path().join("mail")),
            signer,
            client,
            service: tokio::spawn(service.run(stop.clone())),
            stop,
            scratch,
        };
        let ready = stage.client.get(stage.url.join("readyz")?);
        let ready = ready.timeout(PATIENCE).send().await?.status();
        ensure!(ready == StatusCode::OK, "/readyz answered {ready}");
        Ok(stage)
    }

    /// Signs `body` and posts it to the service, as GitHub would.
    pub(super) async fn deliver(&self, body: Vec<u8>) -> anyhow::Result<Answer> {
        let to = self.url.join(&GITHUB.path())?;
        let sender = alert::Sender {
            client: &self.client,
            spec: &GITHUB,
            signer: &self.signer,
            key_id: None,
        };
        let answer = timeout(PATIENCE, sender.deliver(to, body))
            .await
            .context("the delivery was not answered in time")??;
        ensure!(
            answer.status.is_success(),
            "GitHub was answered {}",
            answer.refusal()
        );
        Ok(answer)
    }

    /// Asks whether `token` works, as a service would (RFC 7662).
    pub(super) async fn introspect(
        &self,
        service_key: &PlainToken,
        token: &PlainToken,
    ) -> anyhow::Result<bool> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.reveal())
            .finish();
        let request = self
            .client
            .post(self.url.join("/v1/oauth2/introspect")?)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .bearer_auth(service_key.reveal())
            .timeout(PATIENCE)
            .body(form);
        let response = request
            .send()
            .await
            .context("no answer to an introspection")?;
        let status = response.status();
        let body = response.bytes().await?;
        ensure!(
            status == StatusCode::OK,
            "an introspection was answered {status}"
        );
        let answer: Value = serde_json::from_slice(&body)?;
        match answer.get("active").and_then(Value::as_bool) {
            Some(active) => Ok(active),
            None => bail!("an introspection was answered without `active`"),
        }
    }

    /// Stops everything, and removes what does not stay.
    pub(super) async fn clear(self) -> anyhow::Result<()> {
        // Open connections would be waited for.
        drop(self.client);
        self.stop.cancel();
        timeout(PATIENCE, self.service)
            .await
            .context("the service did not stop in time")???;
        self.github.stop().await?;
        self.scratch.clear()?;
        Ok(())
    }
}

fn settings(
    database: Option<DatabaseUrl>,
    scratch: &Scratch,
    github: &StandIn,
) -> anyhow::Result<Settings> {
    let mut settings = Settings::from_overlay(&format!(
        "[server]\nlisten = '127.0.0.1:0'\nworkers = 2\nshutdown_timeout = '5s'\n\
         [origins.github]\nkeys_url = '{}'",
        github.keys_url()
    ))?;
    match database {
        Some(url) => {
            settings.database.url = url;
            let key = HashKey::parse(PUBLIC_HASH_KEY)?;
            settings.tokens.hash_keys = Some(HashKeys::new(key, Vec::new()));
        }
        None => {
            let file = scratch.text("tokenward.db")?;
            settings.database.url = format!("sqlite://{file}").parse()?;
            settings.tokens.hash_key_file = scratch.path().join("hash_keys");
        }
    }
    settings.mail.url = format!("file://{}", scratch.text("mail")?).parse()?;
    Ok(settings)
}

/// The folder that letters are written to.
#[derive(Clone, Debug)]
pub(super) struct Mailbox(PathBuf);

impl Mailbox {
    /// The letters that are there, oldest first.
    pub(super) fn letters(&self) -> anyhow::Result<BTreeSet<PathBuf>> {
        let mut letters = BTreeSet::new();
        for entry in std::fs::read_dir(&self.0).context("the mailbox cannot be read")? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                letters.insert(path);
            }
        }
        Ok(letters)
    }

    /// Waits until `count` letters that name one of the `places` are there beside those `before`,
    /// and tells since when. Other letters may come at any time, about attempts for example: of this
    /// story, or of one that was played on the same database before.
    pub(super) async fn receive(
        &self,
        before: &BTreeSet<PathBuf>,
        places: &[&str],
        count: usize,
    ) -> anyhow::Result<(Vec<ReadLetter>, Instant)> {
        let mut seen = before.clone();
        let mut received = Vec::new();
        let receiving = async {
            // A folder tells nobody that a file was put into it, so it has to be looked at.
            let mut look = interval(Duration::from_millis(2));
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while received.len() < count {
                look.tick().await;
                for path in self.letters()?.difference(&seen.clone()) {
                    seen.insert(path.clone());
                    let letter = eml::read(&std::fs::read(path)?);
                    let letter = letter.context("a letter cannot be read")?;
                    if places.iter().any(|place| letter.text.contains(place)) {
                        received.push(letter);
                    }
                }
            }
            anyhow::Ok(Instant::now())
        };
        let outcome = timeout(PATIENCE, receiving).await;
        let Ok(there) = outcome else {
            bail!(
                "{} of {count} letters came within {} seconds",
                received.len(),
                PATIENCE.as_secs()
            );
        };
        Ok((received, there?))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let head = "To: ada@example.com\r\nSubject: News\r\nContent-Type: multipart/alternative; \
                    boundary=\"b\"\r\n\r\n";
        let part = format!("--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\n\r\n--b--\r\n");
        std::fs::write(folder.join(name), format!("{head}{part}")).unwrap();
    }

    #[tokio::test]
    async fn letters_about_something_else_are_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox(folder.path().to_owned());
        write(folder.path(), "1.eml", "found at https://a.example/1");
        let before = mailbox.letters().unwrap();
        write(folder.path(), "2.eml", "somebody tried it");
        write(folder.path(), "3.eml", "found at https://a.example/2");
        write(folder.path(), "4.eml", "found at https://a.example/3");
        let places = [
            "https://a.example/1",
            "https://a.example/2",
            "https://a.example/3",
        ];
        let (letters, _) = mailbox.receive(&before, &places, 2).await.unwrap();
        let texts: Vec<&str> = letters.iter().map(|letter| letter.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "found at https://a.example/2",
                "found at https://a.example/3"
            ]
        );
    }
}
