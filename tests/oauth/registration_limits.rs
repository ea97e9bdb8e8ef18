//! Who may register clients, and how many.

use std::time::Duration;

use crate::desk::Answer;
use crate::registration::{REGISTER, minimal};
use crate::support::TestApp;

#[tokio::test]
async fn from_one_network_so_many_clients_are_registered_in_an_hour() {
    let app = TestApp::builder()
        .settings("[limits]\nregistrations = '3 in 1h'")
        .start()
        .await;
    let registering = (0..16).map(|_| async { app.register(&minimal()).await.status });
    let statuses = futures_util::future::join_all(registering).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 3);
    app.clock.advance(Duration::from_secs(600));
    let refused = app.register(&minimal()).await;
    assert_eq!(
        (refused.status, &*refused.error()),
        (429, "too_many_requests")
    );
    assert_eq!(refused.headers["retry-after"], "3000");
    app.clock.advance(Duration::from_secs(3_000));
    assert_eq!(app.register(&minimal()).await.status, 201);
}

#[tokio::test]
async fn networks_are_told_apart_by_what_a_trusted_proxy_says() {
    let app = TestApp::builder()
        .settings(
            "[limits]\nregistrations = '1 in 1h'\n\
             [server]\ntrusted_proxies = [\"127.0.0.1\"]",
        )
        .start()
        .await;
    for (address, status) in [
        ("203.0.113.7", 201),
        ("203.0.113.7", 429),
        ("203.0.113.8", 201),
        ("2001:db8::1", 201),
        ("2001:db8::ffff:1", 429),
        ("2001:db8:0:1::1", 201),
    ] {
        let request = app.http.post(format!("{}{REGISTER}", app.url));
        let request = request.header("x-forwarded-for", address).json(&minimal());
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, status, "{address}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_user_owns_so_many_clients() {
    let app = TestApp::builder()
        .settings("[oauth]\nclients_per_user = 2")
        .start()
        .await;
    let mut alice = app.browser();
    alice.sign_in("alice@example.com").await;
    let mut last = None;
    for status in [201, 201, 429] {
        let answer = alice.call(&app, "POST", REGISTER, Some(&minimal())).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        last = Some(answer);
    }
    assert_eq!(last.unwrap().error(), "too_many_requests");
    let list = alice.call(&app, "GET", "/v1/oauth2/", None).await.json();
    let id = list["items"][0]["client_id"].as_str().unwrap();
    let path = format!("{REGISTER}/{id}");
    assert_eq!(alice.call(&app, "DELETE", &path, None).await.status, 204);
    let again = alice.call(&app, "POST", REGISTER, Some(&minimal())).await;
    assert_eq!(again.status, 201);
}

#[tokio::test]
async fn operators_may_ask_for_somebody_who_is_signed_in() {
    let app = TestApp::builder()
        .settings("[oauth]\nregistration = \"signed_in\"")
        .start()
        .await;
    let refused = app.register(&minimal()).await;
    assert_eq!((refused.status, &*refused.error()), (401, "not_signed_in"));
    let mut alice = app.browser();
    alice.sign_in("alice@example.com").await;
    let made = alice.call(&app, "POST", REGISTER, Some(&minimal())).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

#[tokio::test]
async fn operators_may_keep_registration_to_themselves() {
    let app = TestApp::builder()
        .settings("[oauth]\nregistration = \"closed\"")
        .start()
        .await;
    let mut alice = app.browser();
    alice.sign_in("alice@example.com").await;
    let refused = alice.call(&app, "POST", REGISTER, Some(&minimal())).await;
    assert_eq!((refused.status, &*refused.error()), (403, "access_denied"));
    let url = format!("{}/.well-known/openid-configuration", app.url);
    let metadata = Answer::of(app.http.get(url).send().await.unwrap()).await;
    assert!(metadata.json().get("registration_endpoint").is_none());
    assert_eq!(metadata.status, 200);
}
