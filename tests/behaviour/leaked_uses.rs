//! What comes after a leak: somebody tries the dead token.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::retention::{self, Ended};
use tokenward::domain::tokens::{TokenReference, revoke};
use tokenward::domain::{leaked_uses, quarantines};
use tokenward::model::{PlainToken, QuarantineEnd, RevocationReason, TokenKind};

use crate::support::{Answer, AtOnce, TestApp, report, report_at};

const DAY: Duration = Duration::from_secs(86_400);

const FORM: &str = "application/x-www-form-urlencoded";

/// Asks about a token, as a service that says where it was presented.
async fn ask(app: &TestApp, key: &PlainToken, token: &PlainToken, from: &str) {
    let form = format!("token={}&ip_address={from}", token.reveal());
    let request = app
        .http
        .post(format!("{}/v1/oauth2/introspect", app.url))
        .header("content-type", FORM)
        .body(form);
    let answer = request.bearer_auth(key.reveal()).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"{"active":false}"#);
}

/// A refresh token was exchanged for the next one.
async fn redeem(app: &TestApp, refresh: &PlainToken) {
    let spent = format!(
        "UPDATE tokens SET redeemed_at = created_at, revoked_at = created_at,
             revoked_reason = 'redeemed'
         WHERE kind = 'refresh_token' AND hint = '{}'",
        refresh.hint()
    );
    app.database.execute(&spent).await;
    let dead = "SELECT count(*) FROM tokens WHERE revoked_reason = 'redeemed'";
    assert_eq!(app.number(dead).await, 1);
}

/// What the record of the only exposure says about attempts.
async fn attempts(app: &TestApp) -> Vec<Value> {
    details(app).await["attempts"].as_array().unwrap().clone()
}

/// The record of the only exposure.
async fn details(app: &TestApp) -> Value {
    let key = app.service_key("exposures:read").await.token;
    let get = async |path: String| {
        let request = app.http.get(format!("{}{path}", app.url));
        let answer = request.bearer_auth(key.reveal()).send().await.unwrap();
        Answer::read(answer).await.json()
    };
    let page = get("/v1/exposures".to_owned()).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let id = page["items"][0]["id"].as_str().unwrap();
    get(format!("/v1/exposures/{id}")).await
}

#[tokio::test]
async fn attempts_are_counted_and_the_owner_is_told_of_the_first() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let token = app.personal_token(&ada, "deploy").await.token;
    app.github().report(&[report(&token)]).await;
    assert_eq!(app.read_mail().await.len(), 1);

    app.clock.advance(Duration::from_secs(60));
    ask(&app, &key, &token, "203.0.113.7").await;
    leaked_uses::flush(&app.ctx).await.unwrap();
    app.clock.advance(Duration::from_secs(60));
    for from in ["203.0.113.7", "198.51.100.1", ""] {
        ask(&app, &key, &token, from).await;
    }
    leaked_uses::flush(&app.ctx).await.unwrap();

    let mail = app.read_mail().await;
    assert_eq!(mail.len(), 2, "one letter for the first of four");
    let letter = &mail[1];
    assert_eq!(letter.to, "ada@example.com");
    let subject = "Somebody tried your revoked personal access token “deploy”";
    assert!(letter.text.contains(subject), "{}", letter.text);
    assert!(letter.text.contains("203.0.113.7"), "{}", letter.text);
    let told = |one: &Value| {
        (
            one["address"].clone(),
            one["times"].clone(),
            one["via"].clone(),
        )
    };
    let mut all: Vec<_> = attempts(&app).await.iter().map(told).collect();
    all.sort_by_key(|(address, ..)| address.to_string());
    let via = json!("introspection");
    assert_eq!(
        all,
        [
            (json!("198.51.100.1"), json!(1), via.clone()),
            (json!("203.0.113.7"), json!(2), via.clone()),
            (Value::Null, json!(1), via),
        ]
    );
    let first = &attempts(&app)
        .await
        .into_iter()
        .find(|one| one["times"] == 2)
        .unwrap();
    assert!(first["first_at"].as_str() < first["last_at"].as_str());
}

