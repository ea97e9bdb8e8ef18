//! Pushing (RFC 8935).

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::jobs::Round;
use tokenward::model::{DeliveryMethod, EventStream, WebhookUrl};
use tokenward::storage::streams as queue;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{Machine, STREAMS, UPDATED, event, id_of, kind, revoke, told_that_disabled, verified};
use crate::support::{TestApp, TestDatabase};

const PRIVATE: &str = "[shared_signals]\nprivate_endpoints = true";

async fn start() -> TestApp {
    TestApp::builder().settings(PRIVATE).start().await
}

async fn receiver(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    answers(&server, answer).await;
    server
}

async fn answers(server: &MockServer, answer: ResponseTemplate) {
    server.reset().await;
    let mock = Mock::given(method("POST")).and(path("/events"));
    mock.respond_with(answer).mount(server).await;
}

fn taken() -> ResponseTemplate {
    ResponseTemplate::new(202)
}

async fn heard(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn to(server: &MockServer) -> Value {
    let url = format!("{}/events", server.uri());
    json!({ "method": "urn:ietf:rfc:8935", "endpoint_url": url })
}

/// What was pushed, in the order in which it came, each verified.
async fn claims(machine: &Machine<'_>, server: &MockServer) -> Vec<Value> {
    let mut all = Vec::new();
    for request in heard(server).await {
        assert_eq!(request.headers["content-type"], "application/secevent+jwt");
        assert_eq!(request.headers["accept"], "application/json");
        let set = String::from_utf8(request.body.clone()).unwrap();
        all.push(verified(machine.app, &set, &machine.audience).await);
    }
    all
}

async fn waiting(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM event_messages WHERE settled_at IS NULL")
        .await
}

/// Events of tokens that were made, in their order.
async fn made(app: &TestApp, count: usize) -> Vec<String> {
    let name = tokenward::model::random::alphanumeric(8);
    let user = app.user(&format!("{name}@example.com")).await;
    let mut ids = Vec::new();
    for _ in 0..count {
        app.clock.advance(Duration::from_millis(1));
        ids.push(app.personal_token(&user, "mine").await.id.to_string());
    }
    ids
}

fn tokens(claims: &[Value]) -> Vec<&str> {
    claims
        .iter()
        .map(|claims| event(claims)["credential_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn events_are_pushed_once_in_their_order_with_the_header_that_was_given() {
    let app = start().await;
    let server = receiver(taken()).await;
    let machine = Machine::of_operators(&app).await;
    let mut delivery = to(&server);
    delivery["authorization_header"] = json!("Bearer of-the-receiver");
    let shown = machine.stream(json!({ "delivery": delivery })).await;
    assert_eq!(shown["delivery"], to(&server), "nobody is shown the header");
    let stored = "SELECT count(*) FROM event_streams WHERE sealed_header IS NULL";
    assert_eq!(app.number(stored).await, 0);
    let expected = made(&app, 30).await;
    assert_eq!(app.deliver_events().await, Round::Done);
    assert_eq!(app.deliver_events().await, Round::Done);
    let all = claims(&machine, &server).await;
    assert_eq!(tokens(&all), expected);
    for request in heard(&server).await {
        assert_eq!(request.headers["authorization"], "Bearer of-the-receiver");
    }
    assert_eq!(waiting(&app).await, 0);
}

/// openid-ssf-transmitter-stream-verification-error-push-no-auth
#[tokio::test]
async fn without_a_header_none_is_sent_and_a_new_delivery_has_none() {
    let app = start().await;
    let server = receiver(taken()).await;
    let machine = Machine::of_operators(&app).await;
    let mut delivery = to(&server);
    delivery["authorization_header"] = json!("Bearer of-the-receiver");
    let id = id_of(&machine.stream(json!({ "delivery": delivery })).await);
    let rename = json!({ "stream_id": id, "description": "renamed" });
    assert_eq!(machine.call("PATCH", STREAMS, rename).await.0, 200);
    made(&app, 1).await;
    app.deliver_events().await;
    let change = json!({ "stream_id": id, "delivery": to(&server) });
    assert_eq!(machine.call("PATCH", STREAMS, change).await.0, 200);
    made(&app, 1).await;
    app.deliver_events().await;
    let headers: Vec<_> = heard(&server)
        .await
        .iter()
        .map(|request| request.headers.contains_key("authorization"))
        .collect();
    assert_eq!(headers, [true, false]);
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_in_order_and_holds_up_nobody() {
    let app = start().await;
    let broken = receiver(ResponseTemplate::new(500)).await;
    let well = receiver(taken()).await;
    let first = Machine::of_operators(&app).await;
    let second = Machine::of_operators(&app).await;
    first.stream(json!({ "delivery": to(&broken) })).await;
    second.stream(json!({ "delivery": to(&well) })).await;
    let expected = made(&app, 25).await;
    assert_eq!(app.deliver_events().await, Round::Done);
    assert_eq!(tokens(&claims(&second, &well).await).len(), 25);
    // After one failure the receiver is left alone.
    assert_eq!(heard(&broken).await.len(), 1);
    assert_eq!(app.deliver_events().await, Round::Done);
    assert_eq!(heard(&broken).await.len(), 1);
    answers(&broken, taken()).await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.deliver_events().await, Round::Done);
    let all = claims(&first, &broken).await;
    let theirs: Vec<_> = tokens(&all)
        .into_iter()
        .filter(|id| expected.iter().any(|one| one == id))
        .collect();
    assert_eq!(theirs, expected);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_receiver_that_says_when_to_come_again_is_left_alone_until_then() {
    let app = start().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "3600");
    let server = receiver(busy).await;
    let machine = Machine::of_operators(&app).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    made(&app, 1).await;
    for (pause, expected) in [(0, 1), (3_590, 1), (20, 2)] {
        app.clock.advance(Duration::from_secs(pause));
        app.deliver_events().await;
        assert_eq!(heard(&server).await.len(), expected);
    }
}

#[tokio::test]
async fn what_a_receiver_refuses_is_recorded_and_the_next_one_pushed() {
    let app = start().await;
    let said = json!({ "err": "invalid_request", "description": "what is this" });
    let server = receiver(ResponseTemplate::new(400).set_body_json(&said)).await;
    let machine = Machine::of_operators(&app).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    made(&app, 3).await;
    app.deliver_events().await;
    assert_eq!(heard(&server).await.len(), 3);
    assert_eq!(waiting(&app).await, 0);
    let outcomes = app
        .rows("SELECT DISTINCT outcome, error FROM event_messages")
        .await;
    assert_eq!(outcomes, [["refused", "invalid_request"]]);
}

/// RFC 8935 2.4: who we are and how the receiver is set up may be cleared up.
#[tokio::test]
async fn no_event_is_lost_for_what_may_be_cleared_up() {
    let app = start().await;
    let server = receiver(taken()).await;
    let machine = Machine::of_operators(&app).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    made(&app, 2).await;
    let code = |code| ResponseTemplate::new(400).set_body_json(json!({ "err": code }));
    // An answer without a code says nothing, however long it is.
    let long = ResponseTemplate::new(400).set_body_string("x".repeat(1 << 20));
    for (answer, why) in [
        (code("invalid_issuer"), "status 400, invalid_issuer"),
        (code("invalid_audience"), "status 400, invalid_audience"),
        (code("invalid_key"), "status 400, invalid_key"),
        (
            code("authentication_failed"),
            "status 400, authentication_failed",
        ),
        (code("access_denied"), "status 400, access_denied"),
        (long, "status 400"),
    ] {
        answers(&server, answer).await;
        app.clock.advance(Duration::from_secs(900));
        app.deliver_events().await;
        assert_eq!(
            (heard(&server).await.len(), waiting(&app).await),
            (1, 2),
            "{why}"
        );
        let errors = app
            .rows("SELECT error FROM event_messages WHERE error IS NOT NULL")
            .await;
        assert_eq!(errors, [[why]]);
    }
    answers(&server, taken()).await;
    app.clock.advance(Duration::from_secs(900));
    app.deliver_events().await;
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_secret_in_an_answer_is_not_kept() {
    let app = start().await;
    let user = app.user("ada@example.com").await;
    let secret = app.personal_token(&user, "mine").await.token;
    let said = json!({ "err": secret.reveal() });
    let server = receiver(ResponseTemplate::new(400).set_body_json(&said)).await;
    let machine = Machine::of_operators(&app).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    made(&app, 1).await;
    app.deliver_events().await;
    assert_eq!((heard(&server).await.len(), waiting(&app).await), (1, 1));
    let errors = "SELECT error FROM event_messages WHERE error IS NOT NULL";
    assert_eq!(app.rows(errors).await, [["status 400"]]);
}

#[tokio::test]
async fn nobody_is_followed_and_a_stalling_receiver_holds_up_nobody() {
    let app = start().await;
    let elsewhere = receiver(taken()).await;
    let away = format!("{}/events", elsewhere.uri());
    let redirect = ResponseTemplate::new(307).insert_header("location", away.as_str());
    let redirecting = receiver(redirect).await;
    let stalling = receiver(taken().set_delay(Duration::from_secs(60))).await;
    let well = receiver(taken()).await;
    for server in [&redirecting, &stalling, &well] {
        let machine = Machine::of_operators(&app).await;
        machine.stream(json!({ "delivery": to(server) })).await;
    }
    let token = app.service_key("orders:read").await;
    revoke(&app, token.id).await;
    assert_eq!(app.deliver_events().await, Round::Done);
    assert!(heard(&elsewhere).await.is_empty());
    assert_eq!(heard(&well).await.len(), 2);
    let errors = "SELECT DISTINCT error FROM event_messages WHERE settled_at IS NULL
         AND error IS NOT NULL ORDER BY error";
    let errors = app.rows(errors).await.concat();
    assert_eq!(errors, ["status 307", "there was no answer in time"]);
}

/// Pushes in vain, again and again, for so many days.
async fn fail_for(app: &TestApp, days: usize) {
    for _ in 0..days * 3 {
        app.deliver_events().await;
        app.clock.advance(Duration::from_secs(8 * 3_600));
    }
}

#[tokio::test]
async fn a_receiver_that_recovers_before_its_stream_is_disabled_is_told_everything() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(503)).await;
    let machine = Machine::of_operators(&app).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    let expected = made(&app, 3).await;
    fail_for(&app, 4).await;
    answers(&server, taken()).await;
    app.deliver_events().await;
    assert_eq!(tokens(&claims(&machine, &server).await), expected);
}

/// Once that there is nothing more to hear was tried for long enough, nobody calls any more.
#[tokio::test]
async fn a_receiver_that_never_recovers_is_left_alone_in_the_end() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(503)).await;
    let machine = Machine::of_operators(&app).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    made(&app, 1).await;
    fail_for(&app, 11).await;
    assert_eq!(waiting(&app).await, 1);
    fail_for(&app, 3).await;
    assert_eq!(waiting(&app).await, 0);
    let outcomes = "SELECT DISTINCT outcome FROM event_messages";
    assert_eq!(app.rows(outcomes).await, [["dead"]]);
    answers(&server, taken()).await;
    app.deliver_events().await;
    assert!(heard(&server).await.is_empty());
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_given_up() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(503)).await;
    let machine = Machine::of_operators(&app).await;
    let id = id_of(&machine.stream(json!({ "delivery": to(&server) })).await);
    made(&app, 2).await;
    fail_for(&app, 7).await;
    let status = format!("/v1/ssf/status?stream_id={id}");
    let (_, told) = machine.call("GET", &status, Value::Null).await;
    assert_eq!(told["status"], "disabled");
    assert_eq!(told["reason"], "every push failed for too long");
    let letters = told_that_disabled(&app).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    for said in ["nothing that was sent to it arrived", "127.0.0.1"] {
        assert!(letters[0].1.contains(said), "{said}: {}", letters[0].1);
    }
    // What is new is dropped; that the stream is disabled is told as soon as somebody listens.
    made(&app, 1).await;
    answers(&server, taken()).await;
    app.clock.advance(Duration::from_secs(3_600));
    app.deliver_events().await;
    let all = claims(&machine, &server).await;
    assert_eq!(all.iter().map(kind).collect::<Vec<_>>(), [UPDATED]);
    assert_eq!(event(&all[0])["status"], "disabled");
    assert_eq!(all[0]["sub_id"], json!({ "format": "opaque", "id": id }));
    let text = app.get("/metrics").await.text().await.unwrap();
    assert!(
        text.contains("tokenward_event_streams_disabled 1"),
        "{text}"
    );
    // The receiver may enable it again.
    let enabled = json!({ "stream_id": id, "status": "enabled" });
    assert_eq!(machine.call("POST", "/v1/ssf/status", enabled).await.0, 200);
    made(&app, 2).await;
    app.deliver_events().await;
    assert_eq!(heard(&server).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_push_everything_once_and_in_order() {
    let database = TestDatabase::fresh().await;
    let settings = format!("{PRIVATE}\n[oauth]\nissuer = 'https://id.example'");
    let one = TestApp::builder()
        .settings(&settings)
        .database(database.clone())
        .start()
        .await;
    let two = TestApp::builder()
        .settings(&settings)
        .database(database)
        .clock(one.clock.clone())
        .start()
        .await;
    let server = receiver(taken()).await;
    let machine = Machine::of_operators(&one).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    let expected = made(&one, 60).await;
    let rounds = async |app: &TestApp| {
        for _ in 0..4 {
            app.deliver_events().await;
        }
    };
    tokio::join!(rounds(&one), rounds(&two), rounds(&one));
    assert_eq!(tokens(&claims(&machine, &server).await), expected);
    assert_eq!(waiting(&one).await, 0);
}

#[tokio::test]
async fn whoever_disappears_while_pushing_gives_the_stream_back() {
    let app = start().await;
    let server = receiver(taken()).await;
    let machine = Machine::of_operators(&app).await;
    let id = id_of(&machine.stream(json!({ "delivery": to(&server) })).await);
    made(&app, 2).await;
    let now = app.clock.now();
    let mut tx = app.ctx.db.begin().await.unwrap();
    let until = now.plus(Duration::from_secs(300));
    let claim = queue::claim(&mut tx, id.parse().unwrap(), (now, until)).await;
    assert!(claim.unwrap().is_some());
    tx.commit().await.unwrap();
    app.deliver_events().await;
    assert!(heard(&server).await.is_empty());
    app.clock.advance(Duration::from_secs(300));
    app.deliver_events().await;
    assert_eq!(heard(&server).await.len(), 2);
}

/// Whoever moves an endpoint may have reason not to trust the one before.
#[tokio::test]
async fn what_waits_goes_where_the_receiver_says_while_it_is_being_pushed() {
    let app = start().await;
    let before = receiver(taken().set_delay(Duration::from_secs(2))).await;
    let after = receiver(taken()).await;
    let machine = Machine::of_operators(&app).await;
    let id = id_of(&machine.stream(json!({ "delivery": to(&before) })).await);
    let expected = made(&app, 3).await;
    let mut delivery = to(&after);
    delivery["authorization_header"] = json!("Bearer of-the-new-one");
    let change = json!({ "stream_id": id, "delivery": delivery });
    let (round, ()) = tokio::join!(app.deliver_events(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(machine.call("PATCH", STREAMS, change).await.0, 200);
    });
    assert_eq!(round, Round::Done);
    app.deliver_events().await;

    let stale = heard(&before).await;
    assert_eq!(stale.len(), 1, "the one under way");
    assert!(!stale[0].headers.contains_key("authorization"));
    assert_eq!(tokens(&claims(&machine, &after).await), expected);
    for request in heard(&after).await {
        assert_eq!(request.headers["authorization"], "Bearer of-the-new-one");
    }
    assert_eq!(waiting(&app).await, 0);
}

/// The header of the new place is not for the place before, either.
#[tokio::test]
async fn nothing_goes_where_a_stream_went_before_it_was_claimed() {
    let app = start().await;
    let (before, after) = (receiver(taken()).await, receiver(taken()).await);
    let machine = Machine::of_operators(&app).await;
    let mut delivery = to(&before);
    delivery["authorization_header"] = json!("Bearer of-the-receiver");
    let id = id_of(&machine.stream(json!({ "delivery": delivery })).await);
    let expected = made(&app, 3).await;
    // A change under way: the stream is found due as it was, and claimed once it has changed.
    let mut tx = app.ctx.db.begin().await.unwrap();
    let stream = queue::lock(&mut tx, id.parse().unwrap()).await.unwrap();
    let url = format!("{}/events", after.uri());
    let moved = EventStream {
        delivery: DeliveryMethod::Push {
            url: WebhookUrl::parse(&url, true).unwrap(),
            authorized: true,
        },
        ..stream.unwrap()
    };
    let (round, ()) = tokio::join!(app.deliver_events(), async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        queue::update(&mut tx, &moved, None).await.unwrap();
        tx.commit().await.unwrap();
    });
    assert_eq!(round, Round::Done);
    assert!(heard(&before).await.is_empty());
    assert_eq!(tokens(&claims(&machine, &after).await), expected);
    for request in heard(&after).await {
        assert_eq!(request.headers["authorization"], "Bearer of-the-receiver");
    }
}

