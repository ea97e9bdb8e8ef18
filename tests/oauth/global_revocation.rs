//! Global Token Revocation: an identity provider signs a person out everywhere.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokenward::model::{PlainToken, User};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::desk::Answer;
use crate::flow::Ask;
use crate::rp_logout::{Visit, party};
use crate::support::TestApp;

const ADA: &str = "ada@example.com";
const PATH: &str = "/v1/global-token-revocation";

async fn post(app: &TestApp, key: Option<&PlainToken>, body: &Value) -> Answer {
    let request = app.http.post(format!("{}{PATH}", app.url));
    let request = match key {
        Some(key) => request.bearer_auth(key.reveal()),
        None => request,
    };
    let request = request.header("content-type", "application/json");
    Answer::of(request.body(body.to_string()).send().await.unwrap()).await
}

/// What an identity provider asks with.
async fn key(app: &TestApp) -> PlainToken {
    app.service_key("sessions:revoke").await.token
}

fn by_email(address: &str) -> Value {
    json!({ "sub_id": { "format": "email", "email": address } })
}

async fn user(app: &TestApp, email: &str) -> User {
    tokenward::storage::users::find_by_email(&app.ctx.db, &email.parse().unwrap())
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_person_is_signed_out_everywhere_and_must_sign_in_again() {
    let app = TestApp::start().await;
    let client = app.confidential("Acme").await;
    let (mut one, mut two) = (app.browser(), app.browser());
    one.sign_in(ADA).await;
    two.sign_in(ADA).await;
    let answered = one.allow(&Ask::of(&client)).await.answered();
    let tokens = app.exchange_asked(&client, &answered["code"]).await;
    let pending = two.authorize(&Ask::of(&client)).await.answered();
    let ada = user(&app, ADA).await;
    let personal = app.personal_token(&ada, "deploy").await;
    let eve = app.user("eve@example.com").await;
    let of_eve = app.family(&eve).await;

    let answer = post(&app, Some(&key(&app).await), &by_email("Ada@Example.com")).await;

    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let (access, refresh) = (
        tokens.member("access_token"),
        tokens.member("refresh_token"),
    );
    assert!(!app.works(&access).await && !app.works(&refresh).await);
    assert_eq!(
        app.refresh(&client, &refresh).await.error(),
        "invalid_grant"
    );
    // A code that was not exchanged yet gives nothing any more.
    let late = app.exchange_asked(&client, &pending["code"]).await;
    assert_eq!(late.error(), "invalid_grant");
    for browser in [&mut one, &mut two] {
        assert_eq!(browser.get("/settings/sessions").await.status, 303);
        assert!(browser.authorize(&Ask::of(&client)).await.wants_sign_in());
    }
    assert!(app.is_active(&personal.token).await);
    assert!(app.is_active(&of_eve.access.token).await);
    let reasons = "SELECT DISTINCT revoked_reason FROM tokens
                   WHERE revoked_at IS NOT NULL AND kind <> 'authorization_code'";
    assert_eq!(app.rows(reasons).await, [["signed_out_everywhere"]]);
    // No letters: whoever asked tells them, if anybody does.
    let letters = "SELECT count(*) FROM outbox WHERE exposure_id IS NOT NULL";
    assert_eq!(app.number(letters).await, 0);
    one.sign_in(ADA).await;
    assert_eq!(one.get("/settings/sessions").await.status, 200);
    app.everything_is_in_the_audit_log().await;
}

/// What a product that keeps its own sign-in had issued comes from no grant.
#[tokio::test]
async fn access_tokens_that_a_service_had_issued_end_as_well() {
    let settings = "[tokens]\nissued_to_services = ['access_token']";
    let app = TestApp::builder().settings(settings).start().await;
    let (ada, eve) = (app.user(ADA).await, app.user("eve@example.com").await);
    let issuer = app.service_key("tokens:issue").await.token;
    let issue = async |user: &User| {
        let body = json!({"kind": "access_token", "user_id": user.id.to_string()});
        let request = app.http.post(format!("{}/v1/tokens", app.url)).json(&body);
        let answer = request.bearer_auth(issuer.reveal()).send().await.unwrap();
        Answer::of(answer).await.member("token")
    };
    let (hers, another) = (issue(&ada).await, issue(&eve).await);
    assert!(app.works(&hers).await);
    let answer = post(&app, Some(&key(&app).await), &by_email(ADA)).await;
    assert_eq!(answer.status, 204);
    assert!(!app.works(&hers).await && app.works(&another).await);
}

#[tokio::test]
async fn what_is_minted_at_the_same_moment_is_dead_as_well() {
    let app = TestApp::start().await;
    let client = app.confidential("Acme").await;
    let ada = app.user(ADA).await;
    let key = key(&app).await;
    for round in 0..5 {
        let mut codes = Vec::new();
        for _ in 0..6 {
            codes.push(app.plain_code(&client, &ada).await);
        }
        let exchanging = join_all(codes.iter().map(|code| app.exchange(&client, code)));
        let body = by_email(ADA);
        let (answer, exchanged) = tokio::join!(post(&app, Some(&key), &body), exchanging);
        assert_eq!(answer.status, 204, "{}", answer.text);
        for tokens in exchanged.iter().filter(|answer| answer.status == 200) {
            let access = tokens.member("access_token");
            assert!(!app.works(&access).await, "round {round}");
        }
    }
}

#[tokio::test]
async fn clients_hear_that_somebody_was_signed_out() {
    let app = TestApp::builder()
        .settings("[oauth]\nprivate_callbacks = true")
        .start()
        .await;
    let server = MockServer::start().await;
    let well = ResponseTemplate::new(200);
    Mock::given(method("POST"))
        .respond_with(well)
        .mount(&server)
        .await;
    let listener = party(&app, |metadata| {
        metadata.backchannel_logout_uri = Some(format!("{}/backchannel_logout", server.uri()));
    })
    .await;
    let _visit = Visit::of(&app, ADA, listener).await;

    let answer = post(&app, Some(&key(&app).await), &by_email(ADA)).await;

    assert_eq!(answer.status, 204);
    app.deliver_logouts().await;
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_person_is_named_by_address_by_our_name_or_as_our_subject() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let ada = app.user(ADA).await;
    let issuer = app.ctx.issuer.clone();
    for subject in [
        json!({ "format": "email", "email": ADA, "more": [1] }),
        json!({ "format": "opaque", "id": ada.id.to_string() }),
        json!({ "format": "iss_sub", "iss": issuer, "sub": ada.id.to_string() }),
    ] {
        let family = app.family(&ada).await;
        let body = json!({ "sub_id": subject, "reason": "because" });
        assert_eq!(post(&app, Some(&key), &body).await.status, 204, "{body}");
        for token in [&family.access, &family.refresh, &family.code] {
            assert!(!app.is_active(&token.token).await, "{body}");
        }
        // Again: nothing is left to end, and that is as good.
        assert_eq!(post(&app, Some(&key), &body).await.status, 204, "{body}");
    }
}

#[tokio::test]
async fn what_names_nobody_is_told_apart_from_what_cannot_be_read() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let ada = app.user(ADA).await;
    let stranger = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c22";
    let id = ada.id.to_string();
    for (subject, status) in [
        (
            json!({ "format": "email", "email": "nobody@example.com" }),
            404,
        ),
        (json!({ "format": "opaque", "id": stranger }), 404),
        (json!({ "format": "opaque", "id": "U1234567890" }), 404),
        (
            json!({ "format": "iss_sub", "iss": app.ctx.issuer, "sub": stranger }),
            404,
        ),
        (
            json!({ "format": "iss_sub", "iss": "https://idp.example", "sub": id }),
            422,
        ),
        (json!({ "format": "email", "email": "no address" }), 400),
        (json!({ "format": "email" }), 400),
        (json!({ "format": "opaque", "id": 7 }), 400),
        (json!({ "format": "iss_sub", "iss": app.ctx.issuer }), 400),
        (
            json!({ "format": "phone_number", "phone_number": "+12065550100" }),
            400,
        ),
        (json!({ "format": "aliases", "identifiers": [] }), 400),
        (json!({ "email": ADA }), 400),
        (json!(ADA), 400),
    ] {
        let body = json!({ "sub_id": subject });
        let answer = post(&app, Some(&key), &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert!(!answer.text.contains("nobody@"), "{}", answer.text);
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "subject": { "format": "email" } }),
    ] {
        assert_eq!(post(&app, Some(&key), &body).await.status, 400, "{body}");
    }
    let text = app
        .http
        .post(format!("{}{PATH}", app.url))
        .bearer_auth(key.reveal());
    assert_eq!(text.body("{}").send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn only_a_service_key_with_the_scope_may_ask() {
    let app = TestApp::start().await;
    let ada = app.user(ADA).await;
    let family = app.family(&ada).await;
    let personal = app.personal_token(&ada, "deploy").await;
    let other = app.service_key("tokens:introspect").await;
    let body = by_email(ADA);
    let nobody = post(&app, None, &body).await;
    assert_eq!(nobody.status, 401);
    assert!(nobody.headers.contains_key("www-authenticate"));
    for wrong in [&personal.token, &family.access.token, &app.never_issued()] {
        assert_eq!(post(&app, Some(wrong), &body).await.status, 401);
    }
    let lacking = post(&app, Some(&other.token), &body).await;
    assert_eq!(lacking.status, 403);
    let challenge = lacking.headers["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("scope=\"sessions:revoke\""),
        "{challenge}"
    );
    assert_eq!(lacking.error(), "insufficient_scope");
    // Whoever may not ask learns nothing about who is here.
    let unknown = post(&app, Some(&other.token), &by_email("nobody@example.com")).await;
    assert_eq!(unknown.status, 403);
    assert!(app.is_active(&family.access.token).await);
}

#[tokio::test]
async fn personal_tokens_end_too_where_operators_want_that() {
    let settings = "[oauth]\nglobal_revocation_of_personal_tokens = true";
    let app = TestApp::builder().settings(settings).start().await;
    let ada = app.user(ADA).await;
    let acme = app.organization("acme", &ada).await;
    let personal = app.personal_token(&ada, "deploy").await;
    let of_acme = app.organization_token(acme.id, Some(&ada), "shop").await;
    assert_eq!(
        post(&app, Some(&key(&app).await), &by_email(ADA))
            .await
            .status,
        204
    );
    assert!(!app.is_active(&personal.token).await);
    // Made by her, and not hers.
    assert!(app.is_active(&of_acme.token).await);
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn the_metadata_says_where_to_ask() {
    let app = TestApp::start().await;
    for document in ["openid-configuration", "oauth-authorization-server"] {
        let answer = app.get(&format!("/.well-known/{document}")).await;
        let metadata: Value = answer.json().await.unwrap();
        let endpoint = metadata["global_token_revocation_endpoint"]
            .as_str()
            .unwrap();
        assert!(endpoint.ends_with(PATH), "{endpoint}");
    }
}
