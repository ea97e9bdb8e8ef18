//! Whoever is not signed in any more when they send a form signs in, and finds on our own page what they had typed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::http::extract::Parameters;
use tokenward::http::{ReturnTo, kept_of_forms};

const PATH: &str = "/settings/tokens/new";
/// Where the way back is too long for an address.
const LONGEST: usize = 16_384;

fuzz_target!(|input: &[u8]| {
    let Ok(parameters) = Parameters::parse(input) else {
        return;
    };
    let kept = kept_of_forms(&parameters, PATH);
    for (form, kept) in kept.into_iter().enumerate() {
        let Some(kept) = kept else {
            continue;
        };
        assert!(ReturnTo::read(Some(&kept)).as_str() == kept || kept.len() > LONGEST);
        let (path, query) = kept.split_once('?').expect("what was typed is in a query");
        assert_eq!(path, PATH);
        let again = Parameters::parse(query.as_bytes()).expect("a query of ours");
        assert_eq!(kept_of_forms(&again, PATH)[form].as_ref(), Some(&kept));
    }
});
