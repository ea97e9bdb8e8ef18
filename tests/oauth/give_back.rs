//! Revocation (RFC 7009) and introspection (RFC 7662) as clients use them.

use tokenward::model::{ClientStanding, TokenKind};

use crate::desk::{Answer, Party, metadata};
use crate::support::TestApp;

async fn connected(app: &TestApp, party: &Party, email: &str) -> Answer {
    let user = app.user(email).await;
    let code = app.plain_code(party, &user).await;
    app.exchange(party, &code).await
}

async fn revoke(app: &TestApp, party: &Party, token: &str, hint: Option<&str>) -> Answer {
    let mut parameters = vec![("token", token)];
    parameters.extend(hint.map(|hint| ("token_type_hint", hint)));
    app.post_as(party, "revoke", &parameters).await
}

/// Abuse cases 60, 61 and 63.
#[tokio::test]
async fn a_refresh_token_takes_its_family_along_whatever_the_hint() {
    for hint in [
        None,
        Some("refresh_token"),
        Some("access_token"),
        Some("nonsense"),
    ] {
        let app = TestApp::start().await;
        let party = app.confidential("Engine").await;
        let tokens = connected(&app, &party, "ada@example.com").await;
        for _ in 0..2 {
            let answer = revoke(&app, &party, &tokens.member("refresh_token"), hint).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
        assert!(!app.works(&tokens.member("access_token")).await);
        let refused = app.refresh(&party, &tokens.member("refresh_token")).await;
        assert_eq!(refused.error(), "invalid_grant");
        app.everything_is_in_the_audit_log().await;
    }
}

#[tokio::test]
async fn an_access_token_dies_alone() {
    let app = TestApp::start().await;
    let party = app.public("App").await;
    let tokens = connected(&app, &party, "ada@example.com").await;
    let answer = revoke(
        &app,
        &party,
        &tokens.member("access_token"),
        Some("refresh_token"),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert!(!app.works(&tokens.member("access_token")).await);
    let next = app.refresh(&party, &tokens.member("refresh_token")).await;
    assert_eq!(next.status, 200, "{}", next.text);
    app.everything_is_in_the_audit_log().await;
}

/// Abuse cases 58, 59 and 62.
#[tokio::test]
async fn what_is_not_the_clients_is_not_revoked() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let stranger = app.confidential("Stranger").await;
    let tokens = connected(&app, &party, "ada@example.com").await;
    let foreign = revoke(&app, &stranger, &tokens.member("refresh_token"), None).await;
    assert_eq!(
        (foreign.status, foreign.error().as_str()),
        (400, "invalid_grant")
    );
    assert!(app.works(&tokens.member("access_token")).await);
    let never = app.never_issued();
    for unknown in [never.reveal(), "nonsense", &"x".repeat(100_000)] {
        let answer = revoke(&app, &stranger, unknown, None).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    }
    let own = party.secret.as_ref().unwrap().reveal();
    let answer = revoke(&app, &party, own, None).await;
    assert_eq!(answer.error(), "unsupported_token_type");
    let missing = app.post_as(&party, "revoke", &[]).await;
    assert_eq!(missing.error(), "invalid_request");
    let nobody = app.post_form("revoke", &[("token", "x")]).await;
    assert_eq!(
        (nobody.status, nobody.error().as_str()),
        (401, "invalid_client")
    );
}

async fn introspect(app: &TestApp, party: &Party, token: &str) -> Answer {
    app.post_as(party, "introspect", &[("token", token)]).await
}

#[tokio::test]
async fn a_client_learns_about_its_own_tokens_and_no_others() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let stranger = app.confidential("Stranger").await;
    let tokens = connected(&app, &party, "ada@example.com").await;
    for name in ["access_token", "refresh_token"] {
        let told = introspect(&app, &party, &tokens.member(name)).await.json();
        assert_eq!(told["active"], true);
        assert_eq!(told["token_type"], "Bearer");
        assert_eq!(told["client_id"], party.client_id.as_str());
        assert_eq!(told["aud"], party.client_id.as_str());
        assert_eq!(told["sub_type"], "user");
        assert_eq!(told["iss"], app.url.as_str());
        assert_eq!(told["scope"], "email openid orders:read");
        assert_eq!(told["organizations"], serde_json::json!([]));
        assert!(told["exp"].is_i64() && told["iat"].is_i64());
    }
    let cast = app.cast("bob").await;
    let mut texts = vec![
        tokens.member("access_token"),
        tokens.member("refresh_token"),
        app.never_issued().reveal().to_owned(),
        "nonsense".to_owned(),
    ];
    for kind in TokenKind::ALL {
        texts.push(app.token_of(kind, &cast).await.token.reveal().to_owned());
    }
    for text in texts {
        let answer = introspect(&app, &stranger, &text).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (200, r#"{"active":false}"#)
        );
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_resource_server_learns_about_all_of_them() {
    let app = TestApp::start().await;
    let standing = ClientStanding {
        introspects_all: true,
        ..ClientStanding::default()
    };
    let server = app.party(metadata("API"), standing).await;
    let cast = app.cast("ada").await;
    for kind in TokenKind::ALL {
        let token = app.token_of(kind, &cast).await.token;
        let told = introspect(&app, &server, token.reveal()).await.json();
        assert_eq!(told["active"], true, "{kind}");
        assert_eq!(told["kind"], kind.name());
    }
}

/// Abuse cases 49 and 54.
#[tokio::test]
async fn whoever_only_says_who_they_are_learns_nothing() {
    let app = TestApp::start().await;
    let public = app.public("App").await;
    let tokens = connected(&app, &public, "ada@example.com").await;
    let answer = introspect(&app, &public, &tokens.member("access_token")).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (401, "invalid_client")
    );
    let nobody = app.post_form("introspect", &[("token", "x")]).await;
    assert_eq!(nobody.status, 401);
    let text = tokens.member("access_token");
    let get = app
        .get(&format!("/v1/oauth2/introspect?token={text}"))
        .await;
    assert_eq!(get.status(), 405);
}
