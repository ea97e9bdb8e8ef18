//! `X-Forwarded-For` comes from anybody, through a proxy that appends whom it heard. Lines are values of the
//! header. Nobody is named who is a proxy of ours, and what stands before the last name changes nothing.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokenward::model::Networks;
use tokenward::model::forwarded::named;

static PROXIES: LazyLock<Networks> =
    LazyLock::new(|| Networks::parse(["10.0.0.0/8", "2001:db8::/32"]).expect("networks"));

fuzz_target!(|input: &[u8]| {
    let values: Vec<_> = input.split(|byte| *byte == b'\n').collect();
    let who = named(values.iter().copied(), &PROXIES);
    if let Ok(Some(address)) = who {
        assert!(!PROXIES.contains(address));
        assert_eq!(address, address.to_canonical());
    }
    // In one line or in several, it is the same list.
    assert_eq!(named([values.join(&b',').as_slice()], &PROXIES), who);
    let stranger = "203.0.113.7".parse().expect("an address");
    let behind = values
        .iter()
        .copied()
        .chain([&b"203.0.113.7, 10.0.0.1"[..]]);
    assert_eq!(named(behind, &PROXIES), Ok(Some(stranger)));
});
