//! What signs messages, encrypted for the database.

use crate::domain::vault::Vault;
use crate::domain::{Context, DomainError};
use crate::model::webhook::WebhookSecret;
use crate::model::{Id, WebhookEndpoint};
use crate::storage::StorageError;
use crate::storage::webhooks::{self as table, SealedSecret};

/// How secrets are encrypted.
const SECRETS: Vault = Vault {
    purpose: "tokenward webhook secret encryption, version 1",
    table: "webhook_endpoints",
};
/// How many endpoints are looked at together.
const BATCH: i64 = 100;

/// Encrypts a secret for its endpoint. At another one it cannot be opened.
pub(super) fn seal(
    ctx: &Context,
    endpoint: Id<WebhookEndpoint>,
    secret: &WebhookSecret,
) -> Result<SealedSecret, DomainError> {
    let current = ctx.hash_keys.current();
    let sealed = SECRETS
        .seal(current, endpoint, secret.bytes())
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
    let opened = SECRETS.open(key, endpoint, &secret.sealed).ok()?;
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
