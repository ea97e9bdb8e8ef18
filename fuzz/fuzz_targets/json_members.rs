//! JSON bodies come from anybody. What was read is one object, and a member that is null is as good
//! as missing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokenward::http::extract::Members;
use tokenward::http::{bodies_of_strangers, bodies_of_the_known};

/// Who revokes many tokens at once says of whom, or which.
const MEANT: [&str; 7] = [
    "user_id",
    "organization_id",
    "client_id",
    "customer",
    "grant_id",
    "kind",
    "created_before",
];

/// Bodies of services, and of people who are signed in.
fn check_known(members: &Members) {
    let [
        revocations,
        bulk,
        issued,
        made,
        _changed,
        of_organization,
        webhook,
        told,
        replay,
    ] = bodies_of_the_known(members);
    let list = |name: &str| members.find(name).and_then(Value::as_array);
    assert!(!revocations || list("items").is_some_and(|items| items.len() <= 1_000));
    assert!(!bulk || MEANT.iter().any(|name| members.given(name).is_some()));
    assert!(!issued || members.given("kind").is_some());
    // Nobody gets a token without end, or for nothing, by leaving something out.
    for made in [made, of_organization] {
        assert!(!made || (members.find("expires_in").is_some() && list("scopes").is_some()));
    }
    assert!(!webhook || members.find("url").is_some_and(Value::is_string));
    assert!(!told || members.find("enabled").is_some_and(Value::is_boolean));
    let given = ["message_id", "since"].map(|name| members.given(name).is_some());
    assert!(!replay || given[0] != given[1]);
}

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
    assert!(
        !credentials
            || members
                .find("credentials")
                .is_some_and(|given| given.is_array())
    );
    assert!(
        !subject
            || members
                .given("sub_id")
                .is_some_and(|given| given.is_object())
    );
    assert!(
        !client
            || members
                .given("client_name")
                .is_none_or(|given| given.is_string())
    );
    check_known(&members);
});
