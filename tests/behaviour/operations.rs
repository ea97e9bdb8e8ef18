//! What operators see, and what happens when things around the service break or it is stopped.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::model::TokenKind;
use tokenward::origins::GITHUB;

use crate::support::{Answer, Raw, TestApp, eventually, is_postgres, report};

async fn get(app: &TestApp, path: &str) -> Answer {
    Answer::read(app.get(path).await).await
}

/// The status of `/readyz` and what it says.
async fn readiness(app: &TestApp) -> (u16, Value) {
    let answer = get(app, "/readyz").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_service_that_has_everything_is_healthy_and_ready() {
    let app = TestApp::start().await;
    let healthy = get(&app, "/healthz").await;
    assert_eq!(
        (healthy.status, healthy.json()),
        (200, json!({ "status": "ok" }))
    );
    assert_eq!(healthy.headers["cache-control"], "no-store");
    let outbox = json!({ "status": "ok" });
    let expected = json!({
        "status": "ready", "database": "ok", "migrations": "ok", "outbox": outbox,
    });
    assert_eq!(readiness(&app).await, (200, expected));
    for path in ["/healthz", "/readyz"] {
        let head = app
            .http
            .head(format!("{}{path}", app.url))
            .send()
            .await
            .unwrap();
        assert_eq!(head.status(), 200, "{path}");
    }
}

/// Healthy, because a restart would not help; not ready, because nothing can be answered.
async fn assert_unready(app: &TestApp) {
    let (status, body) = readiness(app).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(body["status"], "unready");
    assert_eq!(body["database"], "out of reach");
    assert_eq!(get(app, "/healthz").await.status, 200);
    let metrics = get(app, "/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("tokenward_deliveries_total"));
}

#[tokio::test]
async fn a_service_without_its_database_is_healthy_and_not_ready() {
    let app = TestApp::start().await;
    app.ctx.db.close().await;
    assert_unready(&app).await;
}

#[tokio::test]
async fn a_service_whose_database_was_dropped_answers_that_it_cannot_answer() {
    let app = TestApp::start().await;
    if !is_postgres() {
        return;
    }
    app.keys_were_fetched().await;
    let token = app.never_issued();
    let key = app.service_key("tokens:introspect").await;
    app.database.drop_by_force().await;
    assert_unready(&app).await;
    let answer = app.github().report(&[report(&token)]).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.headers.contains_key("retry-after"));
    let response = app
        .introspection(&key.token, &[("token", token.reveal())])
        .await;
    let answer = Answer::read(response).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_database_that_lacks_a_migration_is_not_ready() {
    let app = TestApp::start().await;
    app.database
        .execute("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await;
    let (status, body) = readiness(&app).await;
    assert_eq!(
        (status, &body["migrations"]),
        (503, &json!("behind")),
        "{body}"
    );
}

#[tokio::test]
async fn a_replica_goes_on_serving_when_a_newer_one_has_migrated() {
    let app = TestApp::start().await;
    app.database
        .execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await;
    let (status, body) = readiness(&app).await;
    assert_eq!(
        (status, &body["migrations"]),
        (200, &json!("newer")),
        "{body}"
    );
}

#[tokio::test]
async fn letters_that_wait_too_long_are_told_and_take_nothing_out_of_service() {
    let late = "[health]\nmax_outbox_age = \"10m\"";
    let app = TestApp::builder().settings(late).start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    assert_eq!(
        app.github().report(&[report(&token.token)]).await.status,
        200
    );
    app.clock.advance(Duration::from_secs(600));
    let (status, body) = readiness(&app).await;
    assert_eq!((status, &body["status"]), (200, &json!("ready")), "{body}");
    app.clock.advance(Duration::from_secs(1));
    let (status, body) = readiness(&app).await;
    assert_eq!(
        (status, &body["status"]),
        (200, &json!("degraded")),
        "{body}"
    );
    assert_eq!(body["outbox"], json!({ "status": "late" }));

    app.read_mail().await;
    let (status, body) = readiness(&app).await;
    assert_eq!((status, &body["status"]), (200, &json!("ready")), "{body}");
}

fn assert_line(text: &str, line: &str) {
    assert!(
        text.lines().any(|found| found == line),
        "no {line} in\n{text}"
    );
}

/// What stands in `/metrics` after the deliveries of the next test.
const LINES: [&str; 15] = [
    r#"tokenward_deliveries_total{origin="github",outcome="handled"} 1"#,
    r#"tokenward_deliveries_total{origin="github",outcome="repeated"} 1"#,
    r#"tokenward_deliveries_total{origin="github",outcome="malformed"} 1"#,
    r#"tokenward_reports_total{origin="github",verdict="true_positive"} 4"#,
    r#"tokenward_reports_total{origin="github",verdict="false_positive"} 2"#,
    r#"tokenward_revocations_total{kind="personal_access_token",reason="exposed"} 1"#,
    r#"tokenward_revocations_total{kind="refresh_token",reason="exposed"} 1"#,
    r#"tokenward_revocations_total{kind="access_token",reason="relative_exposed"} 1"#,
    r#"tokenward_key_fetches_total{origin="github",outcome="ok"} 1"#,
    r#"tokenward_outbox_letters{state="waiting"} 2"#,
    r#"tokenward_outbox_letters{state="dead"} 0"#,
    r#"tokenward_introspections_total{answer="inactive"} 1"#,
    r#"tokenward_http_requests_total{route="/v1/integrations/github/secret-scanning",method="POST",status="2xx"} 2"#,
    r#"tokenward_http_requests_total{route="/v1/integrations/github/secret-scanning",method="POST",status="4xx"} 1"#,
    r#"tokenward_http_requests_total{route="none",method="GET",status="4xx"} 2"#,
];

#[tokio::test]
async fn metrics_tell_what_happened_and_never_to_whom() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    let cast = app.cast("ada").await;
    let personal = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let refresh = app.token_of(TokenKind::RefreshToken, &cast).await;
    let access = app.token_of(TokenKind::AccessToken, &cast).await;
    let never_issued = app.never_issued();
    let secrets = [&personal.token, &refresh.token, &never_issued];
    for _ in 0..2 {
        let answer = app.github().report(&secrets.map(report)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert!(!app.is_active(&access.token).await);
    let path = format!("/{}", never_issued.reveal());
    for path in [&path, "/secret/path?with=query"] {
        assert_eq!(get(&app, path).await.status, 404);
    }
    assert_eq!(app.github().post_with([], Vec::new()).await.status, 400);

    let answer = get(&app, "/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for line in LINES {
        assert_line(&answer.text, line);
    }
    for secret in secrets {
        assert!(!answer.text.contains(secret.reveal()));
    }
    for private in ["/secret/path", "with=query", "example.com", "ada", "acme"] {
        assert!(!answer.text.contains(private), "{private}");
    }
    assert!(answer.text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn letters_that_left_are_counted_and_wait_no_more() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    assert_eq!(
        app.github().report(&[report(&token.token)]).await.status,
        200
    );
    app.clock.advance(Duration::from_secs(7));
    assert_line(
        &get(&app, "/metrics").await.text,
        "tokenward_outbox_oldest_seconds 7.0",
    );
    assert_eq!(app.read_mail().await.len(), 1);
    let text = get(&app, "/metrics").await.text;
    assert_line(&text, r#"tokenward_letters_total{outcome="sent"} 1"#);
    assert_line(&text, r#"tokenward_outbox_letters{state="waiting"} 0"#);
    assert_line(&text, "tokenward_outbox_oldest_seconds 0.0");
}

#[tokio::test]
async fn a_delivery_during_an_outage_of_the_database_is_asked_for_again_and_nothing_is_lost() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let outage = app.database.take_away().await;
    let answer = app.github().report(&[report(&token.token)]).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"], "unavailable");
    let wait: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let unavailable = r#"tokenward_deliveries_total{origin="github",outcome="unavailable"}"#;
    assert_eq!(app.metric(unavailable), 1.0);

    outage.end().await;
    assert!(
        app.is_active(&token.token).await,
        "what was not promised was not done"
    );
    let answer = app.github().report(&[report(&token.token)]).await;
    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!app.is_active(&token.token).await);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn a_database_that_hangs_is_not_waited_for_without_end() {
    if !is_postgres() {
        return;
    }
    let patience = "[server]\nrequest_timeout = \"1s\"";
    let app = TestApp::builder().settings(patience).start().await;
    app.keys_were_fetched().await;
    let key = app.service_key("tokens:introspect").await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let hang = app.database.hang().await;
    // Long before the engine itself gives up on a statement.
    tokio::time::timeout(Duration::from_secs(15), async {
        let answer = app.github().report(&[report(&token.token)]).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(answer.json()["error"], "unavailable");
        assert!(answer.headers.contains_key("retry-after"));
        let question = [("token", token.token.reveal())];
        let answer = Answer::read(app.introspection(&key.token, &question).await).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        assert!(answer.headers.contains_key("retry-after"));
    })
    .await
    .expect("both are answered in time");

    drop(hang);
    let answer = app.github().report(&[report(&token.token)]).await;
    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!app.is_active(&token.token).await);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for_without_end() {
    let patience = "[server]\nrequest_timeout = \"1s\"";
    let app = TestApp::builder().settings(patience).start().await;
    app.keys_were_fetched().await;
    let [(id, key), (name, signature)] = app.origin().signer.headers(&GITHUB, b"[]");
    let mut connection = Raw::open(&app).await;
    let head = format!(
        "POST /v1/integrations/github/secret-scanning HTTP/1.1\r\nHost: service\r\n\
         {id}: {key}\r\n{name}: {signature}\r\nContent-Length: 2\r\n\r\n["
    );
    connection.write(head.as_bytes()).await;
    let answer = connection.answer().await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (408, &json!("request_timeout"))
    );
}

/// Whether nobody can connect any more.
async fn is_closed(url: &str) -> bool {
    let address = url.trim_start_matches("http://");
    tokio::net::TcpStream::connect(address).await.is_err()
}

#[tokio::test]
async fn a_request_in_flight_is_answered_when_the_service_stops() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let body = json!([report(&token.token)]).to_string();
    let [(id, key), (name, signature)] = app.origin().signer.headers(&GITHUB, body.as_bytes());
    let mut connection = Raw::open(&app).await;
    let head = format!(
        "POST /v1/integrations/github/secret-scanning HTTP/1.1\r\nHost: service\r\n\
         {id}: {key}\r\n{name}: {signature}\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    connection.write(head.as_bytes()).await;
    // From here on the request is in the service's hands.
    assert_eq!(connection.answer().await.status, 100);
    let (first, second) = body.as_bytes().split_at(body.len() / 2);
    connection.write(first).await;

    let url = app.url.clone();
    let stopped = tokio::spawn(app.stop());
    eventually("new connections are refused", async || {
        is_closed(&url).await
    })
    .await;
    assert!(!stopped.is_finished());
    connection.write(second).await;
    let answer = connection.answer().await;
    assert_eq!(answer.labels(), ["true_positive"]);

    let database = stopped.await.unwrap();
    let rows = database
        .rows("SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL")
        .await;
    assert_eq!(rows, [["1"]]);
    let rows = database.rows("SELECT count(*) FROM outbox").await;
    assert_eq!(rows, [["1"]]);
}

#[tokio::test]
async fn a_service_with_its_jobs_stops_when_told() {
    let app = TestApp::builder().with_jobs().start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    assert_eq!(
        app.github().report(&[report(&token.token)]).await.status,
        200
    );
    let sent = r#"tokenward_letters_total{outcome="sent"}"#;
    eventually("the letter leaves", async || app.metric(sent) >= 1.0).await;
    let url = app.url.clone();
    let database = app.stop().await;
    assert!(is_closed(&url).await);
    let waiting = database
        .rows("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        .await;
    assert_eq!(waiting, [["0"]]);
}
