//! Service keys that work from some networks only.

use reqwest::header::HeaderValue;
use tokenward::domain::leaked_uses;
use tokenward::domain::tokens::{Issued, NewTokenRequest};
use tokenward::model::{Networks, TokenKind};

use crate::support::{Answer, TestApp, report, token_name};

const PROXY: &str = "[server]\ntrusted_proxies = ['127.0.0.1']\n";
const SCOPES: &str = "tokens:introspect tokens:revoke";

async fn app() -> TestApp {
    TestApp::builder().settings(PROXY).start().await
}

async fn key_for(app: &TestApp, networks: &[&str]) -> Issued {
    app.token(NewTokenRequest {
        name: Some(token_name("gateway")),
        scopes: SCOPES.parse().unwrap(),
        networks: Networks::parse(networks.iter().copied()).unwrap(),
        ..NewTokenRequest::new(TokenKind::ServiceKey)
    })
    .await
}

/// One request of each family of addresses, from somewhere.
async fn use_it(app: &TestApp, key: &str, from: &str) -> [Answer; 2] {
    let post = |path: &str, content: &str, body: &str| {
        let request = app.http.post(format!("{}{path}", app.url));
        let request = request.header("x-forwarded-for", from);
        let request = request.header("content-type", content);
        request.bearer_auth(key).body(body.to_owned()).send()
    };
    let form = "application/x-www-form-urlencoded";
    let asked = post("/v1/oauth2/introspect", form, "token=x").await;
    let items = "{\"items\": [{\"token\": \"x\"}]}";
    let revoked = post("/v1/revocations", "application/json", items).await;
    [
        Answer::read(asked.unwrap()).await,
        Answer::read(revoked.unwrap()).await,
    ]
}

/// Differs between any two requests; whether a connection ends follows from how much of the body
/// had arrived.
const VARYING: [&str; 4] = ["date", "x-request-id", "ratelimit", "connection"];

/// What a stranger sees, without what differs between any two answers.
fn seen(answer: &Answer) -> (u16, Vec<String>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !VARYING.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    let text = answer.text.split("\"request_id\"").next().unwrap();
    (answer.status, headers, text.to_owned())
}

#[tokio::test]
async fn a_key_works_from_its_networks_and_looks_wrong_from_elsewhere() {
    let app = app().await;
    let key = key_for(&app, &["10.0.0.0/8", "2001:db8::/32"]).await;
    let text = key.token.reveal();
    for from in ["10.1.2.3", "2001:db8::7", "::ffff:10.1.2.3"] {
        let statuses = use_it(&app, text, from).await.map(|answer| answer.status);
        assert_eq!(statuses, [200, 200], "{from}");
    }
    let never_issued = app.never_issued();
    let wrong = use_it(&app, never_issued.reveal(), "203.0.113.7").await;
    for from in ["11.0.0.1", "203.0.113.7", "2001:db9::1"] {
        let refused = use_it(&app, text, from).await;
        assert_eq!(
            refused.each_ref().map(seen),
            wrong.each_ref().map(seen),
            "{from}"
        );
    }
    assert_eq!(app.metric("tokenward_foreign_network_uses_total"), 6.0);
}

#[tokio::test]
async fn from_elsewhere_nobody_learns_what_a_key_may_do() {
    let app = app().await;
    let key = key_for(&app, &["10.0.0.0/8"]).await;
    let asked = app.http.get(format!("{}/v1/exposures", app.url));
    let asked = asked.bearer_auth(key.token.reveal());
    let inside = asked
        .try_clone()
        .unwrap()
        .header("x-forwarded-for", "10.0.0.1");
    assert_eq!(inside.send().await.unwrap().status(), 403);
    let outside = asked.header("x-forwarded-for", "11.0.0.1");
    assert_eq!(outside.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn networks_that_nobody_can_read_let_nobody_in() {
    let app = app().await;
    let key = key_for(&app, &["10.0.0.0/8"]).await;
    for stored in ["", "everywhere"] {
        let change = format!("UPDATE tokens SET networks = '{stored}'");
        app.database.execute(&change).await;
        let statuses = use_it(&app, key.token.reveal(), "10.0.0.1").await;
        assert_eq!(
            statuses.map(|answer| answer.status),
            [401, 401],
            "{stored:?}"
        );
    }
}

#[tokio::test]
async fn only_service_keys_are_limited() {
    let app = app().await;
    let ada = app.user("ada@example.com").await;
    let personal = NewTokenRequest {
        user: Some(ada.id),
        networks: Networks::parse(["10.0.0.0/8"]).unwrap(),
        ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
    };
    let made = tokenward::domain::tokens::create(&app.ctx, personal).await;
    assert!(made.is_err());
}

#[tokio::test]
async fn a_leaked_key_that_asks_is_noted_with_its_address() {
    let app = app().await;
    let key = key_for(&app, &[]).await;
    app.github().report(&[report(&key.token)]).await;
    let refused = use_it(&app, key.token.reveal(), "203.0.113.7").await;
    assert_eq!(refused.map(|answer| answer.status), [401, 401]);
    leaked_uses::flush(&app.ctx).await.unwrap();
    let noted = app
        .rows("SELECT via, address, times FROM leaked_uses")
        .await;
    assert_eq!(noted, [["service", "203.0.113.7", "2"]]);
}

/// A proxy that named nobody is not whom the key is for, however close it is.
#[tokio::test]
async fn a_key_works_for_nobody_whose_address_cannot_be_read() {
    let settings =
        "[server]\ntrusted_proxies = ['127.0.0.1']\n[limits]\nwrong_service_keys = '2 in 1h'";
    let app = TestApp::builder().settings(settings).start().await;
    let key = key_for(&app, &["127.0.0.0/8", "10.0.0.0/8"]).await;
    let ask = async |from: &[u8]| {
        let request = app.http.get(format!("{}/v1/exposures", app.url));
        let request = request.header("x-forwarded-for", HeaderValue::from_bytes(from).unwrap());
        let answer = request
            .bearer_auth(key.token.reveal())
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    };
    // Let in, and not for this.
    for from in ["10.1.2.3", "10.1.2.3:4711", "\"x\", 10.1.2.3"] {
        assert_eq!(ask(from.as_bytes()).await, 403, "{from}");
    }
    for from in [&b"\xff"[..], b"10.1.2.3, \xff"] {
        assert_eq!(ask(from).await, 401, "{from:?}");
    }
    // Nobody is limited by nobody: all of that proxy share one allowance.
    assert_eq!(ask(b"unknown").await, 429);
}
