//! Endpoints that are told nothing for a while, and what they hear of it afterwards.

use std::time::Duration;

use tokenward::domain::retention::{self, Ended};
use tokenward::domain::webhooks;
use tokenward::model::webhook::message_name;
use tokenward::model::{Id, WebhookEndpoint};
use tokenward::storage::webhooks::{NewStart, begin_anew};
use uuid::Uuid;
use wiremock::ResponseTemplate;

use super::queue::{HOUR, leak};
use super::{ALL, DAY, answers, endpoint, heard, kinds, ok, receiver, start, waiting};
use crate::support::{AtOnce, TestApp};

/// Why the service itself disabled an endpoint, as the audit log has it.
async fn disabled_by_us(app: &TestApp) -> Vec<String> {
    let statement = "SELECT detail FROM audit_log
         WHERE event = 'webhook.disabled' AND request_id IS NULL";
    app.rows(statement).await.into_iter().flatten().collect()
}

/// Whoever answers 410 once, or fails for days, may be back with the same people behind it.
#[tokio::test]
async fn an_endpoint_that_was_disabled_by_us_is_told_what_it_missed() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(410)).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let told = format!(r#"{{"webhook_id":"{id}","why":"gone"}}"#);
    assert_eq!(disabled_by_us(&app).await, [told]);
    leak(&app, 1).await;
    app.clock.advance(DAY * 8);
    app.deliver_webhooks().await;
    assert_eq!((heard(&server).await.len(), waiting(&app).await), (1, 3));
    let quiet = async || {
        let text = app.get("/metrics").await.text().await.unwrap();
        text.contains("tokenward_webhook_oldest_seconds 0.0")
    };
    assert!(quiet().await, "nobody is called for what waits on purpose");

    answers(&server, ResponseTemplate::new(500)).await;
    webhooks::set_enabled(&app.ctx, ALL, id, true)
        .await
        .unwrap();
    assert!(quiet().await, "it waits from now on");
    // As old as they are, they are tried as patiently as new ones.
    for _ in 0..8 {
        app.deliver_webhooks().await;
        app.clock.advance(Duration::from_secs(3_600));
    }
    answers(&server, ok()).await;
    app.deliver_webhooks().await;
    let told = kinds(&heard(&server).await);
    assert_eq!(told, ["exposure.created", "token.revoked", "webhook.test"]);
}

/// Messages die sooner than an endpoint is disabled.
#[tokio::test]
async fn what_died_while_an_endpoint_failed_is_sent_when_it_is_enabled_again() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(500)).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    let long_dead = app.clock.now().as_millis();
    app.database
        .execute(&format!(
            "UPDATE webhook_messages SET dead_at = {long_dead}"
        ))
        .await;
    app.clock.advance(HOUR);
    leak(&app, 1).await;
    for _ in 0..48 {
        app.deliver_webhooks().await;
        app.clock.advance(HOUR * 2);
    }
    let dead = "SELECT count(*) FROM webhook_messages WHERE dead_at IS NOT NULL";
    assert_eq!((app.number(dead).await, waiting(&app).await), (3, 0));
    app.clock.advance(DAY * 2);
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let disabled = webhooks::find(&app.ctx, ALL, id).await.unwrap();
    assert_eq!(disabled.disabled_why.as_deref(), Some("failing"));
    let told = format!(r#"{{"webhook_id":"{id}","why":"failing"}}"#);
    assert_eq!(disabled_by_us(&app).await, [told]);

    answers(&server, ok()).await;
    webhooks::set_enabled(&app.ctx, ALL, id, true)
        .await
        .unwrap();
    app.deliver_webhooks().await;
    let told = kinds(&heard(&server).await);
    assert_eq!(told, ["exposure.created", "token.revoked", "webhook.test"]);
    let left = (app.number(dead).await, waiting(&app).await);
    assert_eq!(left, (1, 0), "what died before it failed stays dead");
}

