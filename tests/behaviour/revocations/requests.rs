//! Who may ask, and what a request must look like.

use serde_json::{Value, json};

use super::{Desk, PATH, json_of, statuses};
use crate::support::{Answer, TestApp};
use tokenward::domain::tokens::{TokenReference, revoke};
use tokenward::model::RevocationReason;

#[tokio::test]
async fn only_a_service_key_with_the_scope_revokes() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "one").await;
    let body = json!({"items": [{"token": token.token.reveal()}]});
    let revoked = app.service_key("tokens:revoke").await;
    let reference = TokenReference::Id(revoked.id);
    revoke(&app.ctx, &reference, RevocationReason::Operator)
        .await
        .unwrap();
    let other = app.service_key("tokens:introspect exposures:read").await;
    for (key, status, error) in [
        ("nonsense", 401, "invalid_service_key"),
        (app.never_issued().reveal(), 401, "invalid_service_key"),
        (token.token.reveal(), 401, "invalid_service_key"),
        (revoked.token.reveal(), 401, "invalid_service_key"),
        (other.token.reveal(), 403, "insufficient_scope"),
    ] {
        let request = app.http.post(format!("{}{PATH}", app.url)).json(&body);
        let answer = request.bearer_auth(key).send().await.unwrap();
        let answer = Answer::read(answer).await;
        let said: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!((answer.status, &said["error"]), (status, &json!(error)));
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        let told = match status {
            401 => "Bearer error=\"invalid_token\"",
            _ => "Bearer error=\"insufficient_scope\", scope=\"tokens:revoke\"",
        };
        assert_eq!(challenge, told);
    }
    let request = app.http.post(format!("{}{PATH}", app.url)).json(&body);
    let nobody = request.send().await.unwrap();
    assert_eq!(
        (
            nobody.status().as_u16(),
            &nobody.headers()["www-authenticate"]
        ),
        (401, &"Bearer".parse().unwrap())
    );
    assert!(app.is_active(&token.token).await);
}

#[tokio::test]
async fn an_item_that_makes_no_sense_hurts_no_other() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let token = app.personal_token(&ada, "one").await;
    let text = token.token.reveal();
    let mut items = vec![
        json!(null),
        json!("text"),
        json!({}),
        json!({"token": 7}),
        json!({"token": text, "id": token.id.to_string()}),
        json!({"token": 7, "id": token.id.to_string()}),
        json!({"digest": "abc"}),
        json!({"digest": "zz".repeat(32)}),
        json!({"id": "abc"}),
        json!({"token": text, "reason": "because"}),
        json!({"token": text, "url": 7}),
    ];
    let wrong = items.len();
    items.push(json!({"token": "\u{0}é"}));
    items.push(json!({"digest": "00".repeat(32)}));
    items.push(json!({"id": "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11"}));
    items.push(json!({"token": text, "url": "\u{0}\n", "unknown": [1, 2]}));
    let answer = desk.revoke(Value::Array(items)).await;
    let statuses = statuses(&answer);
    assert_eq!(statuses[..wrong], vec!["invalid"; wrong]);
    assert_eq!(
        statuses[wrong..],
        ["unknown", "unknown", "unknown", "revoked"]
    );
    assert!(
        !answer.text.contains(text),
        "nothing that was sent comes back"
    );
    assert!(json_of(&answer)["items"][0]["detail"].is_string());
}

#[tokio::test]
async fn a_body_of_another_shape_is_refused_as_a_whole() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app).await;
    let many = vec![json!({"id": "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11"}); 1_001];
    for (body, status) in [
        (json!([]), 422),
        (json!({}), 422),
        (json!({"items": {}}), 422),
        (json!({"items": null}), 422),
        (json!({"items": [], "dry_run": "yes"}), 422),
        (json!({"items": [], "dryrun": true}), 422),
        (json!({ "items": many }), 422),
        (json!({ "items": many[..1_000] }), 200),
        (json!({"items": []}), 200),
        (json!({"items": [], "x": "y".repeat(4 << 20)}), 413),
    ] {
        assert_eq!(desk.send(&body, None).await.status, status);
    }
    let url = format!("{}{PATH}", app.url);
    let plain = app
        .http
        .post(&url)
        .bearer_auth(desk.key.reveal())
        .body("{}");
    assert_eq!(plain.send().await.unwrap().status(), 415);
    let get = app.http.get(&url).bearer_auth(desk.key.reveal());
    assert_eq!(get.send().await.unwrap().status(), 405);
}
