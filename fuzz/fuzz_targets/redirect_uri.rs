//! Clients register addresses, and requests name them. What may be registered goes to one place,
//! over https or to the user's own machine, and matches itself and no text that differs in more
//! than a loopback port.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::model::{ApplicationType, LoopbackPort, RedirectUri};

fuzz_target!(|input: &str| {
    let (text, requested) = input.split_once('\n').unwrap_or((input, input));
    for application in [ApplicationType::Web, ApplicationType::Native] {
        let Ok(uri) = RedirectUri::parse(text, application) else {
            continue;
        };
        assert_eq!(uri.as_str(), text);
        assert!(text.is_ascii() && !text.contains(['#', '\\', ' ', '\r']));
        assert!(uri.matches(text, LoopbackPort::Registered));
        assert!(!uri.place().is_empty());
        assert!(text.starts_with("https://") || uri.is_local());
        assert!(application == ApplicationType::Native || !uri.is_custom_scheme());
        let exact = uri.matches(requested, LoopbackPort::Registered);
        assert_eq!(exact, requested == text);
        if uri.matches(requested, LoopbackPort::Any) && !exact {
            assert!(uri.is_loopback() && requested.starts_with("http://"));
        }
        let answer = uri.with_query([("state", requested)]);
        assert!(answer.starts_with(text) && !answer.contains(['\r', '\n', '"', '<', ' ']));
    }
});
