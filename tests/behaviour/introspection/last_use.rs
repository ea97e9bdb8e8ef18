//! When and from where a token was last used.

use std::time::Duration;

use tokenward::domain::tokens::NewTokenRequest;
use tokenward::domain::usage;
use tokenward::model::TokenKind;

use super::SCOPE;
use crate::support::{TestApp, report, token_name};

/// When and from where a token was last used, as the database has it.
async fn last_use(app: &TestApp, name: &str) -> (String, String) {
    let statement =
        format!("SELECT last_used_at, last_used_from FROM tokens WHERE name = '{name}'");
    let rows = app.rows(&statement).await;
    (rows[0][0].clone(), rows[0][1].clone())
}

fn nothing() -> (String, String) {
    Default::default()
}

#[tokio::test]
async fn last_use_is_gathered_and_written_down_later() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "used").await;
    let dead = app.personal_token(&ada, "dead").await;
    assert_eq!(
        app.github().report(&[report(&dead.token)]).await.status,
        200
    );
    app.clock.advance(Duration::from_secs(60));
    let used_at = app.clock.now();
    let parameters = [("token", token.token.reveal()), ("ip_address", "192.0.2.7")];
    assert_eq!(
        app.introspection(&key.token, &parameters).await.status(),
        200
    );
    let parameters = [("token", dead.token.reveal()), ("ip_address", "192.0.2.7")];
    assert_eq!(
        app.introspection(&key.token, &parameters).await.status(),
        200
    );
    assert_eq!(last_use(&app, "used").await, nothing());

    assert_eq!(
        usage::flush(&app.ctx).await.unwrap(),
        2,
        "the key and the token"
    );
    let used_at = used_at.as_millis().to_string();
    assert_eq!(
        last_use(&app, "used").await,
        (used_at.clone(), "192.0.2.7".to_owned())
    );
    // The key was used from where its service is.
    let from = "127.0.0.1".to_owned();
    assert_eq!(last_use(&app, "a service").await, (used_at, from));
    assert_eq!(last_use(&app, "dead").await, nothing());
    assert_eq!(usage::flush(&app.ctx).await.unwrap(), 0);
}

#[tokio::test]
async fn a_use_without_an_address_borrows_none_from_an_earlier_one() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "used").await;
    let text = token.token.reveal();
    app.introspection(
        &key.token,
        &[("token", text), ("ip_address", "2001:db8::7")],
    )
    .await;
    usage::flush(&app.ctx).await.unwrap();
    app.clock.advance(Duration::from_secs(1));
    app.introspection(&key.token, &[("token", text)]).await;
    usage::flush(&app.ctx).await.unwrap();
    let latest = app.clock.now().as_millis().to_string();
    assert_eq!(last_use(&app, "used").await, (latest, String::new()));
}

#[tokio::test]
async fn of_two_replicas_the_newer_use_wins() {
    let app = TestApp::start().await;
    let other = TestApp::builder()
        .database(app.database.clone())
        .clock(app.clock.clone())
        .start()
        .await;
    let key = app.service_key(SCOPE).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "used").await;
    let text = token.token.reveal();
    app.introspection(&key.token, &[("token", text), ("ip_address", "192.0.2.1")])
        .await;
    app.clock.advance(Duration::from_secs(1));
    other
        .introspection(&key.token, &[("token", text), ("ip_address", "192.0.2.2")])
        .await;
    let newest = app.clock.now().as_millis().to_string();
    usage::flush(&other.ctx).await.unwrap();
    usage::flush(&app.ctx).await.unwrap();
    assert_eq!(
        last_use(&app, "used").await,
        (newest, "192.0.2.2".to_owned())
    );
}

#[tokio::test]
async fn uses_that_could_not_be_written_are_kept_and_hide_no_newer_one() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "used").await;
    let text = token.token.reveal();
    app.introspection(&key.token, &[("token", text), ("ip_address", "192.0.2.1")])
        .await;
    let used_at = app.clock.now().as_millis().to_string();
    let outage = app.database.take_away().await;
    assert!(usage::flush(&app.ctx).await.is_err());
    outage.end().await;
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(usage::flush(&app.ctx).await.unwrap(), 2);
    assert_eq!(
        last_use(&app, "used").await,
        (used_at, "192.0.2.1".to_owned())
    );
}

#[tokio::test]
async fn a_stop_writes_down_what_was_gathered() {
    let app = TestApp::builder().with_jobs().start().await;
    let key = app.service_key(SCOPE).await;
    let ada = app.user("ada@example.com").await;
    let token = app
        .token(NewTokenRequest {
            user: Some(ada.id),
            name: Some(token_name("used")),
            ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
        })
        .await;
    assert_eq!(
        app.introspect(&key.token, token.token.reveal()).await["active"],
        true
    );
    let database = app.stop().await;
    let rows = database
        .rows("SELECT last_used_at FROM tokens WHERE name = 'used'")
        .await;
    assert_ne!(rows[0][0], "");
}
