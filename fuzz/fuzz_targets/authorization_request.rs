//! Authorization requests come from anybody's browser. What was read is unambiguous, and survives
//! the way through our own pages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::domain::authorization::Parameters;

fuzz_target!(|input: &str| {
    let Ok(parameters) = Parameters::parse(input) else {
        return;
    };
    let query = parameters.to_query();
    assert!(query.is_ascii() && !query.contains(['\r', '\n', '"', '<', ' ']));
    assert_eq!(Parameters::parse(&query), Ok(parameters.clone()));
    if let Some(state) = parameters.find("state") {
        assert_eq!(parameters.with("state", state).find("state"), Some(state));
    }
});
