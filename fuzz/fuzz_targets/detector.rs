//! Tokens are looked for in everything that strangers send and in every log line.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokenward::model::{ChecksumRules, Detector, TokenFormat, TokenKind};

static DETECTORS: LazyLock<[Detector; 2]> = LazyLock::new(|| {
    let format = TokenFormat::new("polar_").expect("a valid prefix");
    [
        ChecksumRules::strict(),
        ChecksumRules::optional_for(TokenKind::ALL.to_vec()),
    ]
    .map(|rules| Detector::new(&format, rules).expect("a valid pattern"))
});

fuzz_target!(|text: &[u8]| {
    for detector in DETECTORS.iter() {
        let found: Vec<&str> = detector.candidates(text).map(|found| found.text).collect();
        let Ok(text) = str::from_utf8(text) else {
            continue;
        };
        let clean = detector.redact(text);
        assert!(!detector.finds_secret(&clean));
        for token in found {
            assert!(text.contains(token));
            assert!(!clean.contains(token));
            assert!(detector.whole(token).is_some());
        }
    }
});
