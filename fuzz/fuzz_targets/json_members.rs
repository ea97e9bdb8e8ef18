//! JSON bodies come from anybody. What was read is one object, and a member that is null is as good
//! as missing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::http::extract::Members;
use tokenward::http::bodies_of_strangers;

fuzz_target!(|input: &[u8]| {
    let Ok(members) = Members::parse(input) else {
        return;
    };
    for name in ["credentials", "sub_id", "items", "redirect_uris", ""] {
        match (members.find(name), members.given(name)) {
            (Some(value), None) => assert!(value.is_null()),
            (found, given) => assert_eq!(found, given),
        }
    }
    // What nobody has to prove anything for, and a client's description of itself.
    let [credentials, subject, client] = bodies_of_strangers(&members);
    assert!(!credentials || members.find("credentials").is_some_and(|given| given.is_array()));
    assert!(!subject || members.given("sub_id").is_some_and(|given| given.is_object()));
    assert!(!client || members.given("client_name").is_none_or(|given| given.is_string()));
});
