//! What can be registered, and what is taken for the same.

use ApplicationType::{Native, Web};
use LoopbackPort::{Any, Registered};
use proptest::prelude::*;

use super::*;

fn uri(text: &str) -> RedirectUri {
    RedirectUri::parse(text, Native).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn answers_go_to_https_to_this_machine_and_to_schemes_of_native_clients() {
    for fine in [
        "https://app.example",
        "https://app.example/",
        "https://app.example:8443/a/b%20c;d?x=1&y=%2F",
        "https://xn--bcher-kva.example/cb",
        "https://192.0.2.7/cb",
        "https://[2001:db8::1]:8443/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:33418/",
        "http://[::1]:33418/cb",
        "http://localhost:3000/api/auth/callback",
    ] {
        assert!(RedirectUri::parse(fine, Web).is_ok(), "{fine}");
    }
    for native in [
        "com.example.app:/callback",
        "com.example.app://callback",
        "com.example.app:/",
    ] {
        assert_eq!(uri(native).as_str(), native);
        let web = RedirectUri::parse(native, Web).unwrap_err();
        assert!(web.reason().contains("native"), "{native}");
    }
}

const ASTRAY: &[&str] = &[
    "",
    "/callback",
    "//app.example/cb",
    "app.example/cb",
    "https://",
    "https:app.example/cb",
    "https:/app.example/cb",
    "https:///app.example/cb",
    "https://app.example/cb#",
    "https://app.example/cb#top",
    "https://good@evil.example/cb",
    "https://good:pass@evil.example/cb",
    "https://@evil.example/cb",
    "com.example.app://good@evil/cb",
    "https://app.example\\@evil.example/cb",
    "https:\\\\app.example/cb",
    "https://app.example/a b",
    " https://app.example/cb",
    "https://app.example/cb\n",
    "https://app.example/\tcb",
    "https://app.example/\u{0}",
    "https://b\u{fc}cher.example/cb",
    "https://app.example/\u{fc}",
    "https://app.example/\"><script>",
    "https://app.example/{x}",
    "https://App.example/cb",
    "HTTPS://app.example/cb",
    "https://app.example:443/cb",
    "https://app.example:/cb",
    "https://app.example:99999/cb",
    "https://app.example/a/../cb",
    "https://app.example/a/%2e%2E/cb",
    "https://app.example/./cb",
    "https://*.example/cb",
    "https://0x7f.1/cb",
    "https://127.1/cb",
    "http://app.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://localhost.evil.example/cb",
    "http://localhostevil/cb",
    "http://localhost./cb",
    "http://127.0.0.2/cb",
    "http://192.168.0.1/cb",
    "http://[::ffff:127.0.0.1]/cb",
    "http://127.0.0.1@evil.example/cb",
    "javascript:alert(1)",
    "javascript://app.example/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "blob:https://app.example/1",
    "filesystem:https://app.example/1",
    "about:blank",
    "ws://app.example/cb",
    "ftp://app.example/cb",
    "myapp://callback",
    "com.example.app:callback",
    "com.example.app",
];

#[test]
fn what_could_lead_astray_is_not_registered() {
    let long = format!("https://app.example/{}", "a".repeat(LONGEST));
    for wrong in ASTRAY.iter().copied().chain([long.as_str()]) {
        for application in [Web, Native] {
            assert!(RedirectUri::parse(wrong, application).is_err(), "{wrong:?}");
        }
    }
}

#[test]
fn an_answer_goes_to_the_bytes_that_were_registered() {
    let registered = uri("https://app.example/cb");
    assert!(registered.matches("https://app.example/cb", Registered));
    for wrong in [
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://app.example/cb?x=1",
        "https://app.example/cb?",
        "https://app.example/cb#x",
        "https://app.example/x/../cb",
        "https://app.example/%2e%2e/cb",
        "https://app.example//cb",
        "https://app.example/c%62",
        "https://good@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example\\cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://xn--app-xyz.example/cb",
        "http://app.example/cb",
        "https://evil.example/https://app.example/cb",
        " https://app.example/cb",
        "",
    ] {
        assert!(!registered.matches(wrong, Any), "{wrong:?}");
    }
}

#[test]
fn only_a_loopback_address_has_any_port_and_only_for_native_clients() {
    for (registered, requested) in [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:65535/cb?x=1"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"),
        ("http://[::1]/cb", "http://[::1]:51004/cb"),
        ("http://127.0.0.1", "http://127.0.0.1:51004"),
    ] {
        assert!(uri(registered).matches(requested, Any), "{requested}");
        let exactly = uri(registered).matches(requested, Registered);
        assert!(!exactly, "{requested}");
    }
    for (registered, requested) in [
        ("http://localhost/cb", "http://localhost:51004/cb"),
        ("http://localhost:1/cb", "http://127.0.0.1:1/cb"),
        ("http://127.0.0.1/cb", "http://[::1]/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb/"),
        ("http://127.0.0.1/cb", "https://127.0.0.1:51004/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:080/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.10/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:\u{661}/cb"),
        ("https://127.0.0.1/cb", "https://127.0.0.1:51004/cb"),
    ] {
        assert!(!uri(registered).matches(requested, Any), "{requested}");
    }
}

