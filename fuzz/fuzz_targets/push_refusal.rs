//! Whoever is pushed a token may refuse it, in words of their own. What is kept of them is a short name, which
//! reads as itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokenward::domain::streams::delivery::{Refusal, code};

fuzz_target!(|body: &[u8]| {
    let refused = Refusal::read(body);
    let (Refusal::Final(kept) | Refusal::Passing(Some(kept))) = &refused else {
        return;
    };
    assert!((1..=64).contains(&kept.len()));
    assert!(kept.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(code(kept).as_ref(), Some(kept));
    let short = json!({ "err": kept }).to_string();
    assert_eq!(Refusal::read(short.as_bytes()), refused);
});
