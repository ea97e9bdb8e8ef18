//! JSON bodies come from anybody. What was read is one object, and a member that is null is as good
//! as missing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::http::extract::Members;

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
});
