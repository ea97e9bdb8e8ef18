//! Machines hear of leaks and revocations, whatever becomes of their endpoints.

mod addresses;
mod disabled;
mod organizations;
mod pauses;
mod places;
mod queue;

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::retention::{self, Ended};
use tokenward::domain::tokens::{self, TokenReference};
use tokenward::domain::webhooks::{self, Reach, WithSecret};
use tokenward::domain::{exposures, leaked_uses, quarantines};
use tokenward::jobs::Round;
use tokenward::model::webhook::WebhookSecret;
use tokenward::model::{
    EventTypes, Id, Organization, PlainToken, QuarantineEnd, RevocationReason, Timestamp, TokenKind,
};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{AtOnce, TestApp, report_at};

/// Operators reach every endpoint.
const ALL: Reach = Reach::Everything;
const PRIVATE: &str = "[webhooks]\nprivate_endpoints = true";
const DAY: Duration = Duration::from_secs(86_400);

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
    let mock = Mock::given(method("POST")).and(path("/in"));
    mock.respond_with(answer).mount(server).await;
}

fn ok() -> ResponseTemplate {
    ResponseTemplate::new(204)
}

async fn endpoint(
    app: &TestApp,
    server: &MockServer,
    organization: Option<Id<Organization>>,
) -> WithSecret {
    let url = format!("{}/in", server.uri());
    let events = EventTypes::all();
    let made = webhooks::create(&app.ctx, ALL, organization, &url, events).await;
    made.unwrap()
}

