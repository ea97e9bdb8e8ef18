//! Endpoints that are left alone for a while, and what ends that.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::webhooks;
use tokenward::storage::webhooks::{claim, is_open, pause, recover};
use wiremock::ResponseTemplate;

use super::queue::HOUR;
use super::{ALL, answers, call, endpoint, heard, ok, receiver, start, waiting};
use crate::support::eventually;

#[tokio::test]
async fn a_pause_is_shown_and_ends_when_somebody_asks_to_send_now() {
    let app = start().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "3600");
    let server = receiver(busy).await;
    let key = app.service_key("webhooks:manage").await.token;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    let path = format!("/{id}");
    let shown = async || {
        let (_, shown) = call(&app, &key, ("GET", &path), Value::Null).await;
        let (_, list) = call(&app, &key, ("GET", ""), Value::Null).await;
        assert_eq!(list["items"][0]["paused_until"], shown["paused_until"]);
        shown["paused_until"].clone()
    };
    assert_eq!(shown().await, Value::Null);
    let message = webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let mut calls = 1;
    for (to, asked) in [
        ("test", Value::Null),
        ("replay", json!({ "message_id": message })),
        ("replay", json!({ "since": "2020-01-01T00:00:00Z" })),
    ] {
        let until = app.clock.now().plus(HOUR).to_string();
        assert_eq!(shown().await, until);
        app.clock.advance(Duration::from_secs(60));
        app.deliver_webhooks().await;
        assert_eq!(heard(&server).await.len(), calls, "it is left alone");

        let path = format!("{path}/{to}");
        assert_eq!(call(&app, &key, ("POST", &path), asked).await.0, 202);
        assert_eq!(shown().await, Value::Null);
        app.deliver_webhooks().await;
        calls += 1;
        assert_eq!(heard(&server).await.len(), calls, "{path}");
    }
    app.clock.advance(HOUR);
    assert_eq!(shown().await, Value::Null, "it is over");
}

/// Two replicas may have begun a try before the first of them ended.
#[tokio::test]
async fn a_pause_is_neither_shortened_nor_ended_by_a_try_that_began_before() {
    let app = start().await;
    let server = receiver(ok()).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    let now = app.clock.now();
    let mut tx = app.ctx.db.begin().await.unwrap();
    for rest in [HOUR, Duration::from_secs(5)] {
        let failed = pause(&mut tx, id, now, |_| now.plus(rest)).await;
        assert_eq!(failed.unwrap(), Some(now));
    }
    recover(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    let found = webhooks::find(&app.ctx, ALL, id).await.unwrap();
    assert_eq!(found.failing_since, None);
    assert_eq!(found.pause(now), Some(now.plus(HOUR)));
    app.clock.advance(HOUR - Duration::from_secs(1));
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), 0);
    app.clock.advance(Duration::from_secs(1));
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), 1);
}

/// Whoever found it a moment ago may find it otherwise now.
#[tokio::test]
async fn nothing_is_claimed_of_an_endpoint_that_is_not_told_now() {
    let app = start().await;
    let server = receiver(ok()).await;
    let now = app.clock.now();
    for (changed, expected) in [
        ("disabled_at", 0),
        ("deleted_at", 0),
        ("paused_until", 0),
        ("created_at", 1),
    ] {
        let id = endpoint(&app, &server, None).await.endpoint.id;
        webhooks::test(&app.ctx, ALL, id).await.unwrap();
        let later = now.plus(HOUR).as_millis();
        app.database
            .execute(&format!("UPDATE webhook_endpoints SET {changed} = {later}"))
            .await;
        let open = is_open(&app.ctx.db, id, now).await.unwrap();
        assert_eq!(usize::from(open), expected, "{changed}");
        let mut tx = app.ctx.db.begin().await.unwrap();
        let claimed = claim(&mut tx, id, 20, (now, now.plus(HOUR))).await;
        assert_eq!(claimed.unwrap().len(), expected, "{changed}");
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_disabled_hears_no_more_of_what_was_claimed_for_it() {
    let app = start().await;
    let server = receiver(ok().set_delay(Duration::from_secs(2))).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    for _ in 0..5 {
        webhooks::test(&app.ctx, ALL, id).await.unwrap();
    }
    let delivering = app.webhooks.clone();
    let round = tokio::spawn(async move { delivering.round(&Default::default()).await });
    eventually("the first is told", async || {
        heard(&server).await.len() == 1
    })
    .await;
    webhooks::set_enabled(&app.ctx, ALL, id, false)
        .await
        .unwrap();
    round.await.unwrap();
    assert_eq!((heard(&server).await.len(), waiting(&app).await), (1, 4));

    answers(&server, ok()).await;
    webhooks::set_enabled(&app.ctx, ALL, id, true)
        .await
        .unwrap();
    app.deliver_webhooks().await;
    assert_eq!((heard(&server).await.len(), waiting(&app).await), (4, 0));
}