#[tokio::test]
async fn only_what_died_of_a_leak_is_an_alarm() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let revoked = app.personal_token(&ada, "one").await;
    let reference = TokenReference::Id(revoked.id);
    revoke(&app.ctx, &reference, RevocationReason::Owner)
        .await
        .unwrap();
    ask(&app, &key, &revoked.token, "203.0.113.7").await;
    ask(&app, &key, &app.never_issued(), "203.0.113.7").await;
    // The program that legitimately holds a relative will try it, and nobody need be alarmed.
    let family = app.family(&ada).await;
    app.github().report(&[report(&family.refresh.token)]).await;
    ask(&app, &key, &family.access.token, "203.0.113.7").await;
    assert!(leaked_uses::flush(&app.ctx).await.unwrap().is_empty());
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn a_relative_that_is_seen_itself_is_watched_from_then_on() {
    for policy in ["revoke", "quarantine"] {
        let settings = format!("[policy]\ndefault = '{policy}'");
        let app = TestApp::builder().settings(&settings).start().await;
        let ada = app.user("ada@example.com").await;
        let key = app.service_key("tokens:introspect").await.token;
        let family = app.family(&ada).await;
        app.github().report(&[report(&family.refresh.token)]).await;
        let died = "SELECT DISTINCT revoked_at FROM tokens WHERE revoked_at IS NOT NULL";
        let before = app.rows(died).await;
        app.clock.advance(Duration::from_secs(60));
        app.github().report(&[report(&family.access.token)]).await;
        assert_eq!(app.rows(died).await, before, "it does not die again");

        ask(&app, &key, &family.access.token, "203.0.113.7").await;
        ask(&app, &key, &family.rotated_access.token, "203.0.113.7").await;

        let noticed = leaked_uses::flush(&app.ctx).await.unwrap();
        assert_eq!(noticed.len(), 1, "{policy}");
    }
}

#[tokio::test]
async fn a_leaked_token_is_noticed_whichever_way_it_comes() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let mut leaked = Vec::new();
    for kind in [
        TokenKind::AccessToken,
        TokenKind::ServiceKey,
        TokenKind::ClientSecret,
        TokenKind::PersonalAccessToken,
        TokenKind::ClientRegistrationToken,
    ] {
        leaked.push(app.token_of(kind, &cast).await.token);
    }
    let reports: Vec<_> = leaked.iter().map(report).collect();
    app.github().report(&reports).await;
    let [access, service, secret, personal, registration] = &leaked[..] else {
        panic!("five tokens");
    };
    let url = |path: &str| format!("{}{path}", app.url);
    let bearer =
        |path: &str, token: &PlainToken| app.http.get(url(path)).bearer_auth(token.reveal());
    let requests = [
        bearer("/v1/oauth2/userinfo", access),
        bearer("/v1/exposures", service),
        bearer("/v1/personal_access_tokens/", personal),
        bearer(
            &format!("/v1/oauth2/register/{}", cast.client_id),
            registration,
        ),
        app.http
            .post(url("/v1/oauth2/token"))
            .basic_auth(&cast.client_id, Some(secret.reveal()))
            .header("content-type", FORM)
            .body("grant_type=client_credentials"),
    ];
    for request in requests {
        let status = request.send().await.unwrap().status().as_u16();
        assert_eq!(status, 401);
    }
    leaked_uses::flush(&app.ctx).await.unwrap();
    let seen = "SELECT t.kind, u.via, u.address FROM leaked_uses AS u
         JOIN tokens AS t ON t.id = u.token_id ORDER BY t.kind";
    assert_eq!(
        app.rows(seen).await,
        [
            ["access_token", "api", "127.0.0.1"],
            ["client_registration_token", "api", "127.0.0.1"],
            ["client_secret", "client", "127.0.0.1"],
            ["personal_access_token", "api", "127.0.0.1"],
            ["service_key", "service", "127.0.0.1"],
        ]
    );
    assert_eq!(
        app.number("SELECT count(*) FROM leaked_use_alarms").await,
        5
    );
}

