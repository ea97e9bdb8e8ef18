//! What is taken from an origin's list, and what is passed over.

use std::sync::Mutex;

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
        serde_json::from_str(include_str!("../../../tests/data/github_vectors.json")).unwrap();
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
fn an_id_that_is_not_the_keys_hash_is_remarked_on_once() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Writer(Arc::clone(&log)))
        .finish();
    let usual = OriginSigner::generate();
    let mut odd = listed(&OriginSigner::generate());
    odd["key_identifier"] = json!("odd");
    let mut former = odd.clone();
    former["is_current"] = json!(false);

    tracing::subscriber::with_default(subscriber, || {
        let mut known = KeySet::default();
        for odd in [&odd, &odd, &former] {
            let json = json!({ "public_keys": [odd, listed(&usual)] }).to_string();
            known = KeyList::parse(json.as_bytes(), &known).unwrap().keys;
        }
    });
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("WARN") && log.contains("key.id=odd"), "{log}");
}

#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
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
