//! Receivers manage their streams (SSF 1.0 7 and 8.1).

use serde_json::{Value, json};

use super::{CHANGE, Machine, SESSION, STREAMS, VERIFICATION, client, id_of};
use crate::support::TestApp;

const NOBODY: &str = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";
const PUSH: &str = "urn:ietf:rfc:8935";
const POLL: &str = "urn:ietf:rfc:8936";

#[tokio::test]
async fn the_metadata_says_where_everything_is() {
    let app = TestApp::start().await;
    let answer = app.get("/.well-known/ssf-configuration").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["spec_version"], "1_0");
    assert_eq!(told["issuer"], app.ctx.issuer);
    assert_eq!(told["delivery_methods_supported"], json!([PUSH, POLL]));
    assert_eq!(told["default_subjects"], "ALL");
    assert_eq!(
        told["authorization_schemes"][0]["spec_urn"],
        "urn:ietf:rfc:6749"
    );
    for (name, path) in [
        ("jwks_uri", "/.well-known/jwks.json"),
        ("configuration_endpoint", STREAMS),
        ("status_endpoint", "/v1/ssf/status"),
        ("add_subject_endpoint", "/v1/ssf/subjects/add"),
        ("remove_subject_endpoint", "/v1/ssf/subjects/remove"),
        ("verification_endpoint", "/v1/ssf/verify"),
    ] {
        assert_eq!(
            told[name],
            format!("{}{path}", app.ctx.public_url),
            "{name}"
        );
    }
}

#[tokio::test]
async fn without_shared_signals_there_is_nothing() {
    let settings = "[shared_signals]\nenabled = false";
    let app = TestApp::builder().settings(settings).start().await;
    assert_eq!(
        app.get("/.well-known/ssf-configuration").await.status(),
        404
    );
    let metadata = app.get("/.well-known/openid-configuration").await;
    assert!(!metadata.text().await.unwrap().contains("ssf.manage"));
}

/// openid-ssf-stream-control-happy-path
#[tokio::test]
async fn a_stream_is_made_read_changed_replaced_and_deleted() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    assert_eq!(
        machine.call("GET", STREAMS, Value::Null).await,
        (200, json!([]))
    );
    let wanted = json!({
        "events_requested": [SESSION, "urn:example:other"],
        "description": "Stream for tests",
        "iss": "https://ignored.example",
    });
    let made = machine.stream(wanted).await;
    let id = id_of(&made);
    assert_eq!(made["iss"], app.ctx.issuer);
    assert_eq!(made["aud"], machine.audience);
    assert_eq!(
        made["events_requested"],
        json!([SESSION, "urn:example:other"])
    );
    assert_eq!(made["events_delivered"], json!([SESSION]));
    assert_eq!(made["events_supported"].as_array().unwrap().len(), 3);
    assert_eq!(made["min_verification_interval"], 30);
    let poll = format!("{}/v1/ssf/poll/{id}", app.ctx.public_url);
    assert_eq!(
        made["delivery"],
        json!({ "method": POLL, "endpoint_url": poll })
    );

    let path = format!("{STREAMS}?stream_id={id}");
    assert_eq!(
        machine.call("GET", &path, Value::Null).await,
        (200, made.clone())
    );
    let list = machine.call("GET", STREAMS, Value::Null).await;
    assert_eq!(list, (200, json!([made])));

    // What is not named stays; what the transmitter supplies may come along, in any order.
    let mut change = json!({ "stream_id": id, "events_requested": [CHANGE, SESSION] });
    change["aud"] = json!([machine.audience]);
    change["events_supported"] = made["events_supported"].clone();
    change["events_supported"].as_array_mut().unwrap().reverse();
    change["delivery"] = made["delivery"].clone();
    let (status, changed) = machine.call("PATCH", STREAMS, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["events_delivered"], json!([SESSION, CHANGE]));
    assert_eq!(changed["description"], "Stream for tests");

    // What is not named goes.
    let replacement = json!({ "stream_id": id, "format": "email" });
    let (status, replaced) = machine.call("PUT", STREAMS, replacement).await;
    assert_eq!(status, 200, "{replaced}");
    assert_eq!(replaced["format"], "email");
    assert!(replaced.get("description").is_none());
    assert!(replaced.get("events_requested").is_none());
    assert_eq!(replaced["events_delivered"], replaced["events_supported"]);

    assert_eq!(machine.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(machine.call("DELETE", &path, Value::Null).await.0, 404);
    assert_eq!(machine.call("GET", &path, Value::Null).await.0, 404);
    let audited = "SELECT count(*) FROM audit_log WHERE event IN
         ('stream.created', 'stream.changed', 'stream.deleted') AND token_id IS NOT NULL";
    assert_eq!(app.number(audited).await, 4);
}

