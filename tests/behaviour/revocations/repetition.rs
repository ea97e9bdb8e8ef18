//! The same request again: `Idempotency-Key`.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{Desk, json_of};
use crate::support::TestApp;

#[tokio::test]
async fn a_request_under_the_same_name_is_answered_as_it_was() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let token = app.personal_token(&ada, "one").await;
    let body = json!({"items": [{"token": token.token.reveal(), "url": "https://x.example"}]});
    let first = desk.send(&body, Some("8e03978e")).await;
    let again = desk.send(&body, Some("\"8e03978e\"")).await;
    assert_eq!(json_of(&first)["items"][0]["status"], "revoked");
    assert_eq!(again.text, first.text);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(app.read_mail().await.len(), 1);

    let other = json!({"items": []});
    let answer = desk.send(&other, Some("8e03978e")).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert!(answer.text.contains("idempotency_key_reused"));
    // Names belong to whoever gave them.
    let elsewhere = Desk::open(&app).await;
    assert_eq!(elsewhere.send(&other, Some("8e03978e")).await.status, 200);

    app.clock.advance(Duration::from_secs(25 * 3_600));
    let later = json_of(&desk.send(&body, Some("8e03978e")).await);
    assert_eq!(later["items"][0]["status"], "already_revoked");
}

#[tokio::test]
async fn of_many_at_once_under_one_name_one_is_done() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let family = app.family(&ada).await;
    let body = json!({"items": [{"token": family.access.token.reveal()}]});
    let answers = join_all((0..8).map(|_| desk.send(&body, Some("once")))).await;
    let texts: Vec<_> = answers
        .iter()
        .map(|answer| json_of(answer).to_string())
        .collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert!(texts[0].contains("\"revoked_with_it\":4"), "{}", texts[0]);
    let replayed =
        |answer: &&crate::support::Answer| answer.headers.contains_key("idempotent-replayed");
    assert_eq!(answers.iter().filter(replayed).count(), 7);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app).await;
    let body = json!({"items": []});
    for wrong in ["", "\"\"", "a b", &"x".repeat(256)] {
        assert_eq!(desk.send(&body, Some(wrong)).await.status, 400, "{wrong}");
    }
    assert_eq!(desk.send(&body, Some(&"x".repeat(255))).await.status, 200);
}
