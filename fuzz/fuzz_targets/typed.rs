//! What people type and what stands in addresses: e-mail addresses, codes, ids, moments, networks.
//! What is read is written in one way, and reads as itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::model::{Email, Id, LoginCodeText, Networks, Timestamp, Token, TokenKind};

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
});
