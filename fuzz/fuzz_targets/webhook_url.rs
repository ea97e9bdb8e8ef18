//! Receivers and subscribers say where they are called. The address is one of the web that reads as itself again,
//! and nothing but its host is shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenward::model::WebhookUrl;

/// Longest that is taken; one may grow when it is written in full.
const LONGEST: usize = 2_000;

fuzz_target!(|input: &str| {
    for private in [false, true] {
        let Ok(url) = WebhookUrl::parse(input, private) else {
            continue;
        };
        let text = url.as_str();
        assert!(text.starts_with("https://") || (private && text.starts_with("http://")));
        assert!(text.is_ascii() && !text.contains(['#', ' ', '\r', '\n']));
        assert!(!url.host().is_empty());
        assert_eq!(format!("{url:?}"), format!("WebhookUrl({})", url.host()));
        assert_eq!(WebhookUrl::parse(input, true), Ok(url.clone()));
        assert_eq!(WebhookUrl::from_stored(text), Ok(url.clone()));
        if text.len() <= LONGEST {
            assert_eq!(WebhookUrl::parse(text, private), Ok(url.clone()));
        }
    }
});