async fn heard(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn kinds(requests: &[Request]) -> Vec<String> {
    let mut kinds: Vec<_> = requests
        .iter()
        .map(|one| body(one)["type"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds
}

/// Whether the request is signed with this secret, as any of its signatures.
fn is_signed(request: &Request, secret: &WebhookSecret) -> bool {
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    let seconds: i64 = header("webhook-timestamp").parse().unwrap();
    let at = Timestamp::from_millis(seconds * 1_000);
    let text = String::from_utf8(request.body.clone()).unwrap();
    let expected = secret.sign(&header("webhook-id"), at, &text);
    header("webhook-signature")
        .split(' ')
        .any(|one| one == expected)
}

async fn waiting(app: &TestApp) -> i64 {
    app.number(
        "SELECT count(*) FROM webhook_messages WHERE delivered_at IS NULL AND dead_at IS NULL",
    )
    .await
}

#[tokio::test]
async fn a_leak_is_told_signed_and_without_the_token() {
    let app = start().await;
    let server = receiver(ok()).await;
    let made = endpoint(&app, &server, None).await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let leak = report_at(token.token.reveal(), "https://x.example/a");
    assert_eq!(
        app.github()
            .report(std::slice::from_ref(&leak))
            .await
            .status,
        200
    );
    assert_eq!(
        app.github()
            .report(std::slice::from_ref(&leak))
            .await
            .status,
        200
    );
    assert_eq!(app.deliver_webhooks().await, Round::Done);

    let requests = heard(&server).await;
    assert_eq!(kinds(&requests), ["exposure.created", "token.revoked"]);
    for request in &requests {
        assert!(is_signed(request, &made.secret));
        assert!(!is_signed(request, &WebhookSecret::fresh()));
        let text = String::from_utf8(request.body.clone()).unwrap();
        assert!(!text.contains(token.token.reveal()), "{text}");
        let told = body(request);
        assert_eq!(told["data"]["token"]["id"], token.id.to_string());
        assert_eq!(told["data"]["token"]["kind"], "personal_access_token");
        assert_eq!(told["data"]["token"]["revoked_reason"], "exposed");
        assert!(told["timestamp"].is_string());
        if told["type"] == "exposure.created" {
            assert_eq!(told["data"]["exposure"]["url"], Value::Null);
            assert_eq!(told["data"]["exposure"]["origin"], "github");
        }
    }
    assert_eq!(waiting(&app).await, 0);
    let tries = webhooks::deliveries(&app.ctx, ALL, made.endpoint.id, 10).await;
    let tries = tries.unwrap();
    assert_eq!(tries.len(), 2);
    assert!(tries.iter().all(|one| one.attempt.status == Some(204)));
}

/// A new origin's first days concern nobody, machines included.
#[tokio::test]
async fn what_is_only_observed_is_told_when_something_is_done_about_it() {
    let settings = format!("{PRIVATE}\n[policy]\nrules = ['github * observe']");
    let app = TestApp::builder().settings(&settings).start().await;
    let server = receiver(ok()).await;
    endpoint(&app, &server, None).await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "mine").await;
    let (text, url) = (token.token.reveal(), "https://x.example/a");
    app.github().report(&[report_at(text, url)]).await;
    assert_eq!(waiting(&app).await, 0);

    let key = app.service_key("tokens:revoke").await.token;
    let request = app.http.post(format!("{}/v1/revocations", app.url));
    let items = json!({ "items": [{ "token": text, "url": url }] });
    let answer = request.bearer_auth(key.reveal()).json(&items).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    assert_eq!(kinds(&requests), ["exposure.created", "token.revoked"]);
    let told = requests.iter().map(body);
    let seen: Vec<_> = told
        .filter(|told| told["type"] == "exposure.created")
        .collect();
    assert_eq!(seen[0]["data"]["exposure"]["decision"], "revoke");
    assert_eq!(seen[0]["data"]["exposure"]["origin"], "github");
    let redecided = "SELECT detail FROM audit_log WHERE event = 'exposure.redecided'";
    let detail = r#"{"decided_by":"default","decision":"revoke"}"#;
    assert_eq!(app.rows(redecided).await, [[detail]]);
}

#[tokio::test]
async fn what_is_only_observed_is_told_when_the_token_dies_for_another_place() {
    let settings = format!("{PRIVATE}\n[policy]\nrules = ['github * observe']");
    let app = TestApp::builder().settings(&settings).start().await;
    let server = receiver(ok()).await;
    endpoint(&app, &server, None).await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "mine").await;
    let text = token.token.reveal();
    app.github()
        .report(&[report_at(text, "https://x.example/a")])
        .await;
    let key = app.service_key("tokens:revoke").await.token;
    for times in 0..2 {
        let request = app.http.post(format!("{}/v1/revocations", app.url));
        let items = json!({ "items": [{ "token": text, "url": "https://x.example/b" }] });
        let answer = request.bearer_auth(key.reveal()).json(&items).send().await;
        assert_eq!(answer.unwrap().status(), 200, "{times}");
    }
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    let created = requests
        .iter()
        .map(body)
        .filter(|told| told["type"] == "exposure.created");
    let mut seen: Vec<_> = created
        .map(|told| {
            let exposure = &told["data"]["exposure"];
            assert_eq!(exposure["decision"], "revoke");
            exposure["origin"].as_str().unwrap().to_owned()
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, ["github", "internal"]);
    let open = "SELECT count(*) FROM exposures WHERE decision = 'observe' OR revoked_at IS NULL";
    assert_eq!(app.number(open).await, 0);
}

#[tokio::test]
async fn the_first_attempt_after_a_leak_is_told() {
    let app = start().await;
    let server = receiver(ok()).await;
    let made = endpoint(&app, &server, None).await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "mine").await;
    for number in 0..22 {
        app.clock.advance(Duration::from_secs(1));
        let place = format!("https://x.example/{number}");
        app.github()
            .report(&[report_at(token.token.reveal(), &place)])
            .await;
    }
    let observed = "UPDATE exposures SET decision = 'observe' WHERE url LIKE '%/21'";
    app.database.execute(observed).await;
    app.deliver_webhooks().await;
    server.reset().await;
    answers(&server, ok()).await;
    for _ in 0..2 {
        let request = app.http.get(format!("{}/v1/tokens/self", app.url));
        let answer = request.bearer_auth(token.token.reveal()).send().await;
        assert_eq!(answer.unwrap().status(), 401);
        leaked_uses::flush(&app.ctx).await.unwrap();
    }
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    assert_eq!(kinds(&requests), ["exposure.attempted"]);
    assert!(is_signed(&requests[0], &made.secret));
    let data = &body(&requests[0])["data"];
    assert_eq!(data["token"]["id"], token.id.to_string());
    let attempt = json!({
        "via": "api",
        "address": "127.0.0.1",
        "first_at": app.clock.now().to_string(),
    });
    assert_eq!(data["attempt"], attempt);
    // By which it is found, and never where that is; what is only observed is told nobody.
    let latest = "SELECT url FROM exposures WHERE decision <> 'observe' ORDER BY id DESC LIMIT 20";
    let latest = app.rows(latest).await;
    let mut named = Vec::new();
    for id in data["exposures"].as_array().unwrap() {
        let id = id.as_str().unwrap().parse().unwrap();
        let seen = exposures::find(&app.ctx, id).await.unwrap().unwrap();
        named.push(vec![seen.exposure.url.unwrap()]);
    }
    assert_eq!(named, latest);
    assert!(!data.to_string().contains("x.example"), "{data}");
}

#[tokio::test]
async fn a_customers_token_is_told_with_the_customer() {
    let app = start().await;
    let server = receiver(ok()).await;
    endpoint(&app, &server, None).await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::CustomerSessionToken, &cast).await;
    app.github()
        .report(&[report_at(token.token.reveal(), "https://x.example/a")])
        .await;
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    assert_eq!(kinds(&requests), ["exposure.created", "token.revoked"]);
    for told in requests.iter().map(body) {
        assert_eq!(told["data"]["token"]["customer"], "customer-17");
        assert_eq!(told["data"]["exposures"], Value::Null);
    }
}

