//! Keys that sign ID tokens and logout tokens. They live encrypted in the database, are published
//! before they sign, and stay published until the last token that they signed has expired.

mod rotation;
mod sealed;
mod set;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Context;
use crate::model::{SigningAlgorithm, SigningKey, SigningKeyState};
use crate::storage::{StorageError, signing_keys as table};

pub use rotation::{Rotation, rotate, tend};
pub use sealed::CryptoError;
pub use set::{Document, KeySet, SigningKeys};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A key could not be made or used.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The claims cannot be written as JSON.
    #[error("claims cannot be encoded: {0}")]
    Claims(#[from] serde_json::Error),
    /// There is no key to sign with, although one was just made.
    #[error("there is no {0} key to sign with")]
    NoKey(SigningAlgorithm),
}

/// Signs `claims` as a compact JSON Web Signature (RFC 7515 3.1). `typ` is its type, such as `JWT`.
///
/// # Errors
/// See [`SigningError`].
pub async fn sign(
    ctx: &Context,
    algorithm: SigningAlgorithm,
    typ: &str,
    claims: &impl Serialize,
) -> Result<String, SigningError> {
    let set = held(ctx, &[algorithm]).await?;
    let now = ctx.clock.now();
    let key = set.active(algorithm, now);
    let key = key.ok_or(SigningError::NoKey(algorithm))?;
    let private = key.private.as_ref();
    let private = private.ok_or(SigningError::NoKey(algorithm))?;
    let header = json!({ "typ": typ, "alg": algorithm.name(), "kid": key.stored.kid });
    let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
    let signature = private.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// The claims of a token that we signed, with a key that is still known; `None` for everything
/// else. Its time is not looked at: a hint may be old (OpenID Connect Core 3.1.2.1).
///
/// # Errors
/// When the database fails, or no keys can be made.
pub async fn verify<C: DeserializeOwned>(
    ctx: &Context,
    token: &str,
) -> Result<Option<C>, SigningError> {
    // Whatever names no key costs nothing.
    match set::named_key(token) {
        Some(_) => Ok(held(ctx, &[]).await?.claims(token)),
        None => Ok(None),
    }
}

/// The public keys as they are published.
///
/// # Errors
/// When the database fails, or no keys can be made.
pub async fn document(ctx: &Context) -> Result<Arc<Document>, SigningError> {
    let set = held(ctx, &SigningAlgorithm::ALL).await?;
    Ok(Arc::clone(&set.document))
}

/// A key and whether it signs.
#[derive(Clone, Debug)]
pub struct SigningKeyStatus {
    /// The key.
    pub key: SigningKey,
    /// Whether it signs.
    pub state: SigningKeyState,
    /// Whether its private half can be opened with the hash keys that are configured.
    pub usable: bool,
}

/// Every key, those of one algorithm in the order in which they sign.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context) -> Result<Vec<SigningKeyStatus>, SigningError> {
    let set = read(ctx).await?;
    let now = ctx.clock.now();
    let status = |key: &set::LoadedKey| SigningKeyStatus {
        key: key.stored.clone(),
        state: set.state(key, now),
        usable: key.private.is_some(),
    };
    Ok(set.keys.iter().map(status).collect())
}

/// The keys that this process holds, read anew when they are old, with a key for each of `wanted`.
async fn held(ctx: &Context, wanted: &[SigningAlgorithm]) -> Result<Arc<KeySet>, SigningError> {
    let now = ctx.clock.now();
    let has = |set: &KeySet| wanted.iter().all(|one| set.active(*one, now).is_some());
    if let Some(set) = ctx.signing_keys.fresh(now).filter(|set| has(set)) {
        return Ok(set);
    }
    let set = read(ctx).await?;
    if has(&set) {
        return Ok(set);
    }
    rotation::make_missing(ctx, wanted).await?;
    read(ctx).await
}

async fn read(ctx: &Context) -> Result<Arc<KeySet>, SigningError> {
    let stored = table::list(&ctx.db).await?;
    let set = Arc::new(KeySet::open(stored, &ctx.hash_keys, ctx.clock.now()));
    ctx.signing_keys.hold(Arc::clone(&set));
    Ok(set)
}
