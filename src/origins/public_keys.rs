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
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::origins::signing::{OriginSigner, key_list};

    fn parse(json: &Value) -> Result<KeyList, MalformedKeys> {
        KeyList::parse(json.to_string().as_bytes(), &KeySet::default())
    }

    fn listed(signer: &OriginSigner) -> Value {
        json!({ "key_identifier": signer.key_id().as_str(), "key": signer.public_pem() })
    }

    #[test]
    fn githubs_list_is_read() {
        let file: Value =
            serde_json::from_str(include_str!("../../tests/data/github_vectors.json")).unwrap();
        let list = parse(&file["public_keys_endpoint_sample"]).unwrap();
        assert_eq!((list.keys.keys().len(), list.skipped), (2, 0));
        for key in list.keys.keys() {
            assert_eq!(key.is_current, key.id.as_str().starts_with("bcb5"));
            assert_eq!(key.id.as_str(), fingerprint(&key.pem));
        }
    }

    #[test]
    fn a_key_without_a_flag_is_current_and_unknown_fields_are_passed_over() {
        let mut key = listed(&OriginSigner::generate());
        key["expires"] = json!({ "at": [1, 2] });
        let list = parse(&json!({ "public_keys": [key], "next": null })).unwrap();
        assert!(list.keys.keys().all(|key| key.is_current));
    }

    #[test]
    fn keys_that_cannot_be_used_are_counted_and_spare_the_others() {
        let good = OriginSigner::generate();
        let mut nameless = listed(&good);
        nameless["key_identifier"] = json!("two words");
        let list = parse(&json!({ "public_keys": [
            null, 7, "key", [], {},
            { "key_identifier": "a", "key": "not a key" },
            { "key_identifier": "b", "key": P384 },
            { "key_identifier": "c", "key": 5 },
            nameless,
            listed(&good),
        ] }));
        let list = list.unwrap();
        assert_eq!((list.keys.keys().len(), list.skipped), (1, 9));
        assert!(list.keys.find(good.key_id()).is_some());
    }

    const P384: &str = "-----BEGIN PUBLIC KEY-----\n\
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJ3xWiWbbw/Ih3Uy9AvAmr0B8dH09WdQM\n\
        MyutXAuaEqzftnG0HuiTb4MoUGCZU0XBO2H+qSqe+pgfK3XDlvMdIek67ZRuV9/t\n\
        FZgoXYbe9SgvC63YF/Ap/He0ePrC2+jU\n\
        -----END PUBLIC KEY-----\n";

    #[rstest]
    #[case(json!({ "public_keys": [] }), MalformedKeys::Empty)]
    #[case(json!({ "public_keys": [{ "key": "x" }] }), MalformedKeys::NoneUsable)]
    #[case(json!({ "public_keys": {} }), MalformedKeys::Shape)]
    #[case(json!({ "keys": [] }), MalformedKeys::Shape)]
    #[case(json!([]), MalformedKeys::Shape)]
    #[case(json!("{"), MalformedKeys::Shape)]
    fn a_list_without_keys_is_none(#[case] json: Value, #[case] error: MalformedKeys) {
        assert_eq!(parse(&json).unwrap_err(), error);
    }

    #[test]
    fn a_known_key_is_not_parsed_again() {
        let signer = OriginSigner::generate();
        let current = key_list([(&signer, true)]);
        let first = KeyList::parse(current.as_bytes(), &KeySet::default()).unwrap();
        let second = KeyList::parse(current.as_bytes(), &first.keys).unwrap();
        let find = |list: &KeyList| Arc::clone(list.keys.find(signer.key_id()).unwrap());
        assert!(Arc::ptr_eq(&find(&first), &find(&second)));

        let former = key_list([(&signer, false)]);
        let third = KeyList::parse(former.as_bytes(), &second.keys).unwrap();
        assert!(!find(&third).is_current);
    }

    #[test]
    fn a_known_id_with_another_key_is_another_key() {
        let (one, other) = (OriginSigner::generate(), OriginSigner::generate());
        let first = parse(&json!({ "public_keys": [listed(&one)] })).unwrap();
        let mut swapped = listed(&other);
        swapped["key_identifier"] = json!(one.key_id().as_str());
        let json = json!({ "public_keys": [swapped] }).to_string();
        let second = KeyList::parse(json.as_bytes(), &first.keys).unwrap();
        let key = second.keys.find(one.key_id()).unwrap();
        assert_eq!(key.verifying_key(), other.verifying_key());
    }

    #[test]
    fn of_two_keys_with_one_id_the_first_counts() {
        let (one, other) = (OriginSigner::generate(), OriginSigner::generate());
        let mut second = listed(&other);
        second["key_identifier"] = json!(one.key_id().as_str());
        let list = parse(&json!({ "public_keys": [listed(&one), second] })).unwrap();
        assert_eq!(list.skipped, 1);
        let key = list.keys.find(one.key_id()).unwrap();
        assert_eq!(key.verifying_key(), one.verifying_key());
    }

    #[test]
    fn without_keys_there_is_nothing_that_could_be_unchanged() {
        assert_eq!(KeySet::new([], Some("\"x\"".to_owned())).etag(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>) {
            prop_assert!(KeyList::parse(&bytes, &KeySet::default()).is_err());
        }

        #[test]
        fn any_fields_are_read_without_harm(id in ".*", pem in ".*", tail in ".*") {
            let good = OriginSigner::generate();
            let list = parse(&json!({ "public_keys": [
                { "key_identifier": id, "key": pem },
                { "key_identifier": good.key_id().as_str(), "key": format!("{}{tail}", good.public_pem()) },
                listed(&good),
            ] })).unwrap();
            prop_assert!(list.keys.find(good.key_id()).is_some());
        }
    }
}