/// What waits for an operator is dead meanwhile, with its whole family.
#[tokio::test]
async fn what_goes_into_quarantine_is_told_as_dead_and_a_release_is_not_told() {
    let settings = format!("{PRIVATE}\n[policy]\ndefault = 'quarantine'");
    let app = TestApp::builder().settings(&settings).start().await;
    let server = receiver(ok()).await;
    endpoint(&app, &server, None).await;
    let cast = app.cast("ada").await;
    let family = app.family(&cast.user).await;
    let leak = report_at(family.refresh.token.reveal(), "https://x.example/a");
    assert_eq!(app.github().report(&[leak]).await.status, 200);
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    let mut expected = vec!["exposure.created"];
    expected.extend(["token.revoked"; 5]);
    assert_eq!(kinds(&requests), expected);
    let reasons = requests.iter().map(body);
    let reasons: Vec<_> = reasons
        .filter(|told| told["type"] == "token.revoked")
        .map(|told| told["data"]["token"]["revoked_reason"].clone())
        .collect();
    assert_eq!(
        reasons.iter().filter(|one| **one == "quarantined").count(),
        1
    );

    let open = quarantines::find(&app.ctx, family.refresh.id)
        .await
        .unwrap();
    let released = quarantines::settle(&app.ctx, open.id, QuarantineEnd::Release).await;
    assert_eq!(released.unwrap().tokens.len(), 5);
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), expected.len());
}

#[tokio::test]
async fn an_organization_hears_of_its_own_tokens_only() {
    let app = start().await;
    let server = receiver(ok()).await;
    let cast = app.cast("ada").await;
    let other = app.organization("other", &cast.user).await;
    endpoint(&app, &server, Some(other.id)).await;
    let mine = app
        .organization_token(other.id, Some(&cast.user), "theirs")
        .await;
    let personal = app.personal_token(&cast.user, "mine").await;
    for id in [mine.id, personal.id] {
        let reference = TokenReference::Id(id);
        let gone = tokens::revoke(&app.ctx, &reference, RevocationReason::Operator);
        gone.await.unwrap();
    }
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    assert_eq!(requests.len(), 1);
    assert_eq!(
        body(&requests[0])["data"]["token"]["id"],
        mine.id.to_string()
    );
}