/// openid-ssf-stream-control-error-create-stream-with-duplicate-config
#[tokio::test]
async fn a_receiver_has_one_stream_unless_more_are_allowed() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let id = machine.polled_stream().await;
    let (status, answer) = machine.call("POST", STREAMS, json!({})).await;
    assert_eq!(
        (status, answer["error"].as_str()),
        (409, Some("too_many_streams"))
    );
    // Another one has its own.
    Machine::of_operators(&app).await.polled_stream().await;
    let path = format!("{STREAMS}?stream_id={id}");
    machine.call("DELETE", &path, Value::Null).await;
    machine.polled_stream().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_streams_at_once_one_is_made() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let make = || machine.call("POST", STREAMS, json!({}));
    let all = tokio::join!(make(), make(), make());
    let mut statuses = [all.0.0, all.1.0, all.2.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

/// openid-ssf-stream-control-error-…
#[tokio::test]
async fn what_is_wrong_is_answered_as_the_framework_says() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let secret = app.never_issued();
    for body in [
        json!([]),
        json!({ "delivery": 1 }),
        json!({ "delivery": { "method": "urn:x" } }),
        json!({ "delivery": { "method": PUSH } }),
        json!({ "delivery": { "method": PUSH, "endpoint_url": "http://x.example/" } }),
        json!({ "delivery": { "method": PUSH, "endpoint_url": "https://10.0.0.1/" } }),
        json!({ "delivery": { "method": PUSH, "endpoint_url": "https://x.example/",
            "authorization_header": "a\r\nb: c" } }),
        json!({ "events_requested": SESSION }),
        json!({ "events_requested": [1] }),
        json!({ "events_requested": [] }),
        json!({ "format": "phone_number" }),
        json!({ "description": 1 }),
        json!({ "description": "a\nb" }),
        json!({ "description": secret.reveal() }),
        json!({ "events_requested": [secret.reveal()] }),
    ] {
        let (status, answer) = machine.call("POST", STREAMS, body.clone()).await;
        assert_eq!(status, 400, "{body} {answer}");
        assert!(!answer.to_string().contains(secret.reveal()), "{answer}");
    }
}

/// openid-ssf-stream-control-error-update-…, -replace-…, -read-…, -delete-…
#[tokio::test]
async fn what_the_transmitter_supplies_must_be_right_when_it_is_repeated() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let id = machine.polled_stream().await;
    for (change, status) in [
        (json!({ "stream_id": NOBODY }), 404),
        (json!({ "stream_id": "none" }), 404),
        (json!({}), 400),
        (
            json!({ "stream_id": id, "iss": "https://other.example" }),
            400,
        ),
        (json!({ "stream_id": id, "aud": "other" }), 400),
        (
            json!({ "stream_id": id, "events_delivered": [SESSION] }),
            400,
        ),
        (
            json!({ "stream_id": id, "min_verification_interval": 1 }),
            400,
        ),
        (
            json!({ "stream_id": id,
            "delivery": { "method": POLL, "endpoint_url": "https://other.example/" } }),
            400,
        ),
    ] {
        for method in ["PATCH", "PUT"] {
            let (found, answer) = machine.call(method, STREAMS, change.clone()).await;
            assert_eq!(found, status, "{method} {change} {answer}");
        }
    }
    for path in [
        format!("{STREAMS}?stream_id=none"),
        format!("/v1/ssf/status?stream_id={NOBODY}"),
    ] {
        assert_eq!(machine.call("GET", &path, Value::Null).await.0, 404);
    }
    assert_eq!(
        machine.call("GET", "/v1/ssf/status", Value::Null).await.0,
        400
    );
    assert_eq!(machine.call("DELETE", STREAMS, Value::Null).await.0, 400);
}

