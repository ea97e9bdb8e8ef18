//! Fetching (RFC 8936).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Machine, revoke};
use crate::support::{Child, Errand, TestApp};

/// What a receiver says, and what it is answered.
async fn poll(machine: &Machine<'_>, stream: &str, ask: Value) -> (u16, Value) {
    machine
        .call("POST", &format!("/v1/ssf/poll/{stream}"), ask)
        .await
}

fn jtis(answer: &Value) -> Vec<String> {
    answer["sets"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// So many events in a stream.
async fn events(app: &TestApp, count: usize) {
    let user = app.user("ada@example.com").await;
    for _ in 0..count {
        app.personal_token(&user, "mine").await;
    }
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    events(&app, 5).await;
    let ask = json!({ "maxEvents": 2, "returnImmediately": true });
    let (_, first) = poll(&machine, &stream, ask.clone()).await;
    assert_eq!(
        (jtis(&first).len(), &first["moreAvailable"]),
        (2, &json!(true))
    );
    let (_, again) = poll(&machine, &stream, ask).await;
    assert_eq!(jtis(&again), jtis(&first));

    // RFC 8936 2.4.3: what was taken is acknowledged with the next poll.
    let ask = json!({ "ack": jtis(&first), "returnImmediately": true });
    let (_, rest) = poll(&machine, &stream, ask.clone()).await;
    assert_eq!(jtis(&rest).len(), 3);
    assert!(rest.get("moreAvailable").is_none());
    assert!(jtis(&rest).iter().all(|jti| !jtis(&first).contains(jti)));
    // An acknowledgement whose answer was lost comes twice.
    let (_, same) = poll(&machine, &stream, ask).await;
    assert_eq!(jtis(&same), jtis(&rest));

    // RFC 8936 2.4.2: only to be heard.
    let ask = json!({ "ack": jtis(&rest), "maxEvents": 0 });
    assert_eq!(
        poll(&machine, &stream, ask).await,
        (200, json!({ "sets": {} }))
    );
    let waiting = "SELECT count(*) FROM event_messages WHERE settled_at IS NULL";
    assert_eq!(app.number(waiting).await, 0);
    assert!(
        (app.metric("tokenward_event_deliveries_total{outcome=\"fetched\"}") - 5.0).abs() < 0.1
    );
}

#[tokio::test]
async fn what_cannot_be_used_is_remembered_and_not_repeated() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    events(&app, 2).await;
    let now = json!({ "returnImmediately": true });
    let (_, all) = poll(&machine, &stream, now).await;
    let [one, other] = jtis(&all).try_into().unwrap();
    let refused = json!({
        "returnImmediately": true,
        "setErrs": {
            (one): { "err": "invalid_request", "description": "what is this" },
            (other): { "err": "what is\nthis" },
            "no jti of ours": { "err": "x" },
        },
    });
    assert_eq!(
        poll(&machine, &stream, refused).await,
        (200, json!({ "sets": {} }))
    );
    let mut errors = app
        .rows("SELECT outcome, error FROM event_messages")
        .await
        .concat();
    errors.sort();
    assert_eq!(
        errors,
        ["invalid_request", "refused", "refused", "unreadable"]
    );
    let count = |outcome: &str| {
        app.metric(&format!(
            "tokenward_event_deliveries_total{{outcome=\"{outcome}\"}}"
        ))
    };
    assert!((count("refused") - 2.0).abs() < 0.1 && count("fetched") < 0.1);
}

/// One event, if there is any, after something was said of others.
async fn next(machine: &Machine<'_>, stream: &str, errors: Value) -> Vec<String> {
    let ask = json!({ "maxEvents": 1, "returnImmediately": true, "setErrs": errors });
    let (status, answer) = poll(machine, stream, ask).await;
    assert_eq!(status, 200, "{answer}");
    jtis(&answer)
}

/// RFC 8935 2.4: who we are and how the receiver is set up may be cleared up.
#[tokio::test]
async fn what_may_be_cleared_up_is_offered_again_behind_what_is_new() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let user = app.user("ada@example.com").await;
    app.personal_token(&user, "one").await;
    app.clock.advance(Duration::from_millis(1));
    app.personal_token(&user, "two").await;
    let one = next(&machine, &stream, json!({})).await;
    let back = json!({ (one[0].as_str()): { "err": "invalid_issuer" } });
    let two = next(&machine, &stream, back).await;
    assert!(two != one, "{two:?}");
    let back = json!({ (two[0].as_str()): { "err": "invalid_audience" } });
    assert_eq!(next(&machine, &stream, back).await, one);
    // What comes back most often comes last.
    let back = json!({ (one[0].as_str()): { "err": "access_denied" } });
    assert_eq!(next(&machine, &stream, back).await, two);
    app.personal_token(&user, "three").await;
    let three = next(&machine, &stream, json!({})).await;
    assert!(three != one && three != two, "{three:?}");

    let errors = "SELECT error FROM event_messages WHERE settled_at IS NULL AND error IS NOT NULL
         ORDER BY error";
    let errors = app.rows(errors).await.concat();
    assert_eq!(errors, ["access_denied", "invalid_audience"]);
    let retried = app.metric("tokenward_event_deliveries_total{outcome=\"retried\"}");
    assert!((retried - 3.0).abs() < 0.1, "{retried}");
    assert_eq!(machine.take(&stream).await.len(), 3);
    assert_eq!(machine.poll(&stream).await.len(), 0);
}

