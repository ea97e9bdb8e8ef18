//! What is told about a token that works.

use rstest::rstest;
use serde_json::{Value, json};
use tokenward::domain::tokens::NewTokenRequest;
use tokenward::model::TokenKind;

use super::SCOPE;
use crate::support::{Answer, Cast, TestApp};

/// What is particular about a kind.
fn particular(kind: TokenKind, cast: &Cast, jti: &str) -> Value {
    let user = cast.user.id.to_string();
    let organization = cast.organization.id.to_string();
    let client = cast.client_id.as_str();
    match kind {
        TokenKind::PersonalAccessToken | TokenKind::UserSessionToken => {
            json!({ "sub_type": "user", "sub": user, "organizations": [] })
        }
        TokenKind::OrganizationAccessToken => json!({
            "sub_type": "organization", "sub": organization, "organizations": [organization],
        }),
        TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode => json!({
            "sub_type": "user", "sub": user, "organizations": [],
            "client_id": client, "aud": client,
        }),
        TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => json!({
            "sub_type": "client", "sub": client, "organizations": [],
            "client_id": client, "aud": client,
        }),
        TokenKind::CustomerSessionToken => json!({
            "sub_type": "customer", "sub": "customer-17", "organizations": [organization],
        }),
        TokenKind::ServiceKey => {
            json!({ "sub_type": "service", "sub": jti, "organizations": [] })
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_token_of_every_kind_is_described(
    #[values(
        TokenKind::PersonalAccessToken,
        TokenKind::OrganizationAccessToken,
        TokenKind::AccessToken,
        TokenKind::RefreshToken,
        TokenKind::AuthorizationCode,
        TokenKind::ClientSecret,
        TokenKind::ClientRegistrationToken,
        TokenKind::UserSessionToken,
        TokenKind::CustomerSessionToken,
        TokenKind::ServiceKey
    )]
    kind: TokenKind,
) {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let cast = app.cast("ada").await;
    let issued = app.token_of(kind, &cast).await;
    let now = app.clock.now();

    let answer = app.introspect(&key.token, issued.token.reveal()).await;

    let jti = issued.id.to_string();
    let mut expected = json!({
        "active": true,
        "token_type": "Bearer",
        "kind": kind.name(),
        "scope": "orders:read",
        "jti": jti,
        "iss": app.url,
        "iat": now.as_seconds(),
    });
    let particular = particular(kind, &cast, &jti);
    expected
        .as_object_mut()
        .unwrap()
        .extend(particular.as_object().unwrap().clone());
    if let Some(lifetime) = kind.default_lifetime() {
        expected["exp"] = json!(now.plus(lifetime).as_seconds());
    }
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn an_organizations_oauth_token_acts_for_the_organization() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let cast = app.cast("ada").await;
    let token = app
        .token(NewTokenRequest {
            user: None,
            organization: Some(cast.organization.id),
            ..cast.request(TokenKind::AccessToken)
        })
        .await;
    assert!(token.token.reveal().starts_with("polar_at_o_"));
    let answer = app.introspect(&key.token, token.token.reveal()).await;
    let organization = cast.organization.id.to_string();
    assert_eq!(
        (&answer["sub_type"], &answer["sub"]),
        (&json!("organization"), &json!(organization))
    );
    assert_eq!(answer["organizations"], json!([organization]));
}

#[tokio::test]
async fn a_key_may_ask_about_itself() {
    let app = TestApp::start().await;
    let key = app.service_key("orders:read tokens:introspect").await;
    let answer = app.introspect(&key.token, key.token.reveal()).await;
    assert_eq!(answer["active"], true);
    assert_eq!(answer["kind"], "service_key");
    assert_eq!(answer["scope"], "orders:read tokens:introspect");
}

#[rstest]
#[case::right("personal_access_token")]
#[case::wrong("refresh_token")]
#[case::unknown("anything")]
#[case::empty("")]
#[tokio::test]
async fn a_hint_changes_nothing(#[case] hint: &str) {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let parameters = [
        ("token_type_hint", hint),
        ("token", token.token.reveal()),
        ("more", "x"),
    ];
    let answer = Answer::read(app.introspection(&key.token, &parameters).await).await;
    assert_eq!(
        (answer.status, &answer.json()["active"]),
        (200, &json!(true))
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("x-request-id"));
}