#[tokio::test]
async fn what_was_not_committed_or_is_heard_by_nobody_is_told_nobody() {
    let app = start().await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "mine").await;
    app.github()
        .report(&[report_at(token.token.reveal(), "https://x.example/a")])
        .await;
    assert_eq!(app.number("SELECT count(*) FROM webhook_messages").await, 0);
    let server = receiver(ok()).await;
    let url = format!("{}/in", server.uri());
    let events = "exposure.attempted".parse().unwrap();
    let made = webhooks::create(&app.ctx, ALL, None, &url, events)
        .await
        .unwrap();
    let second = app.personal_token(&cast.user, "another").await;
    let report = report_at(second.token.reveal(), "https://x.example/b");
    app.github().report(&[report]).await;
    assert_eq!(app.number("SELECT count(*) FROM webhook_messages").await, 0);
    webhooks::set_enabled(&app.ctx, ALL, made.endpoint.id, false)
        .await
        .unwrap();
    assert!(
        webhooks::test(&app.ctx, ALL, made.endpoint.id)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_failing_endpoint_is_tried_again_and_holds_up_nobody() {
    let app = start().await;
    let broken = receiver(ResponseTemplate::new(500)).await;
    let well = receiver(ok()).await;
    let bad = endpoint(&app, &broken, None).await.endpoint.id;
    let good = endpoint(&app, &well, None).await.endpoint.id;
    for _ in 0..50 {
        webhooks::test(&app.ctx, ALL, bad).await.unwrap();
    }
    webhooks::test(&app.ctx, ALL, good).await.unwrap();
    assert_eq!(app.deliver_webhooks().await, Round::Done);
    assert_eq!(heard(&well).await.len(), 1);
    // After one failure the endpoint is left alone.
    assert_eq!(heard(&broken).await.len(), 1);
    let first = heard(&broken).await[0].headers["webhook-id"].clone();
    answers(&broken, ok()).await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.deliver_webhooks().await, Round::Done);
    let again = heard(&broken).await;
    assert_eq!(again.len(), 50);
    assert!(again.iter().any(|one| one.headers["webhook-id"] == first));
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_its_owners_are_told() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(410)).await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let id = endpoint(&app, &server, Some(acme.id)).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let disabled = webhooks::find(&app.ctx, ALL, id).await.unwrap();
    assert_eq!(disabled.disabled_why.as_deref(), Some("gone"));
    app.clock.advance(DAY);
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), 1);
    let mail = app.read_mail().await;
    assert_eq!(mail.len(), 1);
    // Repaired and enabled again, it is sent what waits.
    answers(&server, ok()).await;
    webhooks::set_enabled(&app.ctx, ALL, id, true)
        .await
        .unwrap();
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), 1);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn an_endpoint_that_fails_for_days_is_disabled_and_its_messages_die() {
    let app = start().await;
    let server = receiver(ResponseTemplate::new(302)).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    for _ in 0..10 {
        app.deliver_webhooks().await;
        app.clock.advance(Duration::from_secs(8 * 3_600));
    }
    let dead = "SELECT count(*) FROM webhook_messages WHERE dead_at IS NOT NULL";
    assert_eq!(app.number(dead).await, 1);
    assert!(
        webhooks::find(&app.ctx, ALL, id)
            .await
            .unwrap()
            .disabled_at
            .is_none()
    );
    app.clock.advance(DAY * 3);
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let disabled = webhooks::find(&app.ctx, ALL, id).await.unwrap();
    assert_eq!(disabled.disabled_why.as_deref(), Some("failing"));
    assert_eq!(app.read_mail().await.len(), 1);
    let text = app.get("/metrics").await.text().await.unwrap();
    assert!(
        text.contains("tokenward_webhook_endpoints_disabled 1"),
        "{text}"
    );
    assert!(
        text.contains("tokenward_webhook_messages{state=\"dead\"} 1"),
        "{text}"
    );
}

