//! `Authorization: Basic …` comes from anybody. Two readings of one header are the same, and what
//! has another scheme is read as nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::http::extract::parse_basic;

fuzz_target!(|input: &str| {
    let prefixed = format!("Basic {input}");
    for header in [input, &*prefixed] {
        let Some((id, secret)) = parse_basic(header) else {
            continue;
        };
        assert!(
            header
                .get(..6)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))
        );
        let lower = header.replacen(&header[..5], "bAsIc", 1);
        let (again, secret_again) = parse_basic(&lower).expect("the scheme is case-insensitive");
        assert_eq!((id, secret.reveal()), (again, secret_again.reveal()));
    }
});
