//! A code for tokens (RFC 6749 4.1.3), with everything that may go wrong on the way.

use std::time::Duration;

use futures_util::future::join_all;
use tokenward::domain::leaked_uses;
use tokenward::model::{GrantRequest, GrantType, PlainToken};

use crate::desk::{Answer, CALLBACK, CHALLENGE, Party, VERIFIER};
use crate::support::{TestApp, report};

async fn exchange_with(
    app: &TestApp,
    party: &Party,
    code: &PlainToken,
    more: &[(&str, &str)],
) -> Answer {
    let mut parameters = vec![
        ("grant_type", "authorization_code"),
        ("code", code.reveal()),
    ];
    parameters.extend(more);
    app.post_as(party, "token", &parameters).await
}

#[tokio::test]
async fn a_code_is_exchanged_for_tokens_that_work() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let code = app.plain_code(&party, &ada).await;
    let answer = app.exchange(&party, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let json = answer.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 3_600);
    assert_eq!(json["scope"], "email openid orders:read");
    assert!(answer.member("access_token").starts_with("polar_at_u_"));
    assert!(answer.member("refresh_token").starts_with("polar_rt_u_"));
    assert_eq!(answer.member("id_token").split('.').count(), 3);
    assert!(app.works(&answer.member("access_token")).await);
    assert!(app.works(&answer.member("refresh_token")).await);
    assert!(!app.is_active(&code).await, "a used code is no credential");
    app.clock.advance(Duration::from_secs(3_600));
    assert!(!app.works(&answer.member("access_token")).await);
}

#[tokio::test]
async fn a_client_without_the_grant_gets_no_refresh_token() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.granted("Engine", &[GrantType::AuthorizationCode]).await;
    let code = app
        .code(&party, &ada, "orders:read", GrantRequest::default())
        .await;
    let answer = app.exchange(&party, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // Without `openid` nobody asked who it is.
    assert!(answer.json().get("refresh_token").is_none());
    assert!(answer.json().get("id_token").is_none());
}

/// Abuse case 1, and oidcc-codereuse, oidcc-codereuse-30seconds.
#[tokio::test]
async fn a_code_that_is_used_twice_kills_its_family_at_any_later_time() {
    for later in [0, 30, 61, 86_400 * 40] {
        let app = TestApp::start().await;
        let ada = app.user("ada@example.com").await;
        let party = app.confidential("Engine").await;
        let code = app.plain_code(&party, &ada).await;
        let first = app.exchange(&party, &code).await;
        let fresh = app.refresh(&party, &first.member("refresh_token")).await;
        app.clock.advance(Duration::from_secs(later));
        let second = app.exchange(&party, &code).await;
        assert_eq!(
            (second.status, second.error().as_str()),
            (400, "invalid_grant")
        );
        for token in ["access_token", "refresh_token"] {
            assert!(
                !app.works(&fresh.member(token)).await,
                "{token} after {later} s"
            );
        }
        let refused = app.refresh(&party, &fresh.member("refresh_token")).await;
        assert_eq!(refused.error(), "invalid_grant");
    }
}

/// Abuse case 2.
#[tokio::test]
async fn of_32_parallel_redemptions_one_succeeds() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let code = app.plain_code(&party, &ada).await;
    let answers = join_all((0..32).map(|_| app.exchange(&party, &code))).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(good.len(), 1);
    assert!(bad.iter().all(|answer| answer.error() == "invalid_grant"));
    // Thirty-one others have the code as well.
    assert!(!app.works(&good[0].member("access_token")).await);
}

/// Abuse case 3, and ensure-authorization-code-is-bound-to-client.
#[tokio::test]
async fn a_code_in_foreign_hands_is_burnt() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let stranger = app.confidential("Stranger").await;
    let code = app.plain_code(&party, &ada).await;
    let stolen = app.exchange(&stranger, &code).await;
    assert_eq!(
        (stolen.status, stolen.error().as_str()),
        (400, "invalid_grant")
    );
    let late = app.exchange(&party, &code).await;
    assert_eq!(late.error(), "invalid_grant");
}

/// Abuse case 4.
#[tokio::test]
async fn the_redirect_uri_must_be_that_of_the_authorization_request() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let named = GrantRequest {
        redirect_uri: Some(CALLBACK.to_owned()),
        ..GrantRequest::default()
    };
    let code = app.code(&party, &ada, "orders:read", named).await;
    for wrong in [
        vec![],
        vec![("redirect_uri", "")],
        vec![("redirect_uri", "https://app.example/callback/")],
        vec![("redirect_uri", "https://app.example/Callback")],
        vec![("redirect_uri", "https://evil.example/callback")],
    ] {
        let answer = exchange_with(&app, &party, &code, &wrong).await;
        assert_eq!(answer.error(), "invalid_grant", "{wrong:?}");
    }
    let right = exchange_with(&app, &party, &code, &[("redirect_uri", CALLBACK)]).await;
    assert_eq!(right.status, 200, "{}", right.text);

    // Where the request named none, the only registered one is as good as none.
    let code = app.plain_code(&party, &ada).await;
    let wrong = [("redirect_uri", "https://evil.example/")];
    let answer = exchange_with(&app, &party, &code, &wrong).await;
    assert_eq!(answer.error(), "invalid_grant");
    let right = exchange_with(&app, &party, &code, &[("redirect_uri", CALLBACK)]).await;
    assert_eq!(right.status, 200, "{}", right.text);
}