#[tokio::test]
async fn two_secrets_sign_while_they_are_exchanged() {
    let app = start().await;
    let server = receiver(ok()).await;
    let old = endpoint(&app, &server, None).await;
    let id = old.endpoint.id;
    let new = webhooks::rotate_secret(&app.ctx, ALL, id).await.unwrap();
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    app.clock.advance(DAY);
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    let signed = |secret| -> Vec<bool> { requests.iter().map(|r| is_signed(r, secret)).collect() };
    assert_eq!(signed(&new.secret), [true, true]);
    assert_eq!(signed(&old.secret), [true, false]);
}

/// An answer that got lost, and the request that comes again, take nothing from what is in use.
#[tokio::test]
async fn a_second_rotation_takes_nothing_from_the_secret_in_use() {
    let app = start().await;
    let server = receiver(ok()).await;
    let old = endpoint(&app, &server, None).await;
    let id = old.endpoint.id;
    let hour = Duration::from_secs(3_600);
    let lost = webhooks::rotate_secret(&app.ctx, ALL, id).await.unwrap();
    app.clock.advance(hour);
    let new = webhooks::rotate_secret(&app.ctx, ALL, id).await.unwrap();
    for pause in [hour * 22, hour, hour] {
        app.clock.advance(pause);
        webhooks::test(&app.ctx, ALL, id).await.unwrap();
        app.deliver_webhooks().await;
    }
    let requests = heard(&server).await;
    let signed = |secret| -> Vec<bool> { requests.iter().map(|r| is_signed(r, secret)).collect() };
    assert_eq!(signed(&new.secret), [true, true, true]);
    assert_eq!(signed(&lost.secret), [true, true, false]);
    assert_eq!(signed(&old.secret), [true, false, false]);

    let kept = "SELECT count(*) FROM former_webhook_secrets";
    assert_eq!(app.number(kept).await, 2);
    retention::prune(&app.ctx, Ended::Webhooks, &AtOnce)
        .await
        .unwrap();
    assert_eq!(app.number(kept).await, 0);
}

#[tokio::test]
async fn at_most_four_former_secrets_sign_and_none_of_an_endpoint_that_is_gone() {
    let app = start().await;
    let server = receiver(ok()).await;
    let first = endpoint(&app, &server, None).await;
    let id = first.endpoint.id;
    let mut all = vec![first.secret];
    for _ in 0..5 {
        app.clock.advance(Duration::from_secs(1));
        all.push(
            webhooks::rotate_secret(&app.ctx, ALL, id)
                .await
                .unwrap()
                .secret,
        );
    }
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let told = heard(&server).await;
    let signed: Vec<_> = all
        .iter()
        .map(|secret| is_signed(&told[0], secret))
        .collect();
    assert_eq!(signed, [false, true, true, true, true, true]);
    webhooks::delete(&app.ctx, ALL, id).await.unwrap();
    let kept = "SELECT count(*) FROM former_webhook_secrets";
    assert_eq!(app.number(kept).await, 0);
}

#[tokio::test]
async fn of_rotations_at_once_each_secret_signs() {
    let app = start().await;
    let server = receiver(ok()).await;
    let first = endpoint(&app, &server, None).await;
    let id = first.endpoint.id;
    let rotate = || webhooks::rotate_secret(&app.ctx, ALL, id);
    let (one, two, three) = tokio::join!(rotate(), rotate(), rotate());
    let made = [one, two, three].map(|made| made.unwrap().secret);
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let told = heard(&server).await;
    for secret in made.iter().chain([&first.secret]) {
        assert!(is_signed(&told[0], secret));
    }
}

