//! A delivery on its way: what is sent exactly as it is, kept in a file, and sent again.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::answer::Answer;
use crate::origins::OriginSpec;
use crate::origins::signing::OriginSigner;

/// GitHub waits as long.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The line of a captured delivery that says who was played. It is not sent.
const PLAYED: &str = "Played";
/// Largest answer that is read: ten thousand verdicts have about two megabytes.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Headers that say who sent it, and the body that they are about. It may hold tokens, so it does
/// not print itself.
#[derive(Clone)]
pub(super) struct Delivery {
    /// Each with its value.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Delivery {
    /// The delivery of a body, signed over `signed`, which for an honest sender is the body.
    pub(super) fn sign(
        spec: &OriginSpec,
        signer: &OriginSigner,
        key_id: Option<&str>,
        body: Vec<u8>,
        signed: &[u8],
    ) -> Self {
        let headers = &spec.headers;
        let key_id = key_id.unwrap_or(signer.key_id().as_str());
        Self {
            headers: vec![
                (headers.key_id.to_string(), key_id.to_owned()),
                (headers.signature.to_string(), signer.sign(signed)),
            ],
            body: Zeroizing::new(body),
        }
    }

    /// Writes it to a file that was not there and that nobody else may read: who was played, headers, an
    /// empty line, and the body as it is.
    pub(super) fn write(&self, played: &str, path: &Path) -> anyhow::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        let mut written = Zeroizing::new(Vec::new());
        write!(written, "{PLAYED}: {played}\r\n")?;
        for (name, value) in &self.headers {
            write!(written, "{name}: {value}\r\n")?;
        }
        written.extend_from_slice(b"\r\n");
        written.extend_from_slice(&self.body);
        file.write_all(&written)
            .and_then(|()| file.sync_all())
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads what [`Delivery::write`] wrote, and who was played, which earlier versions did not write.
    pub(super) fn read(path: &Path) -> anyhow::Result<(Option<String>, Self)> {
        let name = path.display();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
        let bytes = Zeroizing::new(bytes);
        Self::parse(&bytes).ok_or_else(|| anyhow!("{name} is no captured delivery"))
    }

    fn parse(bytes: &[u8]) -> Option<(Option<String>, Self)> {
        let mut rest = bytes;
        let mut headers = Vec::new();
        let mut played = None;
        loop {
            let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
            let (line, after) = rest.split_at_checked(end)?;
            rest = after.get(2..)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = str::from_utf8(line).ok()?.split_once(": ")?;
            match name {
                PLAYED => played = Some(value.to_owned()),
                _ => headers.push((name.to_owned(), value.to_owned())),
            }
        }
        let delivery = Self {
            headers,
            body: Zeroizing::new(rest.to_vec()),
        };
        Some((played, delivery))
    }

    /// Posts it, and waits for what the service says.
    pub(super) async fn post(&self, client: &Client, to: &Url) -> anyhow::Result<Answer> {
        let place = to.origin().ascii_serialization();
        let request = client.post(to.clone());
        let mut request = request.header(CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.timeout(TIMEOUT).body(self.body.to_vec());
        let began = Instant::now();
        let exchange = async {
            let mut response = request.send().await?;
            let status = response.status();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                body.extend_from_slice(&chunk);
                if body.len() > LARGEST_ANSWER {
                    break;
                }
            }
            Ok::<_, reqwest::Error>((status, body))
        };
        let (status, body) = exchange.await.map_err(|error| unanswered(&place, error))?;
        if body.len() > LARGEST_ANSWER {
            bail!("{place} answered more than {LARGEST_ANSWER} bytes");
        }
        Ok(Answer {
            status,
            body,
            took: began.elapsed(),
        })
    }
}

/// An address may hold credentials, so only its origin is named.
fn unanswered(place: &str, error: reqwest::Error) -> anyhow::Error {
    let error = error.without_url();
    if error.is_timeout() {
        return anyhow!("{place} did not answer in time");
    }
    // The innermost cause is the one that says what to do: refused, unknown host, bad certificate.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    anyhow!("{place} cannot be reached: {cause}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_captured_is_sent_again_as_it_was(
            headers in prop::collection::vec(("[A-Za-z-]{1,20}", "[!-~]{0,40}"), 0..4),
            body: Vec<u8>,
            played in "[a-z_]{1,20}",
        ) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("delivery");
            let sent = Delivery { headers, body: Zeroizing::new(body) };
            sent.write(&played, &file).unwrap();
            // Nothing is written over.
            prop_assert!(sent.write(&played, &file).is_err());
            let (again_played, again) = Delivery::read(&file).unwrap();
            prop_assert_eq!(again_played, Some(played));
            prop_assert_eq!(again.headers, sent.headers);
            prop_assert_eq!(again.body, sent.body);
        }

        #[test]
        fn any_file_is_read_without_harm(bytes: Vec<u8>) {
            let _ = Delivery::parse(&bytes);
        }
    }
}
