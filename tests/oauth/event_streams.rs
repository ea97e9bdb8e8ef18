//! A client hears that somebody signed out, as a Security Event Token (CAEP 1.0 3.1) whose subject it knows
//! from the ID token.

use serde_json::{Value, json};
use tokenward::domain::streams::token::sign;
use tokenward::model::{EventStream, GrantRequest, GrantType, Id, PlainToken};
use tokenward::storage::streams;

use crate::desk::Party;
use crate::rp_logout::{Visit, party};
use crate::signing::{published, verified};
use crate::support::{TestApp, report};

const SESSION: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// A client that people sign in to, and that gets tokens for itself.
async fn application(app: &TestApp) -> Party {
    party(app, |metadata| {
        metadata.scope = "openid email ssf.read ssf.manage".parse().unwrap();
        metadata.grant_types = vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
        ];
    })
    .await
}

/// A stream of the client, by its id.
async fn stream(app: &TestApp, client: &Party) -> Id<EventStream> {
    let ask = [
        ("grant_type", "client_credentials"),
        ("scope", "ssf.read ssf.manage"),
    ];
    let token = app.post_as(client, "token", &ask).await;
    let request = app.http.post(format!("{}/v1/ssf/streams", app.url));
    let request = request.bearer_auth(token.member("access_token"));
    let made = request.json(&json!({})).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    made["stream_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_client_hears_of_the_end_of_sessions_in_which_it_was_granted_something() {
    let app = TestApp::start().await;
    let client = application(&app).await;
    let uninvolved = application(&app).await;
    let theirs = stream(&app, &client).await;
    let others = stream(&app, &uninvolved).await;
    let mut visit = Visit::of(&app, "ada@example.com", client).await;
    let keys = published(&app).await;
    let signed_in = verified(&visit.id_token, &keys, &visit.party.client_id).unwrap();
    let url = format!("/oauth2/logout?id_token_hint={}", visit.id_token);
    assert_eq!(visit.browser.get(&url).await.status, 303);

    let nothing = streams::waiting(&app.ctx.db, others, 10).await.unwrap();
    assert!(nothing.is_empty(), "{nothing:?}");
    let waiting = streams::waiting(&app.ctx.db, theirs, 10).await.unwrap();
    let found = streams::find(&app.ctx.db, theirs).await.unwrap().unwrap();
    let mut sessions = Vec::new();
    for signal in &waiting {
        let set = sign(&app.ctx, &found, signal).await.unwrap();
        let claims = verified(&set, &keys, &visit.party.client_id).unwrap();
        assert!(claims["events"][SESSION].is_object(), "{claims}");
        assert_eq!(claims["sub_id"]["user"]["sub"], signed_in["sub"]);
        sessions.push(claims["sub_id"]["session"]["id"].clone());
    }
    assert!(sessions.contains(&signed_in["sid"]), "{sessions:?}");
}

/// The family of a leaked token ends, and the client is to end the session that it opened with it.
#[tokio::test]
async fn a_client_hears_of_a_leak_by_the_session_that_it_knows() {
    let app = TestApp::start().await;
    let client = application(&app).await;
    let theirs = stream(&app, &client).await;
    let visit = Visit::of(&app, "ada@example.com", client).await;
    let request = GrantRequest {
        sid: Some(visit.session.sid),
        ..GrantRequest::default()
    };
    let code = app.code(&visit.party, &visit.session.user, "openid email", request);
    let tokens = app.exchange(&visit.party, &code.await).await;
    let keys = published(&app).await;
    let signed_in = verified(&tokens.member("id_token"), &keys, &visit.party.client_id).unwrap();
    let access = PlainToken::new(tokens.member("access_token"));
    app.github().report(&[report(&access)]).await;
    let waiting = streams::waiting(&app.ctx.db, theirs, 10).await.unwrap();
    let found = streams::find(&app.ctx.db, theirs).await.unwrap().unwrap();
    let mut sessions = Vec::new();
    for signal in &waiting {
        let set = sign(&app.ctx, &found, signal).await.unwrap();
        let claims = verified(&set, &keys, &visit.party.client_id).unwrap();
        if claims["events"][SESSION].is_object() {
            sessions.push(claims["sub_id"]["session"]["id"].clone());
        }
    }
    assert_eq!(sessions, [signed_in["sid"].clone()]);
}
