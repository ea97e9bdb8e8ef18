//! What signs messages, encrypted for the database.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use zeroize::Zeroizing;

use crate::domain::{Context, DomainError};
use crate::model::webhook::WebhookSecret;
use crate::model::{HashKey, Id, WebhookEndpoint};
use crate::storage::StorageError;
use crate::storage::webhooks::{self as table, SealedSecret};

/// What a hash key is derived to.
const PURPOSE: &str = "tokenward webhook secret encryption, version 1";
/// How many endpoints are looked at together.
const BATCH: i64 = 100;

/// Encrypts a secret for its endpoint. At another one it cannot be opened.
pub(super) fn seal(
    ctx: &Context,
    endpoint: Id<WebhookEndpoint>,
    secret: &WebhookSecret,
) -> Result<SealedSecret, DomainError> {
    let current = ctx.hash_keys.current();
    let sealed = encrypt(current, endpoint, secret.bytes())
        .map_err(|_| DomainError::Invalid("the secret cannot be encrypted"))?;
    Ok(SealedSecret {
        sealed,
        hash_key: current.id().clone(),
    })
}

/// Opens what [`seal`] made; `None` without the hash key that it was made with.
pub(super) fn open(
    ctx: &Context,
    endpoint: Id<WebhookEndpoint>,
    secret: &SealedSecret,
) -> Option<WebhookSecret> {
    let mut keys = ctx.hash_keys.iter();
    let key = keys.find(|key| *key.id() == secret.hash_key)?;
    let opened = decrypt(key, endpoint, &secret.sealed).ok()?;
    Some(WebhookSecret::from_bytes(opened))
}

/// Encrypts what is encrypted under an older hash key under the current one, so that the older one
/// can go.
///
/// # Errors
/// When the database fails.
pub async fn seal_anew(ctx: &Context) -> Result<(), StorageError> {
    let current = ctx.hash_keys.current().id();
    let mut after = None;
    loop {
        let all = table::list_sealed_otherwise(&ctx.db, current, after, BATCH).await?;
        let Some(last) = all.last() else {
            return Ok(());
        };
        after = Some(last.0);
        for before in &all {
            let anew =
                |secret| open(ctx, before.0, secret).and_then(|s| seal(ctx, before.0, &s).ok());
            let Some(secret) = anew(&before.1) else {
                tracing::error!(webhook.id = %before.0, "a webhook's secret cannot be opened");
                continue;
            };
            let after = (before.0, secret, before.2.as_ref().and_then(anew));
            let mut tx = ctx.db.begin().await?;
            table::seal_anew(&mut tx, before, &after).await?;
            tx.commit().await?;
        }
    }
}

fn encrypt(
    key: &HashKey,
    endpoint: Id<WebhookEndpoint>,
    secret: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key.derive(PURPOSE).as_slice())?;
    let mut text = Zeroizing::new(secret.to_vec());
    let nonce = key.seal_in_place_append_tag(row(endpoint), &mut *text)?;
    Ok([nonce.as_ref(), text.as_slice()].concat())
}

fn decrypt(
    key: &HashKey,
    endpoint: Id<WebhookEndpoint>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key.derive(PURPOSE).as_slice())?;
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.open_in_place(nonce, row(endpoint), &mut text)?;
    Ok(Zeroizing::new(opened.to_vec()))
}

fn row(endpoint: Id<WebhookEndpoint>) -> Aad<String> {
    Aad::from(format!("webhook_endpoints {endpoint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_secret_opens_at_its_own_endpoint_under_its_own_hash_key() {
        let ours = HashKey::parse("super secret jwt secret").unwrap();
        let other = HashKey::parse("another secret altogether").unwrap();
        let here = Id::new(Timestamp::from_millis(1));
        let there = Id::new(Timestamp::from_millis(2));
        let sealed = encrypt(&ours, here, b"secret").unwrap();
        assert_eq!(decrypt(&ours, here, &sealed).unwrap().as_slice(), b"secret");
        assert!(decrypt(&ours, there, &sealed).is_err());
        assert!(decrypt(&other, here, &sealed).is_err());
        assert!(decrypt(&ours, here, &[]).is_err());
    }
}
