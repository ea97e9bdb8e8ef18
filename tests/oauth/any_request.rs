//! Authorization requests that nobody thought of: none breaks anything, and none sends a browser
//! anywhere that its client did not register.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::browser::PageAnswer;
use crate::flow::Ask;
use crate::support::{CALLBACK, TestApp};

const ADA: &str = "ada@example.com";
const CASES: usize = 150;

const NAMES: [&str; 22] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "response_mode",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "prompt",
    "max_age",
    "id_token_hint",
    "login_hint",
    "claims",
    "resource",
    "sub_type",
    "request",
    "request_uri",
    "registration",
    "acr_values",
    "signed_in_since",
    "unknown",
];

/// Values that some parser somewhere mistook for another.
const STRANGE: [&str; 20] = [
    "",
    "\0",
    "\r\nLocation: https://evil.example/",
    "https://evil.example/callback",
    "//evil.example",
    "https://app.example@evil.example/callback",
    "https://app.example/callback/../../evil",
    "https://app.example\\.evil.example/callback",
    "https://app.example/callback#fragment",
    "javascript:alert(1)",
    "none login",
    "login",
    "none",
    "18446744073709551616",
    "{\"id_token\":{\"sub\":{\"value\":7}}}",
    "[[[[[[[[[[",
    "openid \u{200b}",
    "organization",
    "form_post",
    "\u{1f980}",
];

#[derive(Clone, Debug)]
enum Change {
    Set(usize, String),
    Again(usize, String),
    Remove(usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let value = || {
        prop_oneof![
            proptest::sample::select(STRANGE.to_vec()).prop_map(str::to_owned),
            any::<String>(),
        ]
    };
    let change = prop_oneof![
        4 => (0..NAMES.len(), value()).prop_map(|(name, value)| Change::Set(name, value)),
        1 => (0..NAMES.len(), value()).prop_map(|(name, value)| Change::Again(name, value)),
        1 => (0..NAMES.len()).prop_map(Change::Remove),
    ];
    proptest::collection::vec(change, 1..4)
}

fn changed(ask: Ask, changes: &[Change]) -> Ask {
    changes.iter().fold(ask, |ask, change| match change {
        Change::Set(name, value) => ask.with(NAMES[*name], value),
        Change::Again(name, value) => ask.twice(NAMES[*name], value),
        Change::Remove(name) => ask.without(NAMES[*name]),
    })
}

/// Where a page or a redirect leads: to us, to the client, or nowhere.
fn leads_nowhere_else(page: &PageAnswer, ask: &Ask) {
    assert!(
        [200, 303, 400].contains(&page.status),
        "{} {ask:?}",
        page.status
    );
    let registered = |text: &str| text == CALLBACK || text.starts_with(&format!("{CALLBACK}?"));
    match page.headers.get("location") {
        Some(location) => {
            let location = location.to_str().unwrap();
            let ours =
                location.starts_with("/login?") || location.starts_with("/oauth2/authorize?");
            assert!(ours || registered(location), "{location} {ask:?}");
            assert_eq!(page.status, 303);
        }
        None => {
            let actions = page.text.split("action=\"").skip(1);
            for action in actions.filter_map(|rest| rest.split('"').next()) {
                assert!(
                    action.starts_with('/') || registered(action),
                    "{action} {ask:?}"
                );
                assert!(!action.starts_with("//"));
            }
        }
    }
}

#[tokio::test]
async fn no_request_breaks_anything_or_leads_anywhere_else() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut signed_in = app.browser();
    signed_in.sign_in(ADA).await;
    signed_in.allow(&Ask::of(&party)).await;
    app.clock.advance(Duration::from_secs(60));
    let mut nobody = app.browser();
    let mut runner = TestRunner::deterministic();
    for _ in 0..CASES {
        let tree = changes().new_tree(&mut runner).unwrap();
        let ask = changed(Ask::of(&party), &tree.current());
        leads_nowhere_else(&signed_in.authorize(&ask).await, &ask);
        leads_nowhere_else(&nobody.authorize(&ask).await, &ask);
        let page = nobody.post("/oauth2/authorize", ask.fields()).await;
        leads_nowhere_else(&page, &ask);
    }
}
