//! Who hears of whom.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::tokens::NewTokenRequest;
use tokenward::model::{ClientStanding, GrantType, Role, TokenKind, User};

use super::{Machine, client, event, id_of, kinds, revoke};
use crate::support::{TestApp, token_name};

/// The tokens that a receiver was told of, each once.
async fn told(machine: &Machine<'_>, stream: &str) -> Vec<String> {
    let all = machine.take(stream).await;
    let ids = all
        .iter()
        .map(|claims| event(claims)["credential_id"].as_str());
    let mut ids: Vec<String> = ids.flatten().map(str::to_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn sorted(ids: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn an_organization_hears_of_its_tokens_and_its_members_only() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (
        app.user("ada@example.com").await,
        app.user("bob@example.com").await,
        app.user("eve@example.com").await,
    );
    let acme = app.organization("acme", &ada).await;
    let other = app.organization("other", &eve).await;
    app.member(&acme, &bob, Role::Member).await;
    // Bob is in both.
    app.member(&other, &bob, Role::Member).await;
    let machine = Machine::of_organization(&app, &acme, &ada).await;
    let stream = machine.polled_stream().await;
    let theirs = [
        app.organization_token(acme.id, Some(&ada), "ours").await.id,
        app.personal_token(&ada, "hers").await.id,
        app.personal_token(&bob, "his").await.id,
    ];
    let foreign = [
        app.organization_token(other.id, Some(&bob), "theirs")
            .await
            .id,
        app.personal_token(&eve, "hers").await.id,
        app.service_key("tokens:revoke").await.id,
    ];
    for id in theirs.into_iter().chain(foreign) {
        revoke(&app, id).await;
    }
    let expected = sorted(theirs.map(|id| id.to_string()));
    assert_eq!(told(&machine, &stream).await, expected);
    // Limited to another organization, it is that one's business.
    let limited = app
        .token(NewTokenRequest {
            user: Some(bob.id),
            organization: Some(other.id),
            name: Some(token_name("limited")),
            ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
        })
        .await;
    revoke(&app, limited.id).await;
    assert!(told(&machine, &stream).await.is_empty());
}

#[tokio::test]
async fn a_client_hears_of_what_was_issued_to_it_only() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let receiver = client(&app, "Receiver").await;
    let machine = Machine::of_client(&app, &receiver, "ssf.manage").await;
    let stream = machine.polled_stream().await;
    let grant = app.grant(&ada, receiver.id).await;
    let mine = app
        .mint(TokenKind::AccessToken, &ada, receiver.id, grant)
        .await;
    let foreign = app.family(&ada).await;
    let personal = app.personal_token(&ada, "hers").await;
    for id in [mine.id, foreign.access.id, personal.id] {
        revoke(&app, id).await;
    }
    let all = machine.take(&stream).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["sub_id"]["session"]["id"], grant.to_string());
    assert_eq!(all[0]["aud"], receiver.client_id);
    // It is told no addresses.
    let change = json!({ "stream_id": stream, "format": "email" });
    assert_eq!(
        machine.call("PATCH", "/v1/ssf/streams", change).await.0,
        400
    );
}

#[tokio::test]
async fn a_client_that_may_introspect_everything_hears_of_everything_while_it_may() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let standing = ClientStanding {
        introspects_all: true,
        ..ClientStanding::default()
    };
    let trusted = app
        .client("Gateway")
        .scopes("ssf.manage")
        .grant_types(&[GrantType::ClientCredentials])
        .standing(standing)
        .register()
        .await;
    let machine = Machine::of_client(&app, &trusted, "ssf.manage").await;
    let stream = machine.polled_stream().await;
    let token = app.personal_token(&ada, "hers").await;
    assert_eq!(told(&machine, &stream).await, [token.id.to_string()]);
    let taken_back = if crate::support::is_postgres() {
        "FALSE"
    } else {
        "0"
    };
    app.database
        .execute(&format!(
            "UPDATE clients SET introspects_all = {taken_back}"
        ))
        .await;
    revoke(&app, token.id).await;
    assert!(told(&machine, &stream).await.is_empty());
}

