//! Whoever is pushed a token may refuse it, in words of their own. What is kept of them is a short name, which is
//! about the token and reads as itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokenward::domain::streams::delivery::{code, refusal};

fuzz_target!(|body: &[u8]| {
    let Some(kept) = refusal(body) else {
        return;
    };
    assert!((1..=64).contains(&kept.len()));
    assert!(kept.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(code(&kept).as_ref(), Some(&kept));
    assert!(!["authentication_failed", "access_denied", "invalid_key"].contains(&&*kept));
    let short = json!({ "err": kept }).to_string();
    assert_eq!(refusal(short.as_bytes()), Some(kept));
});
