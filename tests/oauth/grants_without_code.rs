//! Tokens for clients themselves (RFC 6749 4.4), and Polar's grant `web`.

use std::time::Duration;

use tokenward::domain::tokens::{NewTokenRequest, TokenReference, revoke};
use tokenward::model::{
    AuthMethod, ClientMetadata, ClientStanding, GrantType, PlainToken, RevocationReason, TokenKind,
    User,
};

use crate::desk::{Answer, Party, metadata};
use crate::support::{TestApp, report};

#[tokio::test]
async fn a_client_gets_a_token_for_itself() {
    let app = TestApp::start().await;
    let party = app.granted("Worker", &[GrantType::ClientCredentials]).await;
    let ask = [("grant_type", "client_credentials")];
    let answer = app.post_as(&party, "token", &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // Nobody signed in.
    assert_eq!(answer.json()["scope"], "orders:read orders:write");
    assert!(answer.json().get("refresh_token").is_none());
    assert!(answer.json().get("id_token").is_none());
    let key = app.service_key("tokens:introspect").await;
    let told = app
        .introspect(&key.token, &answer.member("access_token"))
        .await;
    assert_eq!(told["sub_type"], "client");
    assert_eq!(told["sub"], party.client_id.as_str());
    assert_eq!(told["aud"], party.client_id.as_str());

    let narrow = [
        ("grant_type", "client_credentials"),
        ("scope", "orders:read"),
    ];
    let answer = app.post_as(&party, "token", &narrow).await;
    assert_eq!(answer.json()["scope"], "orders:read");
    for scope in [
        "openid",
        "webhooks:write",
        "orders:read nonsense",
        "\"",
        "a\u{e9}",
    ] {
        let wide = [("grant_type", "client_credentials"), ("scope", scope)];
        let answer = app.post_as(&party, "token", &wide).await;
        assert_eq!(answer.error(), "invalid_scope", "{scope}");
    }
}

#[tokio::test]
async fn only_confidential_clients_that_may_get_a_token_for_themselves() {
    let app = TestApp::start().await;
    let public = ClientMetadata {
        token_endpoint_auth_method: AuthMethod::None,
        grant_types: vec![GrantType::ClientCredentials],
        ..metadata("App")
    };
    let public = app.party(public, ClientStanding::default()).await;
    for party in [public, app.confidential("Engine").await] {
        let ask = [("grant_type", "client_credentials")];
        let answer = app.post_as(&party, "token", &ask).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "unauthorized_client")
        );
    }
}

async fn session(app: &TestApp, user: &User) -> PlainToken {
    let request = NewTokenRequest {
        user: Some(user.id),
        ..NewTokenRequest::new(TokenKind::UserSessionToken)
    };
    app.token(request).await.token
}

async fn web(app: &TestApp, party: &Party, session: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("grant_type", "web"), ("session_token", session)];
    parameters.extend(more);
    app.post_as(party, "token", &parameters).await
}

#[tokio::test]
async fn the_products_front_end_gets_a_token_for_a_session() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let front = app.granted("Front", &[GrantType::Web]).await;
    let session = session(&app, &cast.user).await;
    let key = app.service_key("tokens:introspect").await;
    let answer = web(&app, &front, session.reveal(), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json().get("refresh_token").is_none());
    let told = app
        .introspect(&key.token, &answer.member("access_token"))
        .await;
    assert_eq!(told["sub"], cast.user.id.to_string());
    assert_eq!(told["organizations"], serde_json::json!([]));

    let id = cast.organization.id.to_string();
    let limit = [
        ("sub_type", "organization"),
        ("sub", id.as_str()),
        ("scope", "orders:read"),
    ];
    let answer = web(&app, &front, session.reveal(), &limit).await;
    let told = app
        .introspect(&key.token, &answer.member("access_token"))
        .await;
    assert_eq!(told["organizations"], serde_json::json!([id]));
    assert_eq!(told["scope"], "orders:read");
}

#[tokio::test]
async fn tokens_of_a_session_end_with_it() {
    let app = TestApp::start().await;
    let user = app.user("ada@example.com").await;
    let front = app.granted("Front", &[GrantType::Web]).await;
    let (one, two) = (session(&app, &user).await, session(&app, &user).await);
    let mut tokens = Vec::new();
    for session in [&one, &one, &two] {
        let answer = web(&app, &front, session.reveal(), &[]).await;
        tokens.push(answer.member("access_token"));
    }
    let reference = TokenReference::Text(one);
    let ended = revoke(&app.ctx, &reference, RevocationReason::SignedOut).await;
    assert!(ended.unwrap());
    assert!(!app.works(&tokens[0]).await && !app.works(&tokens[1]).await);
    assert!(app.works(&tokens[2]).await, "the other session goes on");
    // Every session of the user ends with a leaked one, and takes its tokens along.
    let three = session(&app, &user).await;
    assert_eq!(app.github().report(&[report(&three)]).await.status, 200);
    assert!(!app.works(&tokens[2]).await);
}

#[tokio::test]
async fn a_session_that_does_not_work_gets_nothing() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let bob = app.user("bob@example.com").await;
    let front = app.granted("Front", &[GrantType::Web]).await;
    let good = session(&app, &cast.user).await;
    let bobs = session(&app, &bob).await;
    let personal = app.personal_token(&cast.user, "deploy").await;
    let acme = cast.organization.id.to_string();
    let in_acme = [("sub_type", "organization"), ("sub", acme.as_str())];
    for (text, more, error) in [
        ("", vec![], "invalid_request"),
        ("nonsense", vec![], "invalid_grant"),
        (personal.token.reveal(), vec![], "invalid_grant"),
        (
            good.reveal(),
            vec![("sub_type", "organization")],
            "invalid_request",
        ),
        (
            good.reveal(),
            vec![("sub_type", "user"), ("sub", acme.as_str())],
            "invalid_request",
        ),
        (
            good.reveal(),
            vec![("sub_type", "customer")],
            "invalid_request",
        ),
        (
            good.reveal(),
            vec![("sub_type", "organization"), ("sub", "x")],
            "invalid_request",
        ),
        (bobs.reveal(), in_acme.to_vec(), "invalid_grant"),
        (
            good.reveal(),
            vec![("scope", "webhooks:write")],
            "invalid_scope",
        ),
    ] {
        let answer = web(&app, &front, text, &more).await;
        assert_eq!(answer.error(), error, "{more:?}");
    }
    let other = app.confidential("Engine").await;
    let answer = web(&app, &other, good.reveal(), &[]).await;
    assert_eq!(answer.error(), "unauthorized_client");

    // Neither before nor after does a token outlive the session it came from.
    app.clock.advance(Duration::from_secs(31 * 86_400 - 60));
    let answer = web(&app, &front, good.reveal(), &[]).await;
    assert_eq!(answer.json()["expires_in"], 60);
    app.clock.advance(Duration::from_secs(60));
    let answer = web(&app, &front, good.reveal(), &[]).await;
    assert_eq!(answer.error(), "invalid_grant");
}