/// Bodies of every endpoint that a credential opens.
fn endpoints(id: &str) -> Vec<(&'static str, String, Value)> {
    let body = |more: Value| {
        let mut body = json!({ "stream_id": id });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let subject = json!({ "subject": { "format": "email", "email": "ada@example.com" } });
    vec![
        ("POST", STREAMS.to_owned(), json!({})),
        ("GET", format!("{STREAMS}?stream_id={id}"), Value::Null),
        ("PATCH", STREAMS.to_owned(), body(json!({}))),
        ("PUT", STREAMS.to_owned(), body(json!({}))),
        ("DELETE", format!("{STREAMS}?stream_id={id}"), Value::Null),
        ("GET", format!("/v1/ssf/status?stream_id={id}"), Value::Null),
        (
            "POST",
            "/v1/ssf/status".to_owned(),
            body(json!({ "status": "paused" })),
        ),
        (
            "POST",
            "/v1/ssf/subjects/add".to_owned(),
            body(subject.clone()),
        ),
        ("POST", "/v1/ssf/subjects/remove".to_owned(), body(subject)),
        ("POST", "/v1/ssf/verify".to_owned(), body(json!({}))),
        (
            "POST",
            format!("/v1/ssf/poll/{id}"),
            json!({ "returnImmediately": true }),
        ),
    ]
}

#[tokio::test]
async fn strangers_and_others_get_nowhere() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let id = machine.polled_stream().await;
    let ada = app.user("ada@example.com").await;
    let personal = app.personal_token(&ada, "mine").await.token;
    let wrong_key = app.service_key("tokens:revoke").await.token;
    let never_issued = app.never_issued();
    let other = Machine::of_operators(&app).await;
    for (method, path, body) in endpoints(&id) {
        let as_credential = async |credential| {
            let caller = Machine {
                app: &app,
                credential,
                audience: String::new(),
            };
            caller.call(method, &path, body.clone()).await.0
        };
        let what = format!("{method} {path}");
        assert_eq!(as_credential(never_issued.clone()).await, 401, "{what}");
        assert_eq!(as_credential(personal.clone()).await, 401, "{what}");
        assert_eq!(as_credential(wrong_key.clone()).await, 403, "{what}");
        if (method, path.as_str()) != ("POST", STREAMS) {
            // Somebody else's stream is none.
            assert_eq!(
                other.call(method, &path, body.clone()).await.0,
                404,
                "{what}"
            );
        }
        let url = format!("{}{path}", app.url);
        let bare = app.http.request(method.parse().unwrap(), url);
        let bare = bare.json(&body).send().await.unwrap();
        assert_eq!(bare.status(), 401, "{what}");
        assert_eq!(bare.headers()["www-authenticate"], "Bearer", "{what}");
    }
    let in_query = format!("{STREAMS}?access_token={}", machine.credential.reveal());
    assert_eq!(app.get(&in_query).await.status(), 401);
}

