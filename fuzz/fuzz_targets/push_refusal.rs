//! Whoever is pushed a token may refuse it, in words of their own. What is kept of them is a short name without a
//! secret, which reads as itself again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokenward::domain::streams::delivery::{Refusal, code};
use tokenward::model::{ChecksumRules, Detector, TokenFormat};

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let format = TokenFormat::new("polar_").expect("a valid prefix");
    Detector::new(&format, ChecksumRules::strict()).expect("a valid pattern")
});

fuzz_target!(|body: &[u8]| {
    let refused = Refusal::read(body, &DETECTOR);
    let (Refusal::Final(kept) | Refusal::Passing(Some(kept))) = &refused else {
        return;
    };
    assert!((1..=64).contains(&kept.len()));
    assert!(kept.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!DETECTOR.finds_secret(kept));
    assert_eq!(code(kept).as_ref(), Some(kept));
    let short = json!({ "err": kept }).to_string();
    assert_eq!(Refusal::read(short.as_bytes(), &DETECTOR), refused);
});