/// It would come back for ever, as fast as the receiver can ask.
#[tokio::test]
async fn who_waits_is_not_answered_at_once_with_what_it_sent_back() {
    let settings = "[shared_signals]\npoll_wait = '60s'";
    let app = TestApp::builder().settings(settings).start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let user = app.user("ada@example.com").await;
    app.personal_token(&user, "one").await;
    let one = next(&machine, &stream, json!({})).await;
    let back = json!({ "setErrs": { (one[0].as_str()): { "err": "invalid_audience" } } });
    let waiting = poll(&machine, &stream, back);
    tokio::pin!(waiting);
    let soon = tokio::time::timeout(Duration::from_secs(2), waiting.as_mut()).await;
    assert!(soon.is_err(), "{soon:?}");
    app.personal_token(&user, "two").await;
    let (status, both) = waiting.await;
    assert_eq!((status, jtis(&both).len()), (200, 2));
    assert!(jtis(&both).contains(&one[0]));
}

#[tokio::test]
async fn a_secret_in_a_refusal_is_not_kept() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let user = app.user("ada@example.com").await;
    let secret = app.personal_token(&user, "mine").await.token;
    let one = next(&machine, &stream, json!({})).await;
    let refused = json!({ (one[0].as_str()): { "err": secret.reveal() } });
    assert_eq!(next(&machine, &stream, refused).await, [""; 0]);
    let errors = app.rows("SELECT error FROM event_messages").await;
    assert_eq!(errors, [["unreadable"]]);
}