#[tokio::test]
async fn a_stopping_service_pushes_nothing_more_and_loses_nothing() {
    let app = start().await;
    let server = receiver(taken()).await;
    let machine = Machine::of_operators(&app).await;
    machine.stream(json!({ "delivery": to(&server) })).await;
    made(&app, 2).await;
    let stop = CancellationToken::new();
    stop.cancel();
    assert_eq!(app.events.round(&stop).await, Round::Stopped);
    assert!(heard(&server).await.is_empty());
    app.deliver_events().await;
    assert_eq!(heard(&server).await.len(), 2);
}

#[tokio::test]
async fn headers_are_encrypted_and_follow_the_hash_keys() {
    let app = start().await;
    let server = receiver(taken()).await;
    let machine = Machine::of_operators(&app).await;
    let mut delivery = to(&server);
    delivery["authorization_header"] = json!("Bearer of-the-receiver");
    machine.stream(json!({ "delivery": delivery })).await;
    made(&app, 1).await;
    let keys = "SELECT DISTINCT hash_key FROM event_streams";
    let before = app.rows(keys).await;
    let database = app.stop().await;
    let rotated =
        "[tokens]\nhash_keys = [\"another secret altogether\", \"super secret jwt secret\"]\n";
    let settings = format!("{rotated}{PRIVATE}");
    let builder = TestApp::builder().database(database).settings(&settings);
    let app = builder.start().await;
    tokenward::domain::streams::seal_anew(&app.ctx)
        .await
        .unwrap();
    assert_ne!(app.rows(keys).await, before);
    app.clock.advance(Duration::from_secs(1));
    app.deliver_events().await;
    let requests = heard(&server).await;
    assert_eq!(
        requests[0].headers["authorization"],
        "Bearer of-the-receiver"
    );
}
