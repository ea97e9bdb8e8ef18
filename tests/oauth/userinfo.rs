//! What a client learns about who signed in (OpenID Connect Core 5.3, RFC 6750).

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokenward::domain::tokens::NewTokenRequest;
use tokenward::domain::users;
use tokenward::model::{GrantRequest, PlainToken, TokenKind, User};

use crate::desk::{Answer, form};
use crate::flow::Ask;
use crate::support::{TestApp, address};

const PATH: &str = "/v1/oauth2/userinfo";

async fn ada(app: &TestApp) -> User {
    let name = "Ada Lovelace".parse().unwrap();
    users::create_named(&app.ctx, address("ada@example.com"), Some(&name))
        .await
        .unwrap()
}

/// A token for these scopes, as a code brings it.
async fn token(app: &TestApp, user: &User, scopes: &str, claims: Option<&str>) -> String {
    let party = app.confidential("app").await;
    let request = GrantRequest {
        claims: claims.map(str::to_owned),
        ..GrantRequest::default()
    };
    let code = app.code(&party, user, scopes, request).await;
    let answer = app.exchange(&party, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.member("access_token")
}

async fn send(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

async fn tell(app: &TestApp, token: &str) -> Answer {
    send(app.api(Method::GET, PATH).bearer_auth(token)).await
}

fn challenge(answer: &Answer) -> &str {
    answer.headers["www-authenticate"].to_str().unwrap()
}

#[tokio::test]
async fn oidcc_userinfo_get() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let token = token(&app, &user, "openid", None).await;
    let answer = tell(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.json(), json!({ "sub": user.id.to_string() }));
    // Clients that always name a content type are fine.
    let request = app.api(Method::GET, PATH).bearer_auth(&token);
    let request = request.header("content-type", "application/json");
    assert_eq!(send(request).await.status, 200);
}

#[tokio::test]
async fn oidcc_userinfo_post_header() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let token = token(&app, &user, "openid email", None).await;
    for content_type in [
        None,
        Some("application/json"),
        Some("application/x-www-form-urlencoded"),
    ] {
        // Abuse case 83: the scheme's name is case-insensitive.
        let request = app.api(Method::POST, PATH);
        let request = request.header("authorization", format!("bEaReR {token}"));
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["sub"], user.id.to_string());
    }
}

#[tokio::test]
async fn oidcc_userinfo_post_body() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let token = token(&app, &user, "openid", None).await;
    let answer = send(form(
        app.api(Method::POST, PATH),
        &[("access_token", &token)],
    ))
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json(), json!({ "sub": user.id.to_string() }));
    // RFC 6750 2: not by two ways at once.
    let both = form(
        app.api(Method::POST, PATH).bearer_auth(&token),
        &[("access_token", &token)],
    );
    let both = send(both).await;
    assert_eq!(
        (both.status, both.error().as_str()),
        (400, "invalid_request")
    );
    let twice = [("access_token", token.as_str()), ("access_token", &token)];
    let twice = send(form(app.api(Method::POST, PATH), &twice)).await;
    assert_eq!(
        (twice.status, twice.error().as_str()),
        (400, "invalid_request")
    );
    // RFC 6750 2.2: not in the body of a GET.
    let get = send(form(
        app.api(Method::GET, PATH),
        &[("access_token", &token)],
    ))
    .await;
    assert_eq!(get.status, 401);
}

#[tokio::test]
async fn oidcc_scope_profile_and_email() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let sub = user.id.to_string();
    let told = tell(&app, &token(&app, &user, "openid profile", None).await).await;
    assert_eq!(told.json(), json!({ "sub": sub, "name": "Ada Lovelace" }));
    let told = tell(
        &app,
        &token(&app, &user, "openid email profile", None).await,
    )
    .await;
    let mut wanted = json!({
        "sub": sub, "name": "Ada Lovelace", "email": "ada@example.com", "email_verified": false,
    });
    assert_eq!(told.json(), wanted);
    app.browser().sign_in("ada@example.com").await;
    wanted["email_verified"] = json!(true);
    let told = tell(
        &app,
        &token(&app, &user, "openid email profile", None).await,
    )
    .await;
    assert_eq!(told.json(), wanted);
    // What is not known is not there.
    let bob = app.user("bob@example.com").await;
    let told = tell(&app, &token(&app, &bob, "openid profile", None).await).await;
    assert_eq!(told.json(), json!({ "sub": bob.id.to_string() }));
}

#[tokio::test]
async fn oidcc_claims_essential() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let claims =
        r#"{"userinfo":{"name":{"essential":true},"phone":null},"id_token":{"email":null}}"#;
    let told = tell(&app, &token(&app, &user, "openid", Some(claims)).await).await;
    assert_eq!(
        told.json(),
        json!({ "sub": user.id.to_string(), "name": "Ada Lovelace" })
    );
    for odd in [
        "{}",
        r#"{"userinfo":null}"#,
        r#"{"userinfo":[1]}"#,
        "not JSON",
    ] {
        let told = tell(&app, &token(&app, &user, "openid", Some(odd)).await).await;
        assert_eq!(told.json(), json!({ "sub": user.id.to_string() }), "{odd}");
    }
    let bob = app.user("bob@example.com").await;
    let told = tell(&app, &token(&app, &bob, "openid", Some(claims)).await).await;
    assert_eq!(
        (told.status, told.json()),
        (200, json!({ "sub": bob.id.to_string() }))
    );
}

