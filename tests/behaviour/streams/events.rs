//! What tokens tell, when, and in which order.

use serde_json::json;
use tokenward::domain::tokens::{self, NewTokenRequest, TokenReference};
use tokenward::model::{RevocationReason, TokenKind};

use super::{CHANGE, COMPROMISE, Machine, SESSION, event, kind, kinds, revoke};
use crate::support::{TestApp, report_at};

#[tokio::test]
async fn a_leak_is_told_without_the_token_and_without_the_place() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let place = "https://x.example/a-secret-place";
    app.github()
        .report(&[report_at(token.token.reveal(), place)])
        .await;
    let all = machine.poll(&stream).await;
    assert_eq!(kinds(&all), [CHANGE, COMPROMISE]);
    let person = json!({ "format": "iss_sub", "iss": app.ctx.issuer, "sub": cast.user.id });
    for claims in &all {
        let text = claims.to_string();
        assert!(!text.contains(token.token.reveal()) && !text.contains("secret-place"));
        assert_eq!(claims["sub_id"], person);
        // One deed, one transaction (RFC 8417 2.2).
        assert_eq!(claims["txn"], all[0]["txn"]);
        let event = event(claims);
        assert_eq!(event["credential_type"], "personal_access_token");
        assert_eq!(event["credential_id"], token.id.to_string());
        assert_eq!(event["event_timestamp"], app.clock.now().as_seconds());
        assert!(!event["reason_admin"]["en"].as_str().unwrap().is_empty());
        if kind(claims) == CHANGE {
            assert_eq!(event["change_type"], "revoke");
            assert_eq!(event["initiating_entity"], "policy");
        }
    }
    let held = "SELECT count(*) FROM event_messages WHERE body LIKE '%secret-place%'
         OR body LIKE '%example.com%'";
    assert_eq!(app.number(held).await, 0);
}

#[tokio::test]
async fn what_goes_into_quarantine_is_told_as_ended() {
    let policy = "[policy]\ndefault = 'quarantine'";
    let app = TestApp::builder().settings(policy).start().await;
    let cast = app.cast("ada").await;
    let family = app.family(&cast.user).await;
    let personal = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    for (token, ended) in [(&family.refresh, SESSION), (&personal, CHANGE)] {
        app.github()
            .report(&[report_at(token.token.reveal(), "https://x.example/a")])
            .await;
        let all = machine.take(&stream).await;
        assert_eq!(kinds(&all), [ended, COMPROMISE]);
        let told = all.iter().find(|claims| kind(claims) == ended).unwrap();
        let why = &event(told)["reason_admin"]["en"];
        assert!(
            why.as_str().unwrap().contains("held until an operator"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn credentials_are_told_of_when_they_are_made_and_when_they_end() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    for kind in [
        TokenKind::PersonalAccessToken,
        TokenKind::OrganizationAccessToken,
        TokenKind::ClientSecret,
        TokenKind::ClientRegistrationToken,
        TokenKind::ServiceKey,
    ] {
        let token = app.token_of(kind, &cast).await;
        let made = machine.take(&stream).await;
        assert_eq!(kinds(&made), [CHANGE], "{kind}");
        assert_eq!(event(&made[0])["change_type"], "create");
        revoke(&app, token.id).await;
        let ended = machine.take(&stream).await;
        assert_eq!(kinds(&ended), [CHANGE], "{kind}");
        assert_eq!(event(&ended[0])["change_type"], "revoke");
        assert_eq!(event(&ended[0])["initiating_entity"], "admin");
        assert_eq!(event(&ended[0])["credential_type"], kind.name());
        let subject = match kind {
            TokenKind::PersonalAccessToken => {
                json!({ "format": "iss_sub", "iss": app.ctx.issuer, "sub": cast.user.id })
            }
            TokenKind::OrganizationAccessToken => json!({ "format": "complex",
                "tenant": { "format": "opaque", "id": cast.organization.id } }),
            TokenKind::ServiceKey => json!({ "format": "opaque", "id": token.id }),
            _ => json!({ "format": "complex",
                "application": { "format": "opaque", "id": cast.client_id } }),
        };
        assert_eq!(ended[0]["sub_id"], subject, "{kind}");
    }
}

#[tokio::test]
async fn what_was_granted_at_once_ends_once_and_rotation_is_no_news() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let family = app.family(&ada).await;
    for (token, reason) in [
        (family.code.id, RevocationReason::Redeemed),
        (family.refresh.id, RevocationReason::Superseded),
    ] {
        let mut tx = app.ctx.db.begin().await.unwrap();
        let at = app.clock.now();
        let end = tokenward::model::Revocation { at, reason };
        tokenward::storage::tokens::revoke(&mut tx, token, end)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    // The client that the family made.
    assert_eq!(machine.take(&stream).await.len(), 0);
    app.github()
        .report(&[report_at(
            family.rotated_access.token.reveal(),
            "https://x.example/a",
        )])
        .await;
    let all = machine.take(&stream).await;
    assert_eq!(kinds(&all), [SESSION, COMPROMISE]);
    let ended = all.iter().find(|claims| kind(claims) == SESSION).unwrap();
    let subject = &ended["sub_id"];
    assert_eq!(subject["format"], "complex");
    assert_eq!(subject["user"]["sub"], ada.id.to_string());
    assert_eq!(subject["session"]["id"], family.grant.to_string());
    assert_eq!(subject["application"]["format"], "opaque");
}

#[tokio::test]
async fn a_customers_session_names_the_customer() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let token = app.token_of(TokenKind::CustomerSessionToken, &cast).await;
    revoke(&app, token.id).await;
    let all = machine.take(&stream).await;
    assert_eq!(kinds(&all), [SESSION]);
    let subject = &all[0]["sub_id"];
    assert_eq!(
        subject["user"],
        json!({ "format": "opaque", "id": "customer-17" })
    );
    assert_eq!(subject["session"]["id"], token.id.to_string());
    assert_eq!(subject["tenant"]["id"], cast.organization.id.to_string());
}

#[tokio::test]
async fn people_are_named_as_the_stream_wants() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    for (format, expected) in [
        (
            "email",
            json!({ "format": "email", "email": "ada@example.com" }),
        ),
        ("opaque", json!({ "format": "opaque", "id": ada.id })),
    ] {
        let machine = Machine::of_operators(&app).await;
        let made = machine
            .stream(json!({ "format": format, "events_requested": [CHANGE] }))
            .await;
        let token = app.personal_token(&ada, "mine").await;
        revoke(&app, token.id).await;
        let all = machine.take(&super::id_of(&made)).await;
        assert_eq!(all.len(), 2);
        assert!(
            all.iter().all(|claims| claims["sub_id"] == expected),
            "{all:?}"
        );
    }
}

#[tokio::test]
async fn what_was_not_asked_for_or_not_committed_is_not_told() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let made = machine
        .stream(json!({ "events_requested": [SESSION] }))
        .await;
    let token = app.personal_token(&ada, "mine").await;
    revoke(&app, token.id).await;
    assert_eq!(app.number("SELECT count(*) FROM event_messages").await, 0);
    let session = app
        .token(NewTokenRequest {
            user: Some(ada.id),
            ..NewTokenRequest::new(TokenKind::UserSessionToken)
        })
        .await;
    let mut tx = app.ctx.db.begin().await.unwrap();
    let end = tokenward::model::Revocation {
        at: app.clock.now(),
        reason: RevocationReason::SignedOut,
    };
    tokenward::storage::tokens::revoke(&mut tx, session.id, end)
        .await
        .unwrap();
    drop(tx);
    assert_eq!(app.number("SELECT count(*) FROM event_messages").await, 0);
    let gone = TokenReference::Id(session.id);
    tokens::revoke(&app.ctx, &gone, RevocationReason::Operator)
        .await
        .unwrap();
    assert_eq!(kinds(&machine.take(&super::id_of(&made)).await), [SESSION]);
}

