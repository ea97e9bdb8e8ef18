//! Headers come from anybody. The input is lines of `name: value`; the first line is the body. Their order is of no
//! matter, and the halves of one pair are never mixed with those of another.
#![no_main]

use std::borrow::Cow;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokenward::origins::signing::OriginSigner;
use tokenward::origins::{Envelope, KeyId, ORIGINS, OriginSpec, SignatureHeaders, verify};

static SIGNER: LazyLock<OriginSigner> = LazyLock::new(OriginSigner::generate);

/// The origin as if it had only the pair of headers that counts.
fn with_one_pair(spec: &OriginSpec, headers: &[(&str, &[u8])]) -> OriginSpec {
    let carried = |pair: &&SignatureHeaders| {
        let mut names = headers.iter().map(|(name, _)| name);
        names.any(|name| {
            [&pair.key_id, &pair.signature]
                .iter()
                .any(|of| of.eq_ignore_ascii_case(name))
        })
    };
    let mut pairs = [&spec.headers].into_iter().chain(spec.other_headers.iter());
    OriginSpec {
        headers: pairs.find(carried).unwrap_or(&spec.headers).clone(),
        other_headers: Cow::default(),
        ..spec.clone()
    }
}

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let body = lines.next().unwrap_or_default();
    let headers = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        Some((str::from_utf8(name).ok()?, value.get(1..)?.trim_ascii()))
    });
    let headers: Vec<(&str, &[u8])> = headers.collect();
    for spec in ORIGINS {
        let read = Envelope::read(spec, headers.iter().copied());
        assert_eq!(Envelope::read(spec, headers.iter().rev().copied()), read);
        let one = with_one_pair(spec, &headers);
        assert_eq!(Envelope::read(&one, headers.iter().copied()), read);
        if let Ok(envelope) = read {
            let id = KeyId::parse(envelope.key_id.as_str());
            assert_eq!(id, Some(envelope.key_id));
            // Nobody but the signer signs, and its key is new in every run.
            assert!(verify(SIGNER.verifying_key(), &envelope.signature, body).is_err());
        }
    }
    assert!(verify(SIGNER.verifying_key(), input, body).is_err());
});
