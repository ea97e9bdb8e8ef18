//! Answers that the browser posts (OAuth 2.0 Form Post Response Mode): the modules of the Form Post
//! plan that end before the token endpoint, and what the page must not do.

use std::collections::BTreeMap;

use crate::browser::PageAnswer;
use crate::desk::Party;
use crate::flow::Ask;
use crate::support::{CALLBACK, TestApp};

const ADA: &str = "ada@example.com";

fn posted(party: &Party) -> Ask {
    Ask::of(party).with("response_mode", "form_post")
}

/// What the page posts to the client.
fn answer(page: &PageAnswer) -> BTreeMap<String, String> {
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.headers.get("location").is_none());
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let form = format!("<form method=\"post\" action=\"{CALLBACK}\" id=\"answer\">");
    assert!(page.text.contains(&form), "{}", page.text);
    assert!(page.text.contains("id=\"continue\" type=\"submit\">"));
    let fields = page.form("answer");
    let answer: BTreeMap<_, _> = fields.iter().cloned().collect();
    assert_eq!(answer.len(), fields.len());
    answer
}

fn error(page: &PageAnswer) -> String {
    let answer = answer(page);
    assert!(!answer.contains_key("code"), "{answer:?}");
    answer["error"].clone()
}

#[tokio::test]
async fn oidcc_formpost_response_type_missing() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let ask = posted(&party).without("response_type");
    assert_eq!(
        error(&app.browser().authorize(&ask).await),
        "invalid_request"
    );
}

#[tokio::test]
async fn oidcc_formpost_prompt_none_not_logged_in() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let state = "s".repeat(128);
    let ask = posted(&party).with("prompt", "none").with("state", &state);
    let page = app.browser().authorize(&ask).await;
    assert_eq!(error(&page), "login_required");
    assert_eq!(answer(&page)["state"], state);
    assert_eq!(answer(&page)["iss"], app.url);
}

#[tokio::test]
async fn oidcc_formpost_prompt_none_logged_in() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let code = answer(&browser.allow(&posted(&party)).await)["code"].clone();
    let ask = posted(&party).with("prompt", "none");
    let silent = answer(&browser.authorize(&ask).await);
    assert_ne!(silent["code"], code);
    assert_eq!(silent.keys().collect::<Vec<_>>(), ["code", "iss", "state"]);
    let tokens = app.exchange_asked(&party, &silent["code"]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
}

#[tokio::test]
async fn oidcc_formpost_ensure_registered_redirect_uri() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let ask = posted(&party).with("redirect_uri", "https://app.example/callback/unregistered");
    let page = app.browser().authorize(&ask).await;
    assert!(page.is_error_page() && !page.text.contains("unregistered"));
}

/// oidcc-formpost request objects, by reference and by value.
#[tokio::test]
async fn oidcc_formpost_request_objects_are_rejected_as_unsupported() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    for (name, value, expected) in [
        (
            "request_uri",
            "https://x.example/r",
            "request_uri_not_supported",
        ),
        (
            "request",
            "eyJhbGciOiJub25lIn0.e30.",
            "request_not_supported",
        ),
    ] {
        let page = app
            .browser()
            .authorize(&posted(&party).with(name, value))
            .await;
        assert_eq!(error(&page), expected);
    }
}

#[tokio::test]
async fn oidcc_formpost_ensure_post_request_succeeds() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    browser.allow(&posted(&party)).await;
    let page = browser
        .post("/oauth2/authorize", posted(&party).fields())
        .await;
    assert!(answer(&page).contains_key("code"));
}

#[tokio::test]
async fn a_refusal_of_the_person_is_posted() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let page = browser.authorize(&posted(&party)).await;
    assert_eq!(error(&browser.decide(&page, "deny").await), "access_denied");
}

/// Abuse case 28: nothing that a client wrote leaves the place where it stands.
#[tokio::test]
async fn whatever_state_holds_is_text() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    browser.allow(&Ask::of(&party)).await;
    for probe in [
        "\"><script>alert(1)</script>",
        "'\"></form><form action=//evil.example>",
        "</script><svg onload=alert(1)>",
        "&quot;&#34;&amp;",
        "{{ page.brand }}",
        "é🦀 a+b%00",
    ] {
        let page = browser
            .authorize(&posted(&party).with("state", probe))
            .await;
        assert_eq!(answer(&page)["state"], probe);
        assert_eq!(page.markup().matches("<script").count(), 1, "{}", page.text);
        assert_eq!(page.text.matches("<form").count(), 1, "{}", page.text);
        assert!(!page.text.contains("<svg"));
    }
}

/// A nonce that is known beforehand protects nothing.
#[tokio::test]
async fn each_page_has_a_nonce_of_its_own() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    let ask = posted(&party).with("prompt", "none");
    let mut policies = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let page = browser.authorize(&ask).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
        policies.insert(policy.to_owned());
    }
    assert_eq!(policies.len(), 3);
}

/// A page of the same origin that asks in our place.
#[tokio::test]
async fn consent_from_a_page_of_the_same_origin_is_answered_as_a_form_too() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let path = posted(&party).path();
    let query = path.split_once('?').unwrap().1;
    let consent = format!("/v1/oauth2/consent?{query}");
    let say = |action: &str| vec![("action".to_owned(), action.to_owned())];
    let page = browser.post(&consent, &say("deny")).await;
    assert_eq!(error(&page), "access_denied");
    let code = answer(&browser.post(&consent, &say("allow")).await)["code"].clone();
    assert_eq!(app.exchange_asked(&party, &code).await.status, 200);
    // Nothing is left to ask.
    let page = browser.get(&format!("/v1/oauth2/authorize?{query}")).await;
    assert!(answer(&page).contains_key("code"));
}
