//! Those who sign nothing: a GitLab of one's own, which has a secret, an internal service, which has a
//! key, and whoever has a token.

use std::collections::BTreeMap;
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
use crate::model::random;

/// How long a question may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the secret of a GitLab, or the key of a service.
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
        Some(Misbehaviour::Flood) => many(&credentials, "credentials")?,
        Some(Misbehaviour::Replay) | None => credentials,
    };
    Ok(Delivery {
        headers: Vec::new(),
        body: Zeroizing::new(body),
    })
}

/// What an internal service sends. Its request has a name, so that sent twice it is done once.
pub(super) fn service(
    key: &str,
    items: Vec<u8>,
    how: Option<Misbehaviour>,
) -> anyhow::Result<Delivery> {
    let (key, body) = match how {
        Some(Misbehaviour::UnknownKey) => {
            bail!("an internal service has no key but its secret: see bad-signature")
        }
        Some(Misbehaviour::BadSignature) => (Zeroizing::new(format!("{key}x")), items),
        Some(Misbehaviour::Flood) => (Zeroizing::new(key.to_owned()), many(&items, "items")?),
        Some(Misbehaviour::Replay) | None => (Zeroizing::new(key.to_owned()), items),
    };
    let name = hex::encode(random::bytes::<16>());
    Ok(Delivery {
        headers: vec![
            (
                "Authorization".to_owned(),
                format!("Bearer {}", key.as_str()),
            ),
            ("Idempotency-Key".to_owned(), name),
        ],
        body: Zeroizing::new(body),
    })
}

/// The same of a list's members again and again, more than are taken.
fn many(body: &[u8], list: &str) -> anyhow::Result<Vec<u8>> {
    let body: BTreeMap<String, &RawValue> =
        serde_json::from_slice(body).with_context(|| format!("a flood repeats {list}"))?;
    let given = body
        .get(list)
        .map(|given| serde_json::from_str(given.get()));
    let given: Vec<&RawValue> = given
        .transpose()
        .with_context(|| format!("a flood repeats {list}"))?
        .unwrap_or_default();
    if given.is_empty() {
        bail!("a flood repeats {list}, and there is none");
    }
    let many: Vec<_> = given.into_iter().cycle().take(FLOOD).collect();
    let many = serde_json::value::to_raw_value(&many)?;
    let mut body = body;
    body.insert(list.to_owned(), &many);
    Ok(serde_json::to_vec(&body)?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_flood_of_items_leaves_the_rest_of_the_body() {
        let given = br#"{"items": [{"id": "a"}], "dry_run": true}"#.to_vec();
        let sent = service("k", given, Some(Misbehaviour::Flood)).unwrap();
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        let all = sent["items"].as_array().unwrap();
        assert_eq!((all.len(), &sent["dry_run"]), (FLOOD, &true.into()));
        assert!(service("k", Vec::new(), Some(Misbehaviour::UnknownKey)).is_err());
    }

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