#[test]
fn a_place_has_a_name_for_people() {
    for (text, place, loopback, custom) in [
        ("https://app.example:8443/cb", "app.example", false, false),
        ("http://127.0.0.1:1/cb", "127.0.0.1", true, false),
        ("http://[::1]:1/cb", "[::1]", true, false),
        ("http://localhost", "localhost", true, false),
        ("https://a.localhost/cb", "a.localhost", true, false),
        ("https://127.8.8.8/", "127.8.8.8", true, false),
        ("com.example.app:/cb", "com.example.app", false, true),
    ] {
        let uri = uri(text);
        assert_eq!(
            (uri.place(), uri.is_loopback(), uri.is_custom_scheme()),
            (place, loopback, custom)
        );
    }
}

#[test]
fn an_answer_keeps_the_query_that_was_registered() {
    let pairs = [("code", "a b"), ("state", "%00+&\u{fc}")];
    let answer = "code=a+b&state=%2500%2B%26%C3%BC";
    for (text, expected) in [
        ("https://app.example", "https://app.example?"),
        ("https://app.example/cb", "https://app.example/cb?"),
        ("https://app.example/cb?", "https://app.example/cb?"),
        (
            "https://app.example/cb?x=%2F",
            "https://app.example/cb?x=%2F&",
        ),
        ("https://app.example/cb?x=1&", "https://app.example/cb?x=1&"),
        ("com.example.app:/cb", "com.example.app:/cb?"),
    ] {
        assert_eq!(uri(text).with_query(pairs), format!("{expected}{answer}"));
        assert_eq!(uri(text).with_query([]), text);
    }
}

/// Text that comes close to a URI.
fn nearly() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "https://",
        "http://",
        "com.app:/",
        "com.app://",
        "javascript:",
        "",
    ]);
    let piece = prop::sample::select(vec![
        "https",
        "http",
        "com.app",
        "javascript",
        ":",
        "/",
        "//",
        "@",
        "?",
        "#",
        "\\",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "app.example",
        "..",
        "%2e",
        "%",
        ":80",
        ":443",
        "x",
        "&",
        "=",
        " ",
        "*",
    ]);
    (scheme, prop::collection::vec(piece, 0..6))
        .prop_map(|(scheme, pieces)| format!("{scheme}{}", pieces.concat()))
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text: String, other: String) {
        if let Ok(uri) = RedirectUri::parse(&text, Native) {
            prop_assert!(uri.matches(&text, Registered));
            prop_assert!(text == other || !uri.matches(&other, Registered));
        }
    }

    #[test]
    fn what_is_registered_leads_where_a_browser_goes(text in nearly()) {
        if let Ok(uri) = RedirectUri::parse(&text, Native) {
            let read = Url::parse(&text).unwrap();
            prop_assert_eq!(uri.scheme(), read.scheme());
            prop_assert_eq!(uri.host(), read.host_str().unwrap_or_default());
            prop_assert!(read.fragment().is_none() && read.username().is_empty());
            if read.scheme() == "http" {
                prop_assert!(uri.is_loopback());
            }
        }
    }

    #[test]
    fn only_the_port_of_a_match_may_differ(one in nearly(), other in nearly()) {
        if let Ok(uri) = RedirectUri::parse(&one, Native)
            && uri.matches(&other, Any)
        {
            let (mut one, mut other) = (Url::parse(&one).unwrap(), Url::parse(&other).unwrap());
            if uri.is_loopback() && one.scheme() == "http" {
                one.set_port(None).unwrap();
                other.set_port(None).unwrap();
            }
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn what_is_added_to_an_answer_is_read_from_it(
        state: String, query in "[a-z]{1,3}=[a-z0-9]{0,3}",
    ) {
        let uri = uri(&format!("https://app.example/cb?{query}"));
        let answer = Url::parse(&uri.with_query([("state", state.as_str())])).unwrap();
        let read: Vec<_> = answer.query_pairs().into_owned().collect();
        prop_assert_eq!(&read[1], &("state".to_owned(), state));
        prop_assert!(answer.as_str().contains(&query));
    }
}

#[test]
fn a_policy_names_the_scheme() {
    for (text, source) in [
        ("https://app.example/cb", "https:"),
        ("http://127.0.0.1:8000/cb", "http:"),
        ("http://[::1]/cb", "http:"),
        ("com.example.app:/cb", "com.example.app:"),
    ] {
        assert_eq!(RedirectUri::from_stored(text.to_owned()).source(), source);
    }
}
