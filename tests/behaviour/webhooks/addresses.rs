//! From where a leaked token was tried is told, and not kept for ever.

use serde_json::Value;
use tokenward::domain::leaked_uses;
use tokenward::domain::retention::{self, Ended};

use super::{DAY, PRIVATE, body, endpoint, heard, kinds, ok, receiver};
use crate::support::{AtOnce, TestApp, report};

/// How many addresses wait to be forgotten.
async fn overdue(app: &TestApp) -> u64 {
    let backlog = retention::backlog(&app.ctx).await.unwrap();
    let one = backlog.iter().find(|one| one.what == "addresses");
    one.unwrap().waiting
}

#[tokio::test]
async fn an_address_in_a_message_goes_with_the_attempt_it_tells_of() {
    let settings = format!("{PRIVATE}\n[retention]\naddresses = '2d'");
    let app = TestApp::builder().settings(&settings).start().await;
    let server = receiver(ok()).await;
    endpoint(&app, &server, None).await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "mine").await;
    app.github().report(&[report(&token.token)]).await;
    let request = app.http.get(format!("{}/v1/tokens/self", app.url));
    let answer = request.bearer_auth(token.token.reveal()).send().await;
    assert_eq!(answer.unwrap().status(), 401);
    leaked_uses::flush(&app.ctx).await.unwrap();
    let held = "SELECT count(*) FROM webhook_messages WHERE body LIKE '%127.0.0.1%'";
    let prune = async || retention::prune(&app.ctx, Ended::Addresses, &AtOnce).await;
    app.clock.advance(DAY);
    assert_eq!(prune().await.unwrap().rows, 0);
    assert_eq!((app.number(held).await, overdue(&app).await), (1, 0));

    app.clock.advance(DAY * 2);
    // Of the attempt, and of the message.
    assert_eq!(overdue(&app).await, 2);
    assert_eq!(prune().await.unwrap().rows, 2);
    assert_eq!((app.number(held).await, overdue(&app).await), (0, 0));

    app.deliver_webhooks().await;
    let told = heard(&server).await;
    let all = ["exposure.attempted", "exposure.created", "token.revoked"];
    assert_eq!(kinds(&told), all);
    let attempts = told.iter().map(body);
    let attempts: Vec<_> = attempts
        .filter(|told| told["type"] == "exposure.attempted")
        .collect();
    let attempt = &attempts[0]["data"]["attempt"];
    assert_eq!(attempt["via"], "api");
    assert_eq!(attempt["address"], Value::Null);
    assert!(attempt["first_at"].is_string(), "{attempt}");
}
