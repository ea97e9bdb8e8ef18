//! What people type and what stands in addresses: e-mail addresses, codes, ids, moments, networks, names, lifetimes.
//! What is read is written in one way, and reads as itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::model::access_token::{lifetime_of_seconds, parse_lifetime};
use tokenward::model::{
    Email, EventTypes, Id, LoginCodeText, Networks, OrganizationName, PersonName, Slug, Timestamp,
    Token, TokenKind, TokenName,
};

fn check_names(input: &str) {
    let one_line = |text: &str| !text.is_empty() && !text.contains(['\r', '\n', '\0']);
    if let Ok(name) = input.parse::<TokenName>() {
        assert!(one_line(name.as_str()));
        assert_eq!(name.as_str().parse().ok(), Some(name));
    }
    if let Ok(name) = input.parse::<PersonName>() {
        assert!(one_line(name.as_str()));
        assert_eq!(name.as_str().parse().ok(), Some(name));
    }
    if let Ok(name) = input.parse::<OrganizationName>() {
        assert!(one_line(name.as_str()));
        assert_eq!(name.as_str().parse().ok(), Some(name));
    }
    if let Ok(slug) = input.parse::<Slug>() {
        assert_eq!(slug.as_str(), input);
    }
    if let Ok(types) = input.parse::<EventTypes>() {
        assert_eq!(EventTypes::from_stored(&types.to_string()), types);
    }
    if let Ok(lifetime) = parse_lifetime(input) {
        assert_eq!(lifetime_of_seconds(lifetime.as_secs()), Ok(lifetime));
    }
}

fuzz_target!(|input: &str| {
    if let Ok(email) = input.parse::<Email>() {
        assert_eq!(email.as_str().parse(), Ok(email.clone()));
        assert!(!email.as_str().contains(['\r', '\n', ' ', '<', '>', ',']));
    }
    let typed = LoginCodeText::typed(input);
    assert!(LoginCodeText::typed(typed.reveal()).fits(&typed));
    if let Ok(id) = input.parse::<Id<Token>>() {
        assert_eq!(id.to_string().parse::<Id<Token>>().ok(), Some(id));
    }
    if let Ok(kind) = input.parse::<TokenKind>() {
        assert_eq!(kind.name().parse::<TokenKind>().ok(), Some(kind));
    }
    if let Some(at) = Timestamp::parse(input) {
        let _ = at.to_string();
    }
    if let Ok(networks) = Networks::parse([input]) {
        assert_eq!(Networks::from_stored(&networks.to_string()), networks);
    }
    check_names(input);
});
