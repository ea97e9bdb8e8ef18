//! An origin's public keys: as it lists them, parsed once, reused across refreshes.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use p256::ecdsa::VerifyingKey;
use p256::pkcs8::DecodePublicKey;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Longest key id of any origin.
const LONGEST_KEY_ID: usize = 128;

/// Names one key of an origin: 1 to 128 characters of `token` (RFC 9110 5.6.2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// The id that `text` is, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=LONGEST_KEY_ID).contains(&text.len());
        (fits && text.bytes().all(is_token_character)).then(|| Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// `tchar` of RFC 9110 5.6.2.
const fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// One public key of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginKey {
    /// How the origin calls it.
    pub id: KeyId,
    /// The key as published, to be stored as it is.
    pub pem: String,
    /// Whether the origin signs with it now.
    pub is_current: bool,
    verifying_key: VerifyingKey,
}

/// A published key that cannot verify anything here.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnusableKey {
    /// No header could ever name it.
    #[error("the key identifier is empty, too long or has unusual characters")]
    Id,
    /// Not PEM, not a public key, or of another curve.
    #[error("the key is not a P-256 public key in PEM")]
    Pem,
}

impl OriginKey {
    /// Parses a key, as listed by the origin or as stored.
    ///
    /// # Errors
    /// When it could never verify a delivery.
    pub fn parse(id: &str, pem: String, is_current: bool) -> Result<Self, UnusableKey> {
        let id = KeyId::parse(id).ok_or(UnusableKey::Id)?;
        let verifying_key =
            VerifyingKey::from_public_key_pem(&pem).map_err(|_| UnusableKey::Pem)?;
        if id.as_str() != fingerprint(&pem) {
            // True of every key that GitHub ever published, but not promised by it.
            tracing::warn!(key.id = %id, "the key id is not the SHA-256 of the key's PEM");
        }
        Ok(Self {
            id,
            pem,
            is_current,
            verifying_key,
        })
    }

    /// The key itself.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }
}

/// SHA-256 of the PEM with its final newline, in lower-case hexadecimal: how GitHub names keys.
pub(super) fn fingerprint(pem: &str) -> String {
    hex::encode(Sha256::digest(pem.as_bytes()))
}

/// The keys of an origin at one moment.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: HashMap<KeyId, Arc<OriginKey>>,
    etag: Option<String>,
}

impl KeySet {
    /// A set of parsed keys, with the tag under which the origin served it. Of two keys with one
    /// id the first counts.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Arc<OriginKey>>, etag: Option<String>) -> Self {
        let mut known = HashMap::new();
        for key in keys {
            known.entry(key.id.clone()).or_insert(key);
        }
        Self { keys: known, etag }
    }

    /// The key of that id.
    #[must_use]
    pub fn find(&self, id: &KeyId) -> Option<&Arc<OriginKey>> {
        self.keys.get(id)
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<OriginKey>> {
        self.keys.values()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What to ask a newer version against; `None` when there is nothing that could be unchanged.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|_| !self.is_empty())
    }

    /// The same keys under another tag.
    pub(super) fn tagged(self, etag: Option<String>) -> Self {
        Self { etag, ..self }
    }
}

/// An origin's list, read.
#[derive(Clone, Debug)]
pub struct KeyList {
    /// The keys that can verify a delivery.
    pub keys: KeySet,
    /// How many others were listed.
    pub skipped: usize,
}

/// The list of keys is none.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum MalformedKeys {
    /// Another shape.
    #[error("not a list of public keys")]
    Shape,
    /// An empty list.
    #[error("a list without keys")]
    Empty,
    /// A list in which no key can be used; taking it would forget those that can.
    #[error("a list without a usable key")]
    NoneUsable,
}

#[derive(Deserialize)]
struct Listed<'j> {
    #[serde(borrow)]
    public_keys: Vec<&'j RawValue>,
}

#[derive(Deserialize)]
struct ListedKey {
    key_identifier: String,
    key: String,
    is_current: Option<bool>,
}

impl KeyList {
    /// Reads `{"public_keys":[{"key_identifier":..,"key":..,"is_current":..}]}`. Keys that
    /// `known` has already are taken from there instead of being parsed again.
    ///
    /// # Errors
    /// When it is not such a list or holds no key to use. One bad key among good ones is skipped.
    pub fn parse(json: &[u8], known: &KeySet) -> Result<Self, MalformedKeys> {
        let listed: Listed<'_> = serde_json::from_slice(json).map_err(|_| MalformedKeys::Shape)?;
        if listed.public_keys.is_empty() {
            return Err(MalformedKeys::Empty);
        }

        let usable: Vec<_> = listed
            .public_keys
            .iter()
            .filter_map(|item| usable_key(item, known))
            .collect();
        if usable.is_empty() {
            return Err(MalformedKeys::NoneUsable);
        }
        let keys = KeySet::new(usable, None);
        Ok(Self {
            skipped: listed.public_keys.len() - keys.keys.len(),
            keys,
        })
    }
}

fn usable_key(item: &RawValue, known: &KeySet) -> Option<Arc<OriginKey>> {
    let listed: ListedKey = serde_json::from_str(item.get()).ok()?;
    let is_current = listed.is_current.unwrap_or(true);
    let before = KeyId::parse(&listed.key_identifier)
        .and_then(|id| known.find(&id))
        .filter(|key| key.pem == listed.key);
    match before {
        Some(key) if key.is_current == is_current => Some(Arc::clone(key)),
        Some(key) => Some(Arc::new(OriginKey {
            is_current,
            ..OriginKey::clone(key)
        })),
        None => OriginKey::parse(&listed.key_identifier, listed.key, is_current)
            .ok()
            .map(Arc::new),
    }
}

#[cfg(test)]
mod tests;
