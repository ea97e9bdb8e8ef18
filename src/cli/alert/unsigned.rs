//! Those who sign nothing: a GitLab of one's own, which has a secret, and whoever has a token.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::Client;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use zeroize::Zeroizing;

use super::delivery::Delivery;
use super::misbehaviour::{FLOOD, Misbehaviour, flood};

/// How long a question may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the secret of a GitLab.
pub(super) fn read_secret(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// By what it proves itself, or pretends to.
pub(super) fn proof(secret: &str, how: Option<Misbehaviour>) -> anyhow::Result<Zeroizing<String>> {
    match how {
        Some(Misbehaviour::UnknownKey) => bail!("a GitLab of one's own has a secret and no key"),
        Some(Misbehaviour::BadSignature) => Ok(Zeroizing::new(format!("{secret}x"))),
        _ => Ok(Zeroizing::new(secret.to_owned())),
    }
}

/// The first of the types that the service revokes: GitLab asks before each report. `None` when it
/// revokes none, or when the address is not the usual one, so that nobody knows where to ask.
pub(super) async fn first_type(
    client: &Client,
    to: &Url,
    secret: &str,
) -> anyhow::Result<Option<String>> {
    #[derive(Deserialize)]
    struct Types {
        types: Vec<String>,
    }
    let Some(before) = to.path().strip_suffix("/revoke_tokens") else {
        return Ok(None);
    };
    let mut from = to.clone();
    from.set_path(&format!("{before}/revocable_token_types"));
    let asked = client.get(from).header("authorization", secret);
    let asking = async {
        let answer = asked.timeout(TIMEOUT).send().await?.error_for_status()?;
        answer.json::<Types>().await
    };
    let types = asking.await.map_err(|error| {
        anyhow!(
            "the service does not say what it revokes: {}",
            error.without_url()
        )
    })?;
    Ok(types.types.into_iter().next())
}

/// What a GitLab of one's own sends.
pub(super) fn gitlab(
    proof: Zeroizing<String>,
    reports: Vec<u8>,
    how: Option<Misbehaviour>,
) -> anyhow::Result<Delivery> {
    let body = match how {
        Some(Misbehaviour::Flood) => flood(&reports)?,
        _ => reports,
    };
    Ok(Delivery {
        headers: vec![("Authorization".to_owned(), proof.as_str().to_owned())],
        body: Zeroizing::new(body),
    })
}

/// What somebody sends who has tokens.
pub(super) fn possession(
    credentials: Vec<u8>,
    how: Option<Misbehaviour>,
) -> anyhow::Result<Delivery> {
    let body = match how {
        Some(Misbehaviour::BadSignature | Misbehaviour::UnknownKey) => {
            bail!("whoever has a token proves nothing, so there is nothing to prove wrongly")
        }
        Some(Misbehaviour::Flood) => many(&credentials)?,
        Some(Misbehaviour::Replay) | None => credentials,
    };
    Ok(Delivery {
        headers: Vec::new(),
        body: Zeroizing::new(body),
    })
}

/// The same credentials again and again, more than are taken.
fn many(credentials: &[u8]) -> anyhow::Result<Vec<u8>> {
    #[derive(Deserialize)]
    struct Given<'a> {
        #[serde(borrow)]
        credentials: Vec<&'a RawValue>,
    }
    let given: Given<'_> =
        serde_json::from_slice(credentials).context("a flood repeats credentials")?;
    if given.credentials.is_empty() {
        bail!("a flood repeats credentials, and there is none");
    }
    let many: Vec<_> = given.credentials.into_iter().cycle().take(FLOOD).collect();
    Ok(serde_json::to_vec(
        &serde_json::json!({ "credentials": many }),
    )?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_flood_of_credentials_repeats_what_there_is() {
        let given = br#"{"credentials": ["a", "b"]}"#.to_vec();
        let sent = possession(given, Some(Misbehaviour::Flood)).unwrap();
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        let all = sent["credentials"].as_array().unwrap();
        assert_eq!((all.len(), &all[3]), (FLOOD, &"b".into()));
        for wrong in [&b"[]"[..], b"{}", br#"{"credentials": []}"#] {
            assert!(possession(wrong.to_vec(), Some(Misbehaviour::Flood)).is_err());
        }
        assert!(possession(Vec::new(), Some(Misbehaviour::UnknownKey)).is_err());
    }
}
