//! The keys as a process holds them: opened once, and read anew so often that another replica's
//! rotation is noticed long before it matters.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;
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
pub struct KeySet {
    read_at: Timestamp,
    pub(super) keys: Vec<LoadedKey>,
    pub(super) document: Arc<Document>,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySet")
    }
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
    /// Opens keys as they are stored. One whose private half cannot be opened still verifies.
    #[must_use]
    pub fn open(stored: Vec<SigningKey>, hash_keys: &HashKeys, now: Timestamp) -> Self {
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

    /// The claims of a token that one of these keys signed, however old; `None` for everything else.
    #[must_use]
    pub fn claims<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        let kid = named_key(token)?;
        let key = self.keys.iter().find(|key| key.stored.kid == kid)?;
        // The key says what it signs with; the token does not get a say.
        let mut validation = Validation::new(match key.stored.algorithm {
            SigningAlgorithm::Rs256 => Algorithm::RS256,
            SigningAlgorithm::Es256 => Algorithm::ES256,
        });
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let read = jsonwebtoken::decode(token, key.decoding.as_ref()?, &validation);
        read.ok().map(|data| data.claims)
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

/// Which key a token says that it was signed with (RFC 7515 4.1.4).
pub(super) fn named_key(token: &str) -> Option<String> {
    jsonwebtoken::decode_header(token).ok()?.kid
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;
    use crate::model::{HashKey, Id};

    /// A set of one key, and what signs with it.
    fn set() -> (KeySet, PrivateKey) {
        let (algorithm, now) = (SigningAlgorithm::Es256, Timestamp::from_millis(0));
        let pkcs8 = sealed::generate(algorithm).unwrap();
        let private = PrivateKey::parse(algorithm, &pkcs8).unwrap();
        let hash_key = HashKey::parse("a key that opens nothing").unwrap();
        let key = SigningKey {
            id: Id::new(now),
            kid: "k".to_owned(),
            algorithm,
            public_jwk: private.public_jwk("k").to_string(),
            sealed: Vec::new(),
            hash_key: hash_key.id().clone(),
            created_at: now,
            active_from: now,
        };
        let hash_keys = HashKeys::new(hash_key, Vec::new());
        (KeySet::open(vec![key], &hash_keys, now), private)
    }

    proptest! {
        #[test]
        fn only_what_was_signed_is_read(payload: Vec<u8>, sub: String, place: prop::sample::Index) {
            let (set, private) = set();
            let sign = |payload: &[u8]| {
                let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"k"}"#);
                let mut token = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
                let signature = private.sign(token.as_bytes()).unwrap();
                token.push('.');
                URL_SAFE_NO_PAD.encode_string(signature, &mut token);
                token
            };
            let _ = set.claims::<Value>(&sign(&payload));
            let claims = json!({ "sub": sub, "exp": 1 });
            let token = sign(claims.to_string().as_bytes());
            prop_assert_eq!(set.claims::<Value>(&token), Some(claims));
            let mut other = token.into_bytes();
            let place = place.index(other.len());
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            prop_assert_eq!(set.claims::<Value>(&other), None);
        }

        #[test]
        fn any_text_is_read_without_harm(text in r"[A-Za-z0-9_.-]{0,80}|\PC{0,80}") {
            let (set, _) = set();
            prop_assert_eq!(set.claims::<Value>(&text), None);
        }
    }
}