#[tokio::test]
async fn whoever_has_many_addresses_does_not_fill_the_database() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let token = app.personal_token(&ada, "deploy").await.token;
    app.github().report(&[report(&token)]).await;
    for number in 0..250 {
        ask(&app, &key, &token, &format!("2001:db8::{number:x}")).await;
        app.clock.advance(Duration::from_secs(1));
        if number % 50 == 0 {
            leaked_uses::flush(&app.ctx).await.unwrap();
        }
    }
    leaked_uses::flush(&app.ctx).await.unwrap();
    assert_eq!(app.number("SELECT count(*) FROM leaked_uses").await, 201);
    let times = "SELECT CAST(sum(times) AS BIGINT) FROM leaked_uses";
    assert_eq!(app.number(times).await, 250);
    // What is kept is told, the attempt that is longest ago included.
    let details = details(&app).await;
    let told = details["attempts"].as_array().unwrap();
    assert_eq!((told.len(), &details["attempts_total"]), (201, &json!(250)));
    assert!(told.iter().any(|one| one["address"] == "2001:db8::"));
}

#[tokio::test]
async fn addresses_are_forgotten_and_attempts_stay_counted() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let token = app.personal_token(&ada, "deploy").await.token;
    app.github().report(&[report(&token)]).await;
    let first = app.clock.now();
    for number in 0..60 {
        ask(&app, &key, &token, &format!("2001:db8::{number:x}")).await;
    }
    leaked_uses::flush(&app.ctx).await.unwrap();
    app.clock.advance(DAY);
    ask(&app, &key, &token, "").await;
    leaked_uses::flush(&app.ctx).await.unwrap();
    app.clock.advance(DAY * 49);
    ask(&app, &key, &token, "2001:db8::7").await;
    leaked_uses::flush(&app.ctx).await.unwrap();
    app.clock.advance(DAY * 41);

    let backlog = retention::backlog(&app.ctx).await.unwrap();
    let waiting = backlog.iter().find(|one| one.what == "addresses").unwrap();
    assert_eq!((waiting.waiting, waiting.overdue), (59, DAY));
    let pruned = retention::prune(&app.ctx, Ended::Addresses, &AtOnce).await;
    assert_eq!(pruned.unwrap().rows, 59);

    // Whoever came again is kept from then on.
    let all = attempts(&app).await;
    let told = |one: &Value| (one["address"].clone(), one["times"].clone());
    assert_eq!(
        all.iter().map(told).collect::<Vec<_>>(),
        [(json!("2001:db8::7"), json!(2)), (Value::Null, json!(60))]
    );
    assert_eq!(all[1]["first_at"], first.to_string());
    app.clock.advance(DAY * 50);
    retention::prune(&app.ctx, Ended::Addresses, &AtOnce)
        .await
        .unwrap();
    let all = attempts(&app).await;
    assert_eq!(
        all.iter().map(told).collect::<Vec<_>>(),
        [(Value::Null, json!(62))]
    );
    let pruned = retention::prune(&app.ctx, Ended::Addresses, &AtOnce).await;
    assert_eq!(pruned.unwrap().rows, 0);
}

#[tokio::test]
async fn what_could_not_be_written_down_is_written_later() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let token = app.personal_token(&ada, "deploy").await.token;
    app.github().report(&[report(&token)]).await;
    ask(&app, &key, &token, "203.0.113.7").await;
    app.database
        .execute("ALTER TABLE leaked_uses RENAME TO elsewhere")
        .await;
    assert!(leaked_uses::flush(&app.ctx).await.is_err());
    app.database
        .execute("ALTER TABLE elsewhere RENAME TO leaked_uses")
        .await;
    assert_eq!(leaked_uses::flush(&app.ctx).await.unwrap().len(), 1);
    assert_eq!(app.read_mail().await.len(), 2);
}