/// Abuse case 82.
#[tokio::test]
async fn a_token_in_the_query_is_refused() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let token = token(&app, &user, "openid", None).await;
    for method in [Method::GET, Method::POST] {
        let query = format!("{PATH}?access_token={token}");
        let refused = send(app.api(method.clone(), &query)).await;
        assert_eq!(
            (refused.status, refused.error().as_str()),
            (400, "invalid_request")
        );
        let both = send(app.api(method, &query).bearer_auth(&token)).await;
        assert_eq!(
            (both.status, both.error().as_str()),
            (400, "invalid_request")
        );
    }
}

#[tokio::test]
async fn without_a_credential_the_challenge_names_no_error() {
    let app = TestApp::start().await;
    for request in [
        app.api(Method::GET, PATH),
        app.api(Method::POST, PATH),
        app.api(Method::GET, PATH).basic_auth("a", Some("b")),
    ] {
        let refused = send(request).await;
        assert_eq!(refused.status, 401);
        // RFC 6750 3.1.
        assert_eq!(challenge(&refused), "Bearer realm=\"tokenward\"");
    }
}

#[tokio::test]
async fn only_access_tokens_that_work_and_may_are_answered() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let cast = app.cast("bob").await;
    let with_scopes = |kind, scopes: &str| NewTokenRequest {
        scopes: scopes.parse().unwrap(),
        ..cast.request(kind)
    };
    let mut wrong: Vec<PlainToken> = vec![
        app.never_issued(),
        PlainToken::new("x".to_owned()),
        PlainToken::new("é".to_owned()),
    ];
    for kind in TokenKind::ALL {
        if kind != TokenKind::AccessToken {
            wrong.push(app.token(with_scopes(kind, "openid email")).await.token);
        }
    }
    for token in &wrong {
        let refused = send(form(
            app.api(Method::POST, PATH),
            &[("access_token", token.reveal())],
        ));
        let refused = refused.await;
        assert_eq!(
            (refused.status, refused.error().as_str()),
            (401, "invalid_token")
        );
        assert!(
            challenge(&refused).starts_with("Bearer realm=\"tokenward\", error=\"invalid_token\"")
        );
    }
    let narrow = token(&app, &user, "orders:read email", None).await;
    let nobodys = NewTokenRequest {
        user: None,
        grant: None,
        ..with_scopes(TokenKind::AccessToken, "openid")
    };
    let nobodys = app.token(nobodys).await.token;
    for token in [narrow.as_str(), nobodys.reveal()] {
        let refused = tell(&app, token).await;
        assert_eq!(
            (refused.status, refused.error().as_str()),
            (403, "insufficient_scope")
        );
        assert!(challenge(&refused).contains("scope=\"openid\""));
    }
}

#[tokio::test]
async fn a_token_that_died_tells_nothing() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let expired = token(&app, &user, "openid", None).await;
    app.clock.advance(Duration::from_secs(3_600));
    assert_eq!(tell(&app, &expired).await.status, 401);
    let blocked = token(&app, &user, "openid", None).await;
    app.database
        .execute("UPDATE users SET blocked_at = 1")
        .await;
    assert_eq!(tell(&app, &blocked).await.status, 401);
    app.database
        .execute("UPDATE users SET blocked_at = NULL")
        .await;
    assert_eq!(tell(&app, &blocked).await.status, 200);
    app.database
        .execute("UPDATE grants SET revoked_at = 1")
        .await;
    assert_eq!(tell(&app, &blocked).await.status, 401);
}

/// Its owner is told from where a leaked token was used.
#[tokio::test]
async fn asking_is_a_use_from_the_callers_address() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let token = token(&app, &user, "openid", None).await;
    assert_eq!(tell(&app, &token).await.status, 200);
    tokenward::domain::usage::flush(&app.ctx).await.unwrap();
    let used = "SELECT last_used_from FROM tokens WHERE kind = 'access_token'";
    assert_eq!(app.rows(used).await[0][0], "127.0.0.1");
    let bare: Value = tell(&app, &token).await.json();
    assert!(bare.get("email").is_none());
}

/// OpenID Connect Core 5.5: what is asked for by itself is shown to the person as its scope is, and
/// a client gets nothing that way that it could not get by scope.
#[tokio::test]
async fn a_claim_that_is_asked_for_by_itself_is_allowed_as_its_scope_is() {
    let app = TestApp::start().await;
    let user = ada(&app).await;
    let mut browser = app.browser();
    browser.sign_in("ada@example.com").await;
    let claims = r#"{"userinfo":{"name":{"essential":true},"phone_number":null}}"#;
    let wide = app.client("Wide").register().await;
    let narrow = app.client("Narrow").scopes("openid email").register().await;
    for (party, allowed) in [(wide, true), (narrow, false)] {
        let ask = Ask::of(&party).with("scope", "openid");
        browser.allow(&ask).await.answered();
        let ask = ask.with("claims", claims);
        let page = browser.authorize(&ask).await;
        assert_eq!(page.asks(), allowed, "{}", page.text);
        let answer = if allowed {
            assert!(page.text.contains("See your name"));
            browser.decide(&page, "allow").await
        } else {
            page
        };
        let tokens = app.exchange_asked(&party, &answer.answered()["code"]).await;
        assert_eq!(tokens.member("scope"), "openid");
        let mut wanted = json!({ "sub": user.id.to_string() });
        if allowed {
            wanted["name"] = json!("Ada Lovelace");
        }
        assert_eq!(
            tell(&app, &tokens.member("access_token")).await.json(),
            wanted
        );
        // Allowed once, it is not asked for again.
        assert!(!browser.authorize(&ask).await.asks());
    }
}