/// Abuse case 5, and ensure-token-endpoint-fails-with-expired-auth-code.
#[tokio::test]
async fn a_code_works_for_a_minute() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let [one, other] = [
        app.plain_code(&party, &ada).await,
        app.plain_code(&party, &ada).await,
    ];
    app.clock.advance(Duration::from_millis(59_999));
    assert_eq!(app.exchange(&party, &one).await.status, 200);
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(app.exchange(&party, &other).await.error(), "invalid_grant");
}

/// Abuse cases 7 to 10, and incorrect-pkce-code-verifier-rejected,
/// ensure-pkce-code-verifier-required.
#[tokio::test]
async fn a_verifier_must_fit_its_challenge_and_none_may_appear_or_get_lost() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let long = "a".repeat(129);
    for party in [app.confidential("Engine").await, app.public("App").await] {
        let proven = GrantRequest {
            code_challenge: Some(CHALLENGE.to_owned()),
            ..GrantRequest::default()
        };
        let code = app.code(&party, &ada, "orders:read", proven).await;
        for (wrong, error) in [
            (vec![], "invalid_grant"),
            (vec![("code_verifier", CHALLENGE)], "invalid_grant"),
            (vec![("code_verifier", "")], "invalid_request"),
            (vec![("code_verifier", "short")], "invalid_request"),
            (vec![("code_verifier", long.as_str())], "invalid_request"),
            (
                vec![(
                    "code_verifier",
                    "dBjftJeZ4CVP mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                )],
                "invalid_request",
            ),
        ] {
            let answer = exchange_with(&app, &party, &code, &wrong).await;
            assert_eq!(answer.error(), error, "{wrong:?}");
        }
        let right = exchange_with(&app, &party, &code, &[("code_verifier", VERIFIER)]).await;
        assert_eq!(right.status, 200, "{}", right.text);

        let code = app.plain_code(&party, &ada).await;
        let answer = exchange_with(&app, &party, &code, &[("code_verifier", VERIFIER)]).await;
        assert_eq!(answer.error(), "invalid_grant", "a downgrade");
    }
}

#[tokio::test]
async fn whoever_is_shut_out_gets_nothing_for_a_code() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let code = app.plain_code(&party, &ada).await;
    tokenward::domain::users::block(&app.ctx, &ada.email)
        .await
        .unwrap();
    assert_eq!(app.exchange(&party, &code).await.error(), "invalid_grant");
    tokenward::domain::users::unblock(&app.ctx, &ada.email)
        .await
        .unwrap();
    assert_eq!(app.exchange(&party, &code).await.status, 200);
}

#[tokio::test]
async fn what_is_no_code_is_none() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let tokens = app
        .exchange(&party, &app.plain_code(&party, &ada).await)
        .await;
    let access = PlainToken::new(tokens.member("access_token"));
    let long = PlainToken::new("x".repeat(100_000));
    let never = app.never_issued();
    for (name, text) in [
        ("access", &access),
        ("long", &long),
        ("never issued", &never),
    ] {
        let answer = app.exchange(&party, text).await;
        assert_eq!(answer.error(), "invalid_grant", "{name}");
    }
    assert!(app.works(access.reveal()).await);
    let missing = [("grant_type", "authorization_code"), ("code", "")];
    let answer = app.post_as(&party, "token", &missing).await;
    assert_eq!(answer.error(), "invalid_request");
}

#[tokio::test]
async fn a_code_that_leaks_after_its_use_kills_what_it_was_exchanged_for() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let code = app.plain_code(&party, &ada).await;
    let tokens = app.exchange(&party, &code).await;
    let sent = app.github().report(&[report(&code)]).await;
    assert_eq!(sent.status, 200);
    assert!(!app.works(&tokens.member("access_token")).await);
    let refused = app.refresh(&party, &tokens.member("refresh_token")).await;
    assert_eq!(refused.error(), "invalid_grant");
}

#[tokio::test]
async fn whoever_exchanges_a_leaked_code_is_noticed() {
    for used in [false, true] {
        let app = TestApp::start().await;
        let ada = app.user("ada@example.com").await;
        let party = app.confidential("Engine").await;
        let code = app.plain_code(&party, &ada).await;
        if used {
            assert_eq!(app.exchange(&party, &code).await.status, 200);
        }
        let sent = app.github().report(&[report(&code)]).await;
        assert_eq!(sent.status, 200);
        let refused = app.exchange(&party, &code).await;
        assert_eq!(refused.error(), "invalid_grant", "{used}");
        leaked_uses::flush(&app.ctx).await.unwrap();
        let seen = app.rows("SELECT via, address FROM leaked_uses").await;
        assert_eq!(seen, [["token_endpoint", "127.0.0.1"]], "{used}");
    }
}

#[tokio::test]
async fn tokens_are_for_the_resources_that_were_granted_and_asked_for() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let [one, two] = ["https://one.example/", "https://two.example/"];
    let key = app.service_key("tokens:introspect").await;
    let granted = || GrantRequest {
        resources: vec![one.to_owned(), two.to_owned()],
        ..GrantRequest::default()
    };
    let code = app.code(&party, &ada, "orders:read", granted()).await;
    let foreign = exchange_with(&app, &party, &code, &[("resource", "https://x.example/")]).await;
    assert_eq!(foreign.error(), "invalid_target");
    let narrow = exchange_with(&app, &party, &code, &[("resource", one)]).await;
    let told = app
        .introspect(&key.token, &narrow.member("access_token"))
        .await;
    assert_eq!(told["aud"], one);

    let code = app.code(&party, &ada, "orders:read", granted()).await;
    let wide = app.exchange(&party, &code).await;
    let told = app
        .introspect(&key.token, &wide.member("access_token"))
        .await;
    assert_eq!(told["aud"], serde_json::json!([one, two]));
}