#[tokio::test]
async fn what_waits_for_an_endpoint_is_sent_the_oldest_first() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(410)).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    let oldest = webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    app.clock.advance(Duration::from_secs(1));
    // More than are claimed at once, and all of them due before the one that was tried.
    leak(&app, 13).await;
    app.clock.advance(HOUR);

    answers(&server, ok()).await;
    webhooks::set_enabled(&app.ctx, ALL, id, true)
        .await
        .unwrap();
    app.deliver_webhooks().await;
    let told = heard(&server).await;
    assert_eq!(told.len(), 27);
    let name = message_name(oldest);
    assert_eq!(told[0].headers["webhook-id"], name.as_str());
}

/// An endpoint that was gone when it was told for the first time, and what so many leaks make for it until
/// the day after.
async fn gone_for_a_day(app: &TestApp, leaks: usize) -> Id<WebhookEndpoint> {
    let server = receiver(ResponseTemplate::new(410)).await;
    let id = endpoint(app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    leak(app, leaks).await;
    app.clock.advance(DAY);
    id
}

/// Lets the next message begin anew, as a request does that is cut short after it; tells which.
async fn begin_next(app: &TestApp, endpoint: Id<WebhookEndpoint>) -> Option<Uuid> {
    let now = app.clock.now();
    let start = NewStart {
        at: now,
        before: now.minus(HOUR),
        dead_since: None,
    };
    let mut tx = app.ctx.db.begin().await.unwrap();
    let begun = begin_anew(&mut tx, endpoint, Uuid::nil(), 1, &start).await;
    tx.commit().await.unwrap();
    begun.unwrap()
}

/// As when each request to enable an endpoint takes too long: the last of them comes to the end.
#[tokio::test]
async fn enabling_that_is_cut_short_each_time_comes_to_its_end() {
    let app = start().await;
    let id = gone_for_a_day(&app, 1).await;
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(begin_next(&app, id).await);
        app.clock.advance(Duration::from_secs(60));
    }
    assert!(begun[..3].is_sorted() && begun[2].is_some(), "{begun:?}");
    assert_eq!(begun[3], None, "each of them once");
}

#[tokio::test]
async fn enabling_goes_on_where_it_was_cut_short() {
    let app = start().await;
    // More than one transaction changes.
    let id = gone_for_a_day(&app, 260).await;
    let first = app.clock.now().as_millis().to_string();
    begin_next(&app, id).await.unwrap();
    app.clock.advance(Duration::from_secs(60));
    let second = app.clock.now().as_millis().to_string();

    webhooks::set_enabled(&app.ctx, ALL, id, true)
        .await
        .unwrap();

    let begun = "SELECT queued_at, count(*) FROM webhook_messages
         WHERE attempts = 0 AND due_at = created_at AND dead_at IS NULL
         GROUP BY queued_at ORDER BY queued_at";
    let once = [[first, "1".to_owned()], [second, "520".to_owned()]];
    assert_eq!(app.rows(begun).await, once, "each of them once");
}

#[tokio::test]
async fn what_an_endpoint_misses_is_kept_for_as_long_as_any_message() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(410)).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    leak(&app, 1).await;
    for (days, left) in [(29, 3), (2, 0)] {
        app.clock.advance(DAY * days);
        let pruned = retention::prune(&app.ctx, Ended::Webhooks, &AtOnce).await;
        pruned.unwrap();
        assert_eq!(waiting(&app).await, left);
    }
}

#[tokio::test]
async fn whoever_switches_an_endpoint_off_wants_nothing_kept_for_it() {
    let app = start().await;
    let server = receiver(ok()).await;
    let off = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::set_enabled(&app.ctx, ALL, off, false)
        .await
        .unwrap();
    // Also one that was gone before.
    let gone = receiver(ResponseTemplate::new(410)).await;
    let id = endpoint(&app, &gone, None).await.endpoint.id;
    let test = webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let disabled = webhooks::set_enabled(&app.ctx, ALL, id, false)
        .await
        .unwrap();
    assert_eq!(disabled.disabled_why.as_deref(), Some("operator"));
    leak(&app, 1).await;

    answers(&gone, ok()).await;
    for endpoint in [off, id] {
        webhooks::set_enabled(&app.ctx, ALL, endpoint, true)
            .await
            .unwrap();
    }
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), 0);
    let told = heard(&gone).await;
    assert_eq!(told.len(), 1, "what waited before");
    let name = message_name(test);
    assert_eq!(told[0].headers["webhook-id"], name.as_str());
}