#[tokio::test]
async fn a_set_is_no_hint_about_who_signed_in() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    machine
        .call("POST", "/v1/ssf/verify", json!({ "stream_id": stream }))
        .await;
    let ask = json!({ "returnImmediately": true });
    let (_, answer) = machine
        .call("POST", &format!("/v1/ssf/poll/{stream}"), ask)
        .await;
    let sets = answer["sets"].as_object().unwrap();
    let set = sets.values().next().unwrap().as_str().unwrap();
    // It is signed by a key of ours, and still no ID token.
    #[derive(Clone, Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct IdToken {
        sub: String,
        exp: i64,
    }
    let read = tokenward::domain::signing_keys::verify::<IdToken>(&app.ctx, set).await;
    assert!(read.unwrap().is_none());
    assert!(app.ctx.detector.whole(set).is_none());
}

#[tokio::test]
async fn events_come_in_the_order_in_which_they_happened() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        let token = app.personal_token(&ada, "mine").await;
        expected.push(("create".to_owned(), token.id.to_string()));
        app.clock.advance(std::time::Duration::from_millis(1));
        revoke(&app, token.id).await;
        expected.push(("revoke".to_owned(), token.id.to_string()));
        app.clock.advance(std::time::Duration::from_millis(1));
    }
    let waiting =
        tokenward::storage::streams::waiting(&app.ctx.db, stream.parse().unwrap(), 100).await;
    let found: Vec<_> = waiting
        .unwrap()
        .into_iter()
        .map(|signal| (signal.facts.change.unwrap(), signal.facts.token.to_string()))
        .collect();
    assert_eq!(found, expected);
}

/// A new origin's first days concern nobody, machines included.
#[tokio::test]
async fn what_is_only_observed_is_told_when_something_is_done_about_it() {
    let policy = "[policy]\nrules = ['github * observe']";
    let app = TestApp::builder().settings(policy).start().await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let (text, url) = (token.token.reveal(), "https://x.example/a");
    app.github().report(&[report_at(text, url)]).await;
    assert!(machine.take(&stream).await.is_empty());
    let key = app.service_key("tokens:revoke").await.token;
    machine.take(&stream).await;
    let request = app.http.post(format!("{}/v1/revocations", app.url));
    let items = json!({ "items": [{ "token": text, "url": url }] });
    let answer = request.bearer_auth(key.reveal()).json(&items).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(kinds(&machine.take(&stream).await), [CHANGE, COMPROMISE]);
}
