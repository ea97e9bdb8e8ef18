//! What waits is bounded, and what is over goes.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::retention::{self, Ended};
use tokenward::domain::streams::operating;

use super::{DAY, Machine, STREAMS, UPDATED, event, kinds, revoke, told_that_disabled};
use crate::support::{AtOnce, TestApp};

async fn waiting(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM event_messages WHERE settled_at IS NULL")
        .await
}

async fn status(machine: &Machine<'_>, stream: &str) -> Value {
    let path = format!("/v1/ssf/status?stream_id={stream}");
    machine.call("GET", &path, Value::Null).await.1
}

async fn set(machine: &Machine<'_>, stream: &str, status: &str) {
    let body = json!({ "stream_id": stream, "status": status });
    let (answer, _) = machine.call("POST", "/v1/ssf/status", body).await;
    assert_eq!(answer, 200);
}

#[tokio::test]
async fn a_paused_stream_keeps_events_and_a_disabled_one_drops_them() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    set(&machine, &stream, "paused").await;
    app.personal_token(&ada, "one").await;
    assert_eq!(machine.poll(&stream).await.len(), 0);
    set(&machine, &stream, "enabled").await;
    assert_eq!(machine.poll(&stream).await.len(), 1);
    set(&machine, &stream, "disabled").await;
    assert_eq!(waiting(&app).await, 0);
    app.personal_token(&ada, "two").await;
    assert_eq!(waiting(&app).await, 0);
    let verify = json!({ "stream_id": stream });
    assert_eq!(machine.call("POST", "/v1/ssf/verify", verify).await.0, 400);
    set(&machine, &stream, "enabled").await;
    assert_eq!(machine.poll(&stream).await.len(), 0);
    app.personal_token(&ada, "three").await;
    assert_eq!(machine.take(&stream).await.len(), 1);
}

#[tokio::test]
async fn a_stream_that_nobody_fetches_is_disabled_when_too_much_waits() {
    let settings = "[shared_signals]\nmax_waiting = 100";
    let app = TestApp::builder().settings(settings).start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let other = Machine::of_operators(&app).await;
    let emptied = other.polled_stream().await;
    other.take(&emptied).await;
    for _ in 0..50 {
        let token = app.personal_token(&ada, "one").await;
        revoke(&app, token.id).await;
    }
    other.take(&emptied).await;
    // The key of the other machine was the first.
    let before = waiting(&app).await;
    assert_eq!(
        operating::tend(&app.ctx).await.unwrap(),
        usize::from(before > 100)
    );
    app.personal_token(&ada, "one more").await;
    operating::tend(&app.ctx).await.unwrap();
    let told = status(&machine, &stream).await;
    assert_eq!(told["status"], "disabled", "{before}");
    assert_eq!(told["reason"], "too many events waited");
    // What it missed it can know: that it missed something is told.
    let all = machine.take(&stream).await;
    assert_eq!(kinds(&all), [UPDATED]);
    assert_eq!(event(&all[0])["status"], "disabled");
    assert_eq!(status(&other, &emptied).await["status"], "enabled");
    let letters = told_that_disabled(&app).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].1.contains("More events waited in it"));
    let audited = "SELECT count(*) FROM audit_log WHERE event = 'stream.status_set'";
    assert_eq!(app.number(audited).await, 1);
}

#[tokio::test]
async fn a_stream_that_nobody_fetches_is_disabled_when_something_waits_for_too_long() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    set(&machine, &stream, "paused").await;
    app.personal_token(&ada, "one").await;
    app.clock.advance(DAY * 7);
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 0);
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 1);
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 0);
    assert_eq!(status(&machine, &stream).await["status"], "disabled");
    assert_eq!(kinds(&machine.poll(&stream).await), [UPDATED]);
    // What told of that is over when the receiver enables the stream, taken or not.
    app.clock.advance(DAY * 8);
    set(&machine, &stream, "enabled").await;
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 0);
    app.personal_token(&ada, "two").await;
    assert_eq!(machine.take(&stream).await.len(), 1);
}

#[tokio::test]
async fn a_stream_ends_with_whose_it_is() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 0);
    revoke(&app, machine.audience.parse().unwrap()).await;
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 1);
    let found = operating::find(&app.ctx, stream.parse().unwrap()).await;
    let standing = found.unwrap().standing;
    assert_eq!(standing.status.name(), "disabled");
    assert_eq!(
        standing.reason.as_deref(),
        Some("the credential that the stream belongs to has ended")
    );
    let letters = told_that_disabled(&app).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(
        letters[0]
            .1
            .contains("make a new one with a credential that works")
    );
}

#[tokio::test]
async fn what_was_taken_and_streams_that_were_deleted_go_in_time() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let subject = json!({ "stream_id": stream,
        "subject": { "format": "email", "email": "ada@example.com" } });
    app.personal_token(&ada, "one").await;
    machine.take(&stream).await;
    assert_eq!(
        machine
            .call("POST", "/v1/ssf/subjects/remove", subject)
            .await
            .0,
        204
    );
    let rows = async |table: &str| app.number(&format!("SELECT count(*) FROM {table}")).await;
    let prune = async || {
        retention::prune(&app.ctx, Ended::Events, &AtOnce)
            .await
            .unwrap()
    };
    app.clock.advance(DAY * 29);
    prune().await;
    assert_eq!(rows("event_messages").await, 1);
    let path = format!("{STREAMS}?stream_id={stream}");
    assert_eq!(machine.call("DELETE", &path, Value::Null).await.0, 204);
    app.clock.advance(DAY * 2);
    let backlog = retention::backlog(&app.ctx).await.unwrap();
    assert!(
        backlog
            .iter()
            .any(|one| one.what == "events" && one.waiting == 1)
    );
    prune().await;
    assert_eq!(rows("event_messages").await, 0);
    assert_eq!(rows("event_streams").await, 1);
    app.clock.advance(DAY * 30);
    prune().await;
    assert_eq!(rows("event_stream_subjects").await, 0);
    assert_eq!(rows("event_streams").await, 0);
}

#[tokio::test]
async fn an_operator_disables_and_deletes_streams() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let id = stream.parse().unwrap();
    app.personal_token(&ada, "one").await;
    operating::set_enabled(&app.ctx, id, false).await.unwrap();
    // SSF 1.0 8.1.5: the receiver is told.
    assert_eq!(kinds(&machine.take(&stream).await), [UPDATED]);
    operating::set_enabled(&app.ctx, id, true).await.unwrap();
    let all = machine.take(&stream).await;
    assert_eq!(event(&all[0])["status"], "enabled");
    app.personal_token(&ada, "two").await;
    operating::delete(&app.ctx, id).await.unwrap();
    assert!(operating::delete(&app.ctx, id).await.is_err());
    assert_eq!(waiting(&app).await, 0);
    assert_eq!(operating::page(&app.ctx, None, 10).await.unwrap().len(), 0);
}
