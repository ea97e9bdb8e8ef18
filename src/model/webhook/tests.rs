use proptest::prelude::*;

use super::*;

#[test]
fn a_signature_is_that_of_the_published_vector() {
    let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let secret = WebhookSecret::from_bytes(Zeroizing::new(bytes));
    let at = Timestamp::from_millis(1_614_265_330_000);
    let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, "{\"test\": 2432232314}");
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(secret.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert!(!format!("{secret:?}").contains("MfKQ"));
}

#[test]
fn an_endpoint_is_a_public_https_address() {
    for (text, public, anywhere) in [
        ("https://hooks.example/in?x=1", true, true),
        ("http://hooks.example/in", false, false),
        ("http://127.0.0.1:9/in", false, true),
        ("http://localhost/in", false, true),
        ("https://localhost./in", false, true),
        ("https://10.0.0.1/in", false, true),
        ("https://[::ffff:10.0.0.1]/in", false, true),
        ("https://169.254.169.254/", false, true),
        ("https://100.64.0.1/in", false, true),
        ("https://[fd00::1]/in", false, true),
        ("https://140.82.112.3/in", true, true),
        ("http://10.0.0.1/in", false, false),
        ("https://user@hooks.example/", false, false),
        ("https://:secret@hooks.example/", false, false),
        ("https://hooks.example/#a", false, false),
        ("ftp://hooks.example/", false, false),
        ("mailto:a@b.example", false, false),
        ("hooks.example", false, false),
    ] {
        assert_eq!(WebhookUrl::parse(text, false).is_ok(), public, "{text}");
        assert_eq!(WebhookUrl::parse(text, true).is_ok(), anywhere, "{text}");
    }
    let long = format!("https://hooks.example/{}", "a".repeat(2_000));
    assert!(WebhookUrl::parse(&long, true).is_err());
}

#[test]
fn types_of_event_have_one_spelling() {
    let types: EventTypes = "token.revoked,exposure.created token.revoked"
        .parse()
        .unwrap();
    assert_eq!(types.to_string(), "exposure.created token.revoked");
    assert_eq!(EventTypes::from_stored(&types.to_string()), types);
    for wrong in ["", " ", "webhook.test", "token.revoked x"] {
        assert_eq!(wrong.parse::<EventTypes>(), Err(InvalidEventTypes));
    }
}

proptest! {
    #[test]
    fn an_endpoint_reads_as_itself_again(
        text in "https?:/{1,3}[a-z0-9.:@\\[\\]]{1,20}[/\\\\?#]?\\PC{0,20}",
        private: bool,
    ) {
        if let Ok(url) = WebhookUrl::parse(&text, private) {
            prop_assert_eq!(WebhookUrl::parse(url.as_str(), private), Ok(url.clone()));
            prop_assert!(private || url.as_str().starts_with("https://"));
        }
    }
}
