//! The keys as a process holds them: opened once, and read anew so often that another replica's
//! rotation is noticed long before it matters.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::sealed::{self, PrivateKey};
use crate::model::{HashKeys, SigningAlgorithm, SigningKey, SigningKeyState, Timestamp};

/// How long what was read counts. A new key is published for much longer before it signs.
pub(super) const REFRESH: Duration = Duration::from_secs(30);

/// The keys of this process. Empty until somebody needs one.
#[derive(Default)]
pub struct SigningKeys {
    held: RwLock<Option<Arc<KeySet>>>,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKeys")
    }
}

impl SigningKeys {
    /// What is held, unless it is too old at `now`.
    pub(super) fn fresh(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|set| now.since(set.read_at) < REFRESH)
    }

    pub(super) fn hold(&self, set: Arc<KeySet>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(set);
    }

    /// Makes the next who asks read anew.
    pub(super) fn forget(&self) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A key that was opened.
pub(super) struct LoadedKey {
    pub(super) stored: SigningKey,
    /// `None` when the hash key that encrypts it is gone: it still verifies.
    pub(super) private: Option<PrivateKey>,
    pub(super) decoding: Option<DecodingKey>,
    /// The first part of every token that it signs is the same but for `typ`.
    pub(super) jwk: Value,
}

/// Every key there is.
pub(super) struct KeySet {
    read_at: Timestamp,
    pub(super) keys: Vec<LoadedKey>,
    pub(super) document: Arc<Document>,
}

/// The published set (RFC 7517 5).
#[derive(Debug)]
pub struct Document {
    /// The JSON.
    pub body: String,
    /// Changes when the body does (RFC 9110 8.8.3), quotes included.
    pub etag: String,
}

impl KeySet {
    pub(super) fn open(stored: Vec<SigningKey>, hash_keys: &HashKeys, now: Timestamp) -> Self {
        let keys: Vec<LoadedKey> = stored
            .into_iter()
            .map(|key| LoadedKey::open(key, hash_keys))
            .collect();
        let document = Arc::new(Document::new(&keys));
        Self {
            read_at: now,
            keys,
            document,
        }
    }

    /// The key that signs with `algorithm` at `now`.
    pub(super) fn active(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Option<&LoadedKey> {
        let usable = self.keys.iter().filter(|key| key.private.is_some());
        usable
            .filter(|key| key.stored.algorithm == algorithm && key.stored.active_from <= now)
            .max_by_key(|key| key.stored.active_from)
    }

    pub(super) fn find(&self, kid: &str) -> Option<&LoadedKey> {
        self.keys.iter().find(|key| key.stored.kid == kid)
    }

    pub(super) fn state(&self, key: &LoadedKey, now: Timestamp) -> SigningKeyState {
        if key.stored.active_from > now {
            return SigningKeyState::Next;
        }
        match self.active(key.stored.algorithm, now) {
            Some(active) if active.stored.id == key.stored.id => SigningKeyState::Active,
            _ => SigningKeyState::Retired,
        }
    }
}

impl LoadedKey {
    fn open(stored: SigningKey, hash_keys: &HashKeys) -> Self {
        let wrapping = hash_keys.iter().find(|key| *key.id() == stored.hash_key);
        let private = wrapping.and_then(|hash_key| {
            let pkcs8 =
                sealed::open(hash_key, &stored.kid, stored.algorithm, &stored.sealed).ok()?;
            PrivateKey::parse(stored.algorithm, &pkcs8).ok()
        });
        let jwk: Value = serde_json::from_str(&stored.public_jwk).unwrap_or_default();
        let decoding = serde_json::from_value::<Jwk>(jwk.clone()).ok();
        let decoding = decoding.and_then(|jwk| DecodingKey::from_jwk(&jwk).ok());
        Self {
            stored,
            private,
            decoding,
            jwk,
        }
    }
}

impl Document {
    fn new(keys: &[LoadedKey]) -> Self {
        let keys: Vec<&Value> = keys.iter().map(|key| &key.jwk).collect();
        let body = json!({ "keys": keys }).to_string();
        let digest = hex::encode(Sha256::digest(body.as_bytes()));
        let etag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
        Self { body, etag }
    }
}