#[tokio::test]
async fn reading_is_less_than_managing() {
    let app = TestApp::start().await;
    let client = client(&app, "Receiver").await;
    let manager = Machine::of_client(&app, &client, "ssf.manage").await;
    let reader = Machine::of_client(&app, &client, "ssf.read").await;
    let id = manager.polled_stream().await;
    for (method, path, body) in endpoints(&id) {
        let reads = method == "GET" || path.contains("poll");
        let (status, answer) = reader.call(method, &path, body).await;
        let expected = if reads { 200 } else { 403 };
        assert_eq!(status, expected, "{method} {path} {answer}");
    }
}

#[tokio::test]
async fn a_status_is_set_and_an_operators_stays() {
    use tokenward::domain::streams::operating;
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let id = machine.polled_stream().await;
    let path = format!("/v1/ssf/status?stream_id={id}");
    let enabled = json!({ "stream_id": id, "status": "enabled" });
    assert_eq!(
        machine.call("GET", &path, Value::Null).await,
        (200, enabled.clone())
    );
    let paused = json!({ "stream_id": id, "status": "paused", "reason": "moving" });
    let answer = machine.call("POST", "/v1/ssf/status", paused.clone()).await;
    assert_eq!(answer, (200, paused.clone()));
    assert_eq!(machine.call("GET", &path, Value::Null).await, (200, paused));
    for wrong in [
        json!({ "stream_id": id, "status": "on" }),
        json!({ "stream_id": id }),
        json!({ "stream_id": id, "status": "paused", "reason": 1 }),
    ] {
        assert_eq!(machine.call("POST", "/v1/ssf/status", wrong).await.0, 400);
    }
    operating::set_enabled(&app.ctx, id.parse().unwrap(), false)
        .await
        .unwrap();
    let refused = machine
        .call("POST", "/v1/ssf/status", enabled.clone())
        .await;
    assert_eq!(refused.0, 403);
    operating::set_enabled(&app.ctx, id.parse().unwrap(), true)
        .await
        .unwrap();
    assert_eq!(machine.call("POST", "/v1/ssf/status", enabled).await.0, 200);
}

#[tokio::test]
async fn a_stream_is_verified_not_too_often() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let id = machine.polled_stream().await;
    let ask = json!({ "stream_id": id, "state": "VGhpcyBpcyBhbiBleGFtcGxl\u{0}" });
    assert_eq!(
        machine.call("POST", "/v1/ssf/verify", ask.clone()).await.0,
        204
    );
    let (status, answer) = machine.call("POST", "/v1/ssf/verify", ask.clone()).await;
    assert_eq!(
        (status, answer["error"].as_str()),
        (429, Some("too_many_requests"))
    );
    let all = machine.take(&id).await;
    assert_eq!(super::kinds(&all), [VERIFICATION]);
    assert_eq!(super::event(&all[0]), &json!({ "state": ask["state"] }));
    assert_eq!(all[0]["sub_id"], json!({ "format": "opaque", "id": id }));
    app.clock.advance(std::time::Duration::from_secs(30));
    let bare = json!({ "stream_id": id });
    assert_eq!(machine.call("POST", "/v1/ssf/verify", bare).await.0, 204);
    assert_eq!(super::event(&machine.take(&id).await[0]), &json!({}));
    app.clock.advance(std::time::Duration::from_secs(30));
    for state in [
        json!(1),
        json!("a".repeat(4_097)),
        json!(app.never_issued().reveal()),
    ] {
        let wrong = json!({ "stream_id": id, "state": state });
        assert_eq!(machine.call("POST", "/v1/ssf/verify", wrong).await.0, 400);
    }
}

#[tokio::test]
async fn requests_are_limited_by_receiver() {
    let settings = "[limits]\nstream_requests = '2 in 1m'";
    let app = TestApp::builder().settings(settings).start().await;
    let machine = Machine::of_operators(&app).await;
    for status in [200, 200, 429] {
        assert_eq!(machine.call("GET", STREAMS, Value::Null).await.0, status);
    }
    let other = Machine::of_operators(&app).await;
    assert_eq!(other.call("GET", STREAMS, Value::Null).await.0, 200);
}