#[tokio::test]
async fn messages_are_sent_again_under_their_ids() {
    let app = start().await;
    let server = receiver(ok()).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    let first = webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.clock.advance(DAY);
    let since = app.clock.now();
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), 2);
    let again = webhooks::replay_since(&app.ctx, ALL, id, since)
        .await
        .unwrap();
    assert_eq!(again, 1);
    webhooks::replay(&app.ctx, ALL, id, first).await.unwrap();
    app.deliver_webhooks().await;
    let requests = heard(&server).await;
    let ids = |range: std::ops::Range<usize>| {
        let mut ids: Vec<_> = requests[range]
            .iter()
            .map(|one| one.headers["webhook-id"].clone())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(0..2), ids(2..4));
    assert!(
        webhooks::replay(&app.ctx, ALL, id, Id::new(since))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn places_and_old_messages_go_when_their_time_is_over() {
    let app = start().await;
    let server = receiver(ok()).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "mine").await;
    let place = "https://x.example/secret-place";
    app.github()
        .report(&[report_at(token.token.reveal(), place)])
        .await;
    app.read_mail().await;
    let held = format!("SELECT count(*) FROM webhook_messages WHERE body LIKE '%{place}%'");
    let reported = async || retention::report(&app.ctx).await.unwrap()[0].messages;
    assert_eq!((app.number(&held).await, reported().await), (1, 1));
    app.clock.advance(DAY * 26);
    retention::scrub(&app.ctx, &AtOnce).await.unwrap();
    assert_eq!((app.number(&held).await, reported().await), (0, 0));
    // What is left can still be told.
    app.deliver_webhooks().await;
    assert_eq!(heard(&server).await.len(), 2);
    webhooks::delete(&app.ctx, ALL, id).await.unwrap();
    app.clock.advance(DAY * 31);
    for what in [Ended::Webhooks, Ended::WebhookAttempts] {
        retention::prune(&app.ctx, what, &AtOnce).await.unwrap();
    }
    for table in ["webhook_endpoints", "webhook_messages", "webhook_attempts"] {
        let rows = app.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn private_addresses_are_refused_unless_allowed() {
    let app = TestApp::start().await;
    for url in [
        "http://127.0.0.1:9/in",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "http://x.example/",
    ] {
        let made = webhooks::create(&app.ctx, ALL, None, url, EventTypes::all()).await;
        assert!(made.is_err(), "{url}");
    }
}

/// It would be shown to whoever manages endpoints.
#[tokio::test]
async fn an_address_that_holds_a_token_is_refused() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "mine").await;
    let url = format!("https://hooks.example/in?key={}", token.token.reveal());
    let made = webhooks::create(&app.ctx, ALL, None, &url, EventTypes::all()).await;
    let refused = made.unwrap_err().to_string();
    assert!(refused.contains("token of this service"), "{refused}");
    let key = app.service_key("webhooks:manage").await.token;
    let (status, answer) = call(&app, &key, ("POST", ""), json!({ "url": url })).await;
    assert_eq!(status, 422, "{answer}");
    assert!(!answer.to_string().contains(token.token.reveal()));
    assert_eq!(
        app.number("SELECT count(*) FROM webhook_endpoints").await,
        0
    );
}

#[tokio::test]
async fn secrets_are_encrypted_and_follow_the_hash_keys() {
    let app = start().await;
    let server = receiver(ok()).await;
    let made = endpoint(&app, &server, None).await;
    let keys = "SELECT DISTINCT hash_key FROM webhook_endpoints";
    let before = app.rows(keys).await;
    let database = app.stop().await;
    let rotated =
        "[tokens]\nhash_keys = [\"another secret altogether\", \"super secret jwt secret\"]\n";
    let settings = format!("{rotated}{PRIVATE}");
    let builder = TestApp::builder().database(database).settings(&settings);
    let app = builder.start().await;
    webhooks::seal_anew(&app.ctx).await.unwrap();
    assert_ne!(app.rows(keys).await, before);
    webhooks::test(&app.ctx, ALL, made.endpoint.id)
        .await
        .unwrap();
    app.deliver_webhooks().await;
    assert!(is_signed(&heard(&server).await[0], &made.secret));
}