#[tokio::test]
async fn a_token_that_came_back_is_told_of_again_when_it_leaks_again() {
    let app = TestApp::builder()
        .settings("[policy]\ndefault = 'quarantine'")
        .start()
        .await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let token = app.personal_token(&ada, "deploy").await;
    let alarms = async || app.number("SELECT count(*) FROM leaked_use_alarms").await;
    for place in ["https://x.example/1", "https://x.example/2"] {
        let leak = report_at(token.token.reveal(), place);
        app.github().report(&[leak]).await;
        let before = app.read_mail().await.len();
        ask(&app, &key, &token.token, "203.0.113.7").await;
        leaked_uses::flush(&app.ctx).await.unwrap();
        assert_eq!(alarms().await, 1, "{place}");
        assert_eq!(app.read_mail().await.len(), before + 1, "{place}");
        let open = quarantines::find(&app.ctx, token.id).await.unwrap();
        let released = quarantines::settle(&app.ctx, open.id, QuarantineEnd::Release).await;
        released.unwrap();
        assert_eq!(alarms().await, 0, "{place}");
    }
}

#[tokio::test]
async fn an_attempt_that_is_written_down_after_the_token_came_back_is_no_alarm() {
    let app = TestApp::builder()
        .settings("[policy]\ndefault = 'quarantine'")
        .start()
        .await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let token = app.personal_token(&ada, "deploy").await;
    app.github().report(&[report(&token.token)]).await;
    ask(&app, &key, &token.token, "203.0.113.7").await;
    let open = quarantines::find(&app.ctx, token.id).await.unwrap();
    let released = quarantines::settle(&app.ctx, open.id, QuarantineEnd::Release).await;
    released.unwrap();
    let before = app.read_mail().await.len();
    assert_eq!(leaked_uses::flush(&app.ctx).await.unwrap().len(), 1);
    let alarms = app.number("SELECT count(*) FROM leaked_use_alarms").await;
    assert_eq!((alarms, app.read_mail().await.len()), (0, before));
}

#[tokio::test]
async fn a_replay_or_a_place_that_is_only_observed_makes_no_leak_of_a_token_that_was_followed() {
    for made in ["origin = 'replay'", "decision = 'observe'"] {
        let app = TestApp::start().await;
        let ada = app.user("ada@example.com").await;
        let key = app.service_key("tokens:introspect").await.token;
        let family = app.family(&ada).await;
        redeem(&app, &family.refresh.token).await;
        app.github().report(&[report(&family.refresh.token)]).await;
        let change = format!("UPDATE exposures SET {made}");
        app.database.execute(&change).await;
        ask(&app, &key, &family.refresh.token, "203.0.113.7").await;
        let noticed = leaked_uses::flush(&app.ctx).await.unwrap();
        assert!(noticed.is_empty(), "{made}");
    }
}

/// Rotation had ended it already, as it should: that it is tried has to do with the leak all the same.
#[tokio::test]
async fn a_leaked_token_that_had_been_followed_is_noticed_too() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let family = app.family(&ada).await;
    redeem(&app, &family.refresh.token).await;
    let tried = async || {
        ask(&app, &key, &family.refresh.token, "203.0.113.7").await;
        leaked_uses::flush(&app.ctx).await.unwrap().len()
    };
    assert_eq!(tried().await, 0, "nobody has seen it");
    app.github().report(&[report(&family.refresh.token)]).await;
    assert_eq!(tried().await, 1);
    assert!(!app.is_active(&family.rotated_access.token).await);
    assert_eq!(attempts(&app).await.len(), 1);
}

#[tokio::test]
async fn what_the_last_requests_saw_is_written_down_at_the_stop() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:introspect").await.token;
    let token = app.personal_token(&ada, "deploy").await.token;
    app.github().report(&[report(&token)]).await;
    ask(&app, &key, &token, "203.0.113.7").await;
    let clock = app.clock.clone();
    let database = app.stop().await;
    let again = TestApp::builder().clock(clock).database(database);
    let again = again.start().await;
    assert_eq!(again.number("SELECT count(*) FROM leaked_uses").await, 1);
}