/// RFC 8936 2.2: whoever takes nothing still learns whether something waits.
#[tokio::test]
async fn whoever_takes_none_is_told_whether_there_are_any() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let none = json!({ "maxEvents": 0 });
    let nothing = poll(&machine, &stream, none.clone()).await;
    assert_eq!(nothing, (200, json!({ "sets": {} })));
    events(&app, 2).await;
    let more = json!({ "sets": {}, "moreAvailable": true });
    assert_eq!(poll(&machine, &stream, none).await, (200, more));
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let many: serde_json::Map<_, _> = (0..101)
        .map(|n| (n.to_string(), json!({ "err": "x" })))
        .collect();
    for ask in [
        json!([]),
        json!({ "maxEvents": -1 }),
        json!({ "maxEvents": "1" }),
        json!({ "returnImmediately": 1 }),
        json!({ "ack": "x" }),
        json!({ "ack": [1] }),
        json!({ "setErrs": [] }),
        json!({ "setErrs": { "x": "y" } }),
        json!({ "setErrs": many }),
    ] {
        let (status, answer) = poll(&machine, &stream, ask.clone()).await;
        assert_eq!(status, 400, "{ask} {answer}");
    }
    let odd = json!({ "ack": ["", "x", "\u{0}"], "more": 1, "returnImmediately": true });
    assert_eq!(poll(&machine, &stream, odd).await.0, 200);
    let push = json!({ "stream_id": stream, "delivery": {
        "method": "urn:ietf:rfc:8935", "endpoint_url": "https://receiver.example/events" } });
    assert_eq!(machine.call("PATCH", "/v1/ssf/streams", push).await.0, 200);
    let now = json!({ "returnImmediately": true });
    assert_eq!(poll(&machine, &stream, now).await.0, 400);
}

#[tokio::test]
async fn nobody_acknowledges_for_others() {
    let app = TestApp::start().await;
    let (one, other) = (
        Machine::of_operators(&app).await,
        Machine::of_operators(&app).await,
    );
    let (mine, theirs) = (one.polled_stream().await, other.polled_stream().await);
    events(&app, 1).await;
    let now = json!({ "returnImmediately": true });
    let (_, waiting) = poll(&one, &mine, now.clone()).await;
    let ask = json!({ "ack": jtis(&waiting), "returnImmediately": true });
    poll(&other, &theirs, ask).await;
    assert_eq!(jtis(&poll(&one, &mine, now).await.1), jtis(&waiting));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_nothing_waits_a_little() {
    let settings = "[shared_signals]\npoll_wait = '3s'";
    let app = TestApp::builder().settings(settings).start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let began = Instant::now();
    let (status, nothing) = poll(&machine, &stream, json!({})).await;
    assert_eq!((status, nothing), (200, json!({ "sets": {} })));
    assert!(began.elapsed() >= Duration::from_secs(2), "it waited");
    let asking = poll(&machine, &stream, json!({}));
    let ((_, answer), ()) = tokio::join!(asking, events(&app, 1));
    assert_eq!(jtis(&answer).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stops_waits_for_nobody_who_waits() {
    let settings = "[shared_signals]\npoll_wait = '50s'\n[server]\nshutdown_timeout = '40s'";
    let app = TestApp::builder().settings(settings).start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    events(&app, 1).await;
    let waiting = machine.poll(&stream).await;
    let request = app
        .http
        .post(format!("{}/v1/ssf/poll/{stream}", app.url))
        .bearer_auth(machine.credential.reveal())
        .json(&json!({ "ack": [waiting[0]["jti"]] }));
    let asking = tokio::spawn(request.send());
    crate::support::eventually("the acknowledgement was heard", async || {
        app.number("SELECT count(*) FROM event_messages WHERE settled_at IS NULL")
            .await
            == 0
    })
    .await;
    let began = Instant::now();
    app.stop().await;
    let _ = asking.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(30), "it did not wait");
}

#[tokio::test]
async fn nothing_is_lost_when_the_process_dies() {
    let before = TestApp::start().await;
    let machine = Machine::of_operators(&before).await;
    let stream = machine.polled_stream().await;
    let (credential, audience) = (machine.credential.clone(), machine.audience.clone());
    let ada = before.user("ada@example.com").await;
    let token = before.personal_token(&ada, "mine").await;
    revoke(&before, token.id).await;
    let database = before.stop().await;
    // A process that is killed leaves what was committed.
    Child::start(&Errand::on(&database)).await.kill().await;
    let app = TestApp::builder().database(database).start().await;
    let machine = Machine {
        app: &app,
        credential,
        audience,
    };
    assert_eq!(machine.take(&stream).await.len(), 2);
    assert_eq!(machine.take(&stream).await.len(), 0);
}
