//! Who may ask.

use std::time::Duration;

use rstest::rstest;
use tokenward::domain::tokens::{self, NewTokenRequest, TokenReference};
use tokenward::model::{RevocationReason, TokenKind};

use super::{SCOPE, ask, ask_with, everything};
use crate::support::{TestApp, report};

#[tokio::test]
async fn without_a_working_service_key_nothing_is_told() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let brief = NewTokenRequest {
        scopes: SCOPE.parse().unwrap(),
        lifetime: Some(Duration::from_secs(10)),
        ..NewTokenRequest::new(TokenKind::ServiceKey)
    };
    let expired = app.token(brief).await;
    app.clock.advance(Duration::from_secs(10));
    let revoked = app.service_key(SCOPE).await;
    let reference = TokenReference::Id(revoked.id);
    tokens::revoke(&app.ctx, &reference, RevocationReason::Operator)
        .await
        .unwrap();
    // It may do the same, but it is no service key.
    let personal = app
        .token(NewTokenRequest {
            scopes: SCOPE.parse().unwrap(),
            ..cast.request(TokenKind::PersonalAccessToken)
        })
        .await;
    let never_issued = app.never_issued();
    let body = format!("token={}", token.token.reveal());
    let mut answers = Vec::new();
    for (reason, key) in [
        ("no token", "nonsense"),
        ("empty", ""),
        ("never issued", never_issued.reveal()),
        ("expired", expired.token.reveal()),
        ("revoked", revoked.token.reveal()),
        ("no service key", personal.token.reveal()),
    ] {
        let answer = ask(&app, &[("authorization", &format!("Bearer {key} "))], &body).await;
        if reason == "empty" {
            assert_eq!(answer.status, 401);
            continue;
        }
        assert_eq!(answer.status, 401, "{reason}: {}", answer.text);
        assert_eq!(answer.json()["error"], "invalid_token", "{reason}");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(!answer.text.contains(key), "{reason}");
        answers.push(everything(&answer));
    }
    // Nobody learns either why a key does not work.
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    assert_eq!(
        app.metric(r#"tokenward_introspections_total{answer="refused"}"#),
        5.0
    );
}

#[rstest]
#[case::none(None)]
#[case::no_scheme(Some("polar_sk_something"))]
#[case::only_the_scheme(Some("Bearer"))]
#[case::another_scheme(Some("Digest x"))]
#[tokio::test]
async fn without_a_credential_the_challenge_carries_no_error(#[case] header: Option<&str>) {
    let app = TestApp::start().await;
    let headers: Vec<_> = header
        .iter()
        .map(|value| ("authorization", *value))
        .collect();
    let answer = ask(&app, &headers, "token=x").await;
    assert_eq!(answer.status, 401);
    // RFC 6750 3.1: who showed nothing is told nothing but how to.
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert_eq!(challenge, "Bearer realm=\"tokenward\"");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_key_without_the_scope_is_refused() {
    let app = TestApp::start().await;
    let key = app.service_key("tokens:revoke tokens:introspect2").await;
    let answer = ask_with(&app, &key.token, "token=x").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["error"], "insufficient_scope");
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("error=\"insufficient_scope\""),
        "{challenge}"
    );
    assert!(
        challenge.contains("scope=\"tokens:introspect\""),
        "{challenge}"
    );
}

#[rstest]
#[case("bearer")]
#[case("BEARER")]
#[case("BeArEr")]
#[tokio::test]
async fn the_scheme_counts_in_any_case(#[case] scheme: &str) {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let header = format!("{scheme} {}", key.token.reveal());
    let answer = ask(&app, &[("authorization", &header)], "token=x").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (200, r#"{"active":false}"#)
    );
}

#[tokio::test]
async fn a_revoked_key_is_dead_on_the_next_request() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    assert_eq!(ask_with(&app, &key.token, "token=x").await.status, 200);
    let reference = TokenReference::Text(key.token.clone());
    assert!(
        tokens::revoke(&app.ctx, &reference, RevocationReason::Operator)
            .await
            .unwrap()
    );
    assert_eq!(ask_with(&app, &key.token, "token=x").await.status, 401);
}

#[tokio::test]
async fn a_leaked_key_is_dead_on_the_next_request() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    assert_eq!(ask_with(&app, &key.token, "token=x").await.status, 200);
    assert_eq!(
        app.github().report(&[report(&key.token)]).await.labels(),
        ["true_positive"]
    );
    assert_eq!(ask_with(&app, &key.token, "token=x").await.status, 401);
}
