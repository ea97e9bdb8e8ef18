//! A list of keys may be broken in any way; what is taken from it stays what it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::origins::{KeyList, KeySet};

fuzz_target!(|json: &[u8]| {
    let Ok(first) = KeyList::parse(json, &KeySet::default()) else {
        return;
    };
    assert!(!first.keys.is_empty());
    let again = KeyList::parse(json, &first.keys).expect("it was a list before");
    assert_eq!(again.skipped, first.skipped);
    for key in first.keys.keys() {
        assert_eq!(again.keys.find(&key.id), Some(key));
    }
});