#[tokio::test]
async fn tokens_that_act_for_people_receive_nothing() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    for request in [
        NewTokenRequest {
            scopes: "ssf.manage".parse().unwrap(),
            ..cast.request(TokenKind::AccessToken)
        },
        NewTokenRequest {
            scopes: "ssf.manage".parse().unwrap(),
            ..cast.request(TokenKind::PersonalAccessToken)
        },
    ] {
        let token = app.token(request).await;
        let machine = Machine {
            app: &app,
            credential: token.token,
            audience: String::new(),
        };
        let (status, _) = machine.call("GET", "/v1/ssf/streams", Value::Null).await;
        assert!([401, 403].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn whoever_may_no_longer_receive_hears_nothing_from_then_on() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let narrowed = Machine::of_organization(&app, &acme, &ada).await;
    let revoked = Machine::of_operators(&app).await;
    let disabled = client(&app, "Receiver").await;
    let by_client = Machine::of_client(&app, &disabled, "ssf.manage").await;
    for machine in [&narrowed, &revoked, &by_client] {
        machine.polled_stream().await;
    }
    let now = app.clock.now().as_millis();
    let id = &narrowed.audience;
    let id = if crate::support::is_postgres() {
        format!("'{id}'")
    } else {
        format!("unhex('{}')", id.replace('-', ""))
    };
    app.database
        .execute(&format!(
            "UPDATE tokens SET scopes = 'products:read' WHERE id = {id};
             UPDATE clients SET disabled_at = {now}"
        ))
        .await;
    revoke(&app, revoked.audience.parse().unwrap()).await;
    app.database.execute("DELETE FROM event_messages").await;
    let token = app.personal_token(&ada, "hers").await;
    revoke(&app, token.id).await;
    assert_eq!(app.number("SELECT count(*) FROM event_messages").await, 0);
    let answer = revoked.call("GET", "/v1/ssf/streams", Value::Null).await;
    assert_eq!(answer.0, 401);
}

/// Adds a subject to a stream, or removes it.
async fn subject(machine: &Machine<'_>, stream: &str, verb: &str, subject: Value) -> u16 {
    let body = json!({ "stream_id": stream, "subject": subject, "verified": true });
    let path = format!("/v1/ssf/subjects/{verb}");
    machine.call("POST", &path, body).await.0
}

async fn event_of(app: &TestApp, user: &User) -> String {
    app.personal_token(user, "one more").await.id.to_string()
}

/// openid-ssf-stream-subject-control
#[tokio::test]
async fn subjects_are_removed_and_added_again() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let bob = app.user("bob@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let by_email = json!({ "format": "email", "email": "ada@example.com" });
    let by_id = json!({ "format": "iss_sub", "iss": app.ctx.issuer, "sub": ada.id });
    assert_eq!(
        subject(&machine, &stream, "remove", by_email.clone()).await,
        204
    );
    event_of(&app, &ada).await;
    let his = event_of(&app, &bob).await;
    assert_eq!(told(&machine, &stream).await, [his]);
    assert_eq!(subject(&machine, &stream, "add", by_id).await, 200);
    let hers = event_of(&app, &ada).await;
    assert_eq!(told(&machine, &stream).await, [hers]);
    let tenant = json!({ "format": "complex", "tenant": { "format": "opaque", "id": acme.id } });
    assert_eq!(subject(&machine, &stream, "remove", tenant).await, 204);
    app.organization_token(acme.id, Some(&ada), "theirs").await;
    assert!(told(&machine, &stream).await.is_empty());

    // Whether somebody has an account is not told (SSF 1.0 9.1).
    let stranger = json!({ "format": "email", "email": "nobody@example.com" });
    assert_eq!(
        subject(&machine, &stream, "add", stranger.clone()).await,
        200
    );
    assert_eq!(subject(&machine, &stream, "remove", stranger).await, 204);
    let phone = json!({ "format": "phone_number", "phone_number": "+12065550123" });
    assert_eq!(subject(&machine, &stream, "add", phone).await, 404);
    for wrong in [json!("ada"), json!({}), json!({ "format": "email" })] {
        assert_eq!(subject(&machine, &stream, "add", wrong).await, 400);
    }
}

#[tokio::test]
async fn a_stream_about_nobody_is_about_whom_it_adds_up_to_a_number() {
    let settings = "[shared_signals]\ndefault_subjects = 'NONE'\nmax_subjects = 2";
    let app = TestApp::builder().settings(settings).start().await;
    let (ada, bob) = (
        app.user("ada@example.com").await,
        app.user("bob@example.com").await,
    );
    let machine = Machine::of_operators(&app).await;
    let stream = id_of(&machine.stream(json!({})).await);
    event_of(&app, &ada).await;
    assert_eq!(machine.take(&stream).await.len(), 0);
    let by_email =
        |name: &str| json!({ "format": "email", "email": format!("{name}@example.com") });
    assert_eq!(
        subject(&machine, &stream, "add", by_email("ada")).await,
        200
    );
    event_of(&app, &bob).await;
    let hers = event_of(&app, &ada).await;
    assert_eq!(told(&machine, &stream).await, [hers]);
    assert_eq!(
        subject(&machine, &stream, "add", by_email("bob")).await,
        200
    );
    app.user("eve@example.com").await;
    assert_eq!(
        subject(&machine, &stream, "add", by_email("eve")).await,
        403
    );
    assert_eq!(
        subject(&machine, &stream, "remove", by_email("ada")).await,
        204
    );
    event_of(&app, &ada).await;
    assert_eq!(kinds(&machine.take(&stream).await), [""; 0]);
}

/// What the audit log says of whom streams are about, in order: what, who did it, and what else is known.
async fn audited(app: &TestApp) -> Vec<(String, String, String, Value)> {
    let rows = app
        .rows(
            "SELECT event, actor_kind, actor, detail FROM audit_log
             WHERE event LIKE 'stream.subject_%' AND request_id IS NOT NULL
                 AND token_id IS NOT NULL
             ORDER BY id",
        )
        .await;
    let rows = rows.into_iter().map(|row| {
        let detail = serde_json::from_str(&row[3]).unwrap();
        (row[0].clone(), row[1].clone(), row[2].clone(), detail)
    });
    rows.collect()
}

#[tokio::test]
async fn whoever_is_no_longer_heard_of_or_is_again_is_in_the_audit_log() {
    const NOBODY: &str = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await.id.to_string();
    let engine = client(&app, "Engine").await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    let email = |of: &str| json!({ "format": "email", "email": of });
    let person = |id: &str| json!({ "format": "iss_sub", "iss": app.ctx.issuer, "sub": id });
    let part = |name: &str, id: &str| json!({ "format": "complex", name: { "format": "opaque", "id": id } });
    let hers = ada.id.to_string();
    for (verb, named) in [
        ("add", email("ada@example.com")),
        ("remove", email("ada@example.com")),
        ("remove", email("ada@example.com")),
        ("remove", email("nobody@example.com")),
        ("remove", person(NOBODY)),
        ("remove", part("tenant", NOBODY)),
        ("remove", part("tenant", &acme)),
        ("remove", part("application", NOBODY)),
        ("remove", part("application", &engine.client_id)),
        ("add", person(&hers)),
    ] {
        // Rows are sorted by when they were written.
        app.clock.advance(Duration::from_millis(1));
        let status = subject(&machine, &stream, verb, named).await;
        assert!(matches!(status, 200 | 204), "{verb}: {status}");
    }
    let row = |event: &str, kind: &str, id: &str| {
        let detail = json!({ "stream_id": stream, "subject_kind": kind, "subject_id": id });
        let (event, actor) = (format!("stream.{event}"), machine.audience.clone());
        (event, "service".to_owned(), actor, detail)
    };
    let expected = [
        row("subject_removed", "user", &hers),
        row("subject_removed", "organization", &acme),
        row("subject_removed", "client", &engine.id.to_string()),
        row("subject_added", "user", &hers),
    ];
    assert_eq!(audited(&app).await, expected);
    for (column, rows) in [("user_id", 2), ("organization_id", 1), ("client_id", 1)] {
        let about = "SELECT count(*) FROM audit_log WHERE event LIKE 'stream.subject_%'";
        let about = format!("{about} AND {column} IS NOT NULL");
        assert_eq!(app.number(&about).await, rows, "{column}");
    }
}

/// Whether somebody has an account is not told by a refusal either (SSF 1.0 9.1).
#[tokio::test]
async fn a_stream_that_is_full_refuses_those_who_do_not_exist_as_well() {
    let settings = "[shared_signals]\nmax_subjects = 1";
    let app = TestApp::builder().settings(settings).start().await;
    for name in ["ada", "bob"] {
        app.user(&format!("{name}@example.com")).await;
    }
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    for (name, status) in [("nobody", 204), ("ada", 204), ("bob", 403), ("nobody", 403)] {
        let named = json!({ "format": "email", "email": format!("{name}@example.com") });
        let answer = subject(&machine, &stream, "remove", named).await;
        assert_eq!(answer, status, "{name}");
    }
}
