//! Forms and queries come from anybody. What was read is unambiguous: no parameter but one has two
//! values, and there are not too many.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::http::extract::Parameters;
use tokenward::http::forms_of_clients;

fuzz_target!(|input: &[u8]| {
    let Ok(parameters) = Parameters::parse(input) else {
        return;
    };
    for name in ["token", "client_id", "grant_type", ""] {
        let first = parameters.find(name);
        assert_eq!(parameters.find_all(name).next(), first);
        assert!(parameters.find_all(name).count() <= 1);
    }
    assert!(parameters.find_all("resource").count() <= 64);
    // What clients ask is about something, and what somebody said is one thing or the other.
    let [token, question, revocation, said] = forms_of_clients(&parameters);
    let given = |name: &str| parameters.find(name).is_some_and(|value| !value.is_empty());
    assert!(!token || given("grant_type"));
    assert_eq!(revocation, given("token"));
    assert!(!question || revocation);
    assert!(!said || matches!(parameters.find("action"), Some("allow" | "deny")));
});
