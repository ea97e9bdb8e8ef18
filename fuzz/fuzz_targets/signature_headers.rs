//! Headers come from anybody. The input is lines of `name: value`; the first line is the body.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokenward::origins::signing::OriginSigner;
use tokenward::origins::{Envelope, GITHUB, verify};

static SIGNER: LazyLock<OriginSigner> = LazyLock::new(OriginSigner::generate);

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let body = lines.next().unwrap_or_default();
    let headers = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        Some((str::from_utf8(name).ok()?, value.get(1..)?))
    });
    if let Ok(envelope) = Envelope::read(&GITHUB, headers) {
        // Nobody but the signer signs, and its key is new in every run.
        assert!(verify(SIGNER.verifying_key(), &envelope.signature, body).is_err());
    }
    assert!(verify(SIGNER.verifying_key(), input, body).is_err());
});
