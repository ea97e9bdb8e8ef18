//! How to ask (RFC 7662 2.1), and what is said to those who ask otherwise.

use rstest::rstest;
use serde_json::json;

use super::{PATH, SCOPE, ask, ask_with};
use crate::support::{Answer, TestApp};

#[rstest]
#[case::nothing("", 400)]
#[case::no_token("token_type_hint=access_token", 400)]
#[case::empty_token("token=", 400)]
#[case::two_tokens("token=a&token=b", 400)]
#[case::two_hints("token=a&token_type_hint=x&token_type_hint=x", 400)]
#[case::no_address("token=a&ip_address=home", 400)]
#[case::not_text("token=%ff%fe&x=%zz", 200)]
#[tokio::test]
async fn questions_are_read_strictly(#[case] body: &str, #[case] status: u16) {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let answer = ask_with(&app, &key.token, body).await;
    assert_eq!(answer.status, status, "{}", answer.text);
    if status == 400 {
        assert_eq!(answer.json()["error"], "invalid_request");
        assert!(answer.json()["error_description"].is_string());
        assert!(!answer.headers.contains_key("www-authenticate"));
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[rstest]
#[case::json("application/json", r#"{"token":"x"}"#)]
#[case::text("text/plain", "token=x")]
#[case::multipart("multipart/form-data; boundary=b", "token=x")]
#[case::empty("", "token=x")]
#[tokio::test]
async fn a_question_that_is_no_form_is_refused(#[case] kind: &str, #[case] body: &str) {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let bearer = format!("Bearer {}", key.token.reveal());
    let answer = ask(
        &app,
        &[("authorization", &bearer), ("content-type", kind)],
        body,
    )
    .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("invalid_request"))
    );
}

#[tokio::test]
async fn a_forms_type_may_have_parameters() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let bearer = format!("Bearer {}", key.token.reveal());
    let kind = "Application/X-WWW-Form-Urlencoded; charset=UTF-8";
    let answer = ask(
        &app,
        &[("authorization", &bearer), ("content-type", kind)],
        "token=x",
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_form_without_end_is_refused() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let answer = ask_with(&app, &key.token, &format!("token={}", "a".repeat(1 << 20))).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    assert_eq!(answer.json()["error"], "invalid_request");
}

#[tokio::test]
async fn a_question_is_posted() {
    let app = TestApp::start().await;
    let answer = Answer::read(app.get(&format!("{PATH}?token=x")).await).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (405, &json!("method_not_allowed"))
    );
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn two_credentials_are_one_too_many() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let bearer = format!("Bearer {}", key.token.reveal());
    let headers = [
        ("authorization", bearer.as_str()),
        ("authorization", bearer.as_str()),
    ];
    let answer = ask(&app, &headers, "token=x").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("invalid_request"))
    );
}
