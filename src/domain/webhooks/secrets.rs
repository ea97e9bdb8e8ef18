//! What signs messages, encrypted for the database.

use crate::domain::vault::Vault;
use crate::domain::{Context, DomainError};
use crate::model::webhook::WebhookSecret;
use crate::model::{Id, WebhookEndpoint};
use crate::storage::webhooks::{self as table, SealedSecret};
use crate::storage::{StorageError, turns};

/// How secrets are encrypted.
const SECRETS: Vault = Vault {
    purpose: "tokenward webhook secret encryption, version 1",
    table: "webhook_endpoints",
};
/// How many secrets are looked at together.
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
        let mut all = table::list_sealed_otherwise(&ctx.db, current, after.as_ref(), BATCH).await?;
        for before in &all {
            let secret = open(ctx, before.endpoint, &before.secret);
            let anew = secret.and_then(|secret| seal(ctx, before.endpoint, &secret).ok());
            let Some(anew) = anew else {
                tracing::error!(webhook.id = %before.endpoint, "a webhook's secret cannot be opened");
                continue;
            };
            let mut tx = ctx.db.begin().await?;
            // Whoever rotates meanwhile would keep it as it was.
            turns::take(&mut tx, table::TURN).await?;
            table::seal_anew(&mut tx, before, &anew).await?;
            tx.commit().await?;
        }
        after = all.pop();
        if after.is_none() {
            return Ok(());
        }
    }
}