async fn call(
    app: &TestApp,
    key: &PlainToken,
    (method, path): (&str, &str),
    body: Value,
) -> (u16, Value) {
    let method = method.parse().unwrap();
    let request = app
        .http
        .request(method, format!("{}/v1/webhooks{path}", app.url));
    let request = match body.is_null() {
        true => request,
        false => request.json(&body),
    };
    let answer = request.bearer_auth(key.reveal()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_service_manages_endpoints() {
    let app = start().await;
    let server = receiver(ok()).await;
    let key = app.service_key("webhooks:manage").await.token;
    let url = format!("{}/in", server.uri());
    let (status, made) = call(&app, &key, ("POST", ""), json!({ "url": url })).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/{}", made["id"].as_str().unwrap());
    let (_, shown) = call(&app, &key, ("GET", &path), Value::Null).await;
    assert_eq!(shown["url"], url);
    assert!(shown["secret"].is_null());
    let (_, list) = call(&app, &key, ("GET", ""), Value::Null).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let (_, other) = call(&app, &key, ("POST", &format!("{path}/secret")), Value::Null).await;
    assert_ne!(other["secret"], made["secret"]);
    let (status, tested) = call(&app, &key, ("POST", &format!("{path}/test")), Value::Null).await;
    assert_eq!(status, 202);
    app.deliver_webhooks().await;
    let (_, tries) = call(
        &app,
        &key,
        ("GET", &format!("{path}/deliveries")),
        Value::Null,
    )
    .await;
    assert_eq!(tries["items"][0]["message_id"], tested["message_id"]);
    assert_eq!(tries["items"][0]["status"], 204);
    let replay = format!("{path}/replay");
    let (_, again) = call(
        &app,
        &key,
        ("POST", &replay),
        json!({ "since": "2020-01-01T00:00:00Z" }),
    )
    .await;
    assert_eq!(again["replayed"], 1);
    let wrong = json!({ "since": "2020-01-01T00:00:00Z", "message_id": tested["message_id"] });
    assert_eq!(call(&app, &key, ("POST", &replay), wrong).await.0, 422);
    let (_, off) = call(&app, &key, ("PATCH", &path), json!({ "enabled": false })).await;
    assert_eq!(off["disabled_why"], "operator");
    assert_eq!(
        call(&app, &key, ("DELETE", &path), Value::Null).await.0,
        204
    );
    assert_eq!(call(&app, &key, ("GET", &path), Value::Null).await.0, 404);
}

#[tokio::test]
async fn what_is_wrong_with_an_endpoint_is_said() {
    let app = TestApp::start().await;
    let key = app.service_key("webhooks:manage").await.token;
    let nobody = Id::<Organization>::new(app.clock.now());
    let url = "https://hooks.example/in";
    for (body, status) in [
        (json!({}), 422),
        (json!({ "url": 1 }), 422),
        (json!({ "url": "http://hooks.example/" }), 422),
        (json!({ "url": url, "events": ["token.made"] }), 422),
        (json!({ "url": url, "events": [] }), 422),
        (json!({ "url": url, "organisation_id": nobody }), 422),
        (json!({ "url": url, "event": ["token.revoked"] }), 422),
        (json!({ "url": url, "organization_id": nobody }), 404),
    ] {
        let (found, answer) = call(&app, &key, ("POST", ""), body).await;
        assert_eq!(found, status, "{answer}");
    }
    for _ in 0..16 {
        assert_eq!(
            call(&app, &key, ("POST", ""), json!({ "url": url }))
                .await
                .0,
            201
        );
    }
    assert_eq!(
        call(&app, &key, ("POST", ""), json!({ "url": url }))
            .await
            .0,
        409
    );
    let other = app.service_key("tokens:revoke").await.token;
    assert_eq!(call(&app, &other, ("GET", ""), Value::Null).await.0, 403);
}
