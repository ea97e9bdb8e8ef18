//! An organization manages its own endpoints with tokens of its own, and knows of no others.

use serde_json::{Value, json};
use tokenward::domain::tokens::{self, Issued, NewTokenRequest, TokenReference};
use tokenward::domain::webhooks;
use tokenward::model::{Id, Organization, RevocationReason, TokenKind, WebhookEndpoint};

use super::{ALL, call, endpoint, heard, is_signed, kinds, ok, receiver, start, waiting};
use crate::support::{TestApp, report_at, token_name};

const WRITE: &str = "webhooks:write";
const READ: &str = "webhooks:read";
const URL: &str = "https://hooks.example/in";

/// A token of an organization's own.
async fn token(app: &TestApp, organization: &Organization, scopes: &str) -> Issued {
    app.token(NewTokenRequest {
        organization: Some(organization.id),
        name: Some(token_name("hooks")),
        scopes: scopes.parse().unwrap(),
        ..NewTokenRequest::new(TokenKind::OrganizationAccessToken)
    })
    .await
}

/// What is done to one endpoint: method, the end of the path, body, and the status when it is done.
fn everything() -> [(&'static str, &'static str, Value, u16); 7] {
    let since = json!({ "since": "2020-01-01T00:00:00Z" });
    [
        ("GET", "", Value::Null, 200),
        ("POST", "/secret", Value::Null, 200),
        ("POST", "/test", Value::Null, 202),
        ("GET", "/deliveries", Value::Null, 200),
        ("POST", "/replay", since, 202),
        ("PATCH", "", json!({ "enabled": false }), 200),
        ("DELETE", "", Value::Null, 204),
    ]
}

#[tokio::test]
async fn an_organization_does_everything_to_its_own() {
    let app = start().await;
    let server = receiver(ok()).await;
    let acme = app.cast("ada").await.organization;
    let key = token(&app, &acme, WRITE).await.token;
    let url = format!("{}/in", server.uri());
    for body in [
        json!({ "url": url }),
        json!({ "url": url, "organization_id": acme.id }),
    ] {
        let (status, made) = call(&app, &key, ("POST", ""), body).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(made["organization_id"], acme.id.to_string());
        let path = format!("/{}", made["id"].as_str().unwrap());
        for (method, rest, body, expected) in everything() {
            let at = format!("{path}{rest}");
            let (status, answer) = call(&app, &key, (method, &at), body).await;
            assert_eq!(status, expected, "{method} {at} {answer}");
        }
        assert_eq!(call(&app, &key, ("GET", &path), Value::Null).await.0, 404);
    }
    let acts = "SELECT DISTINCT event, actor_kind, actor FROM audit_log
         WHERE event LIKE 'webhook.%' ORDER BY event";
    let actor = acme.id.to_string();
    let acts = app.rows(acts).await;
    let names: Vec<_> = acts.iter().map(|row| row[0].as_str()).collect();
    let expected = [
        "webhook.created",
        "webhook.deleted",
        "webhook.disabled",
        "webhook.replayed",
        "webhook.secret_rotated",
    ];
    assert_eq!(names, expected);
    for row in acts {
        assert_eq!(row[1..3], ["organization".to_owned(), actor.clone()]);
    }
}

#[tokio::test]
async fn what_an_organization_is_sent_is_shown_to_it_and_sent_again() {
    let app = start().await;
    let server = receiver(ok()).await;
    let cast = app.cast("ada").await;
    let key = token(&app, &cast.organization, WRITE).await.token;
    let made = endpoint(&app, &server, Some(cast.organization.id)).await;
    let path = format!("/{}", made.endpoint.id);
    let personal = app.personal_token(&cast.user, "mine").await;
    let theirs = token(&app, &cast.organization, READ).await;
    for leaked in [&personal, &theirs] {
        let report = report_at(leaked.token.reveal(), "https://x.example/a");
        assert_eq!(app.github().report(&[report]).await.status, 200);
    }
    app.deliver_webhooks().await;
    let told = heard(&server).await;
    assert_eq!(kinds(&told), ["exposure.created", "token.revoked"]);
    assert!(told.iter().all(|one| is_signed(one, &made.secret)));
    let deliveries = format!("{path}/deliveries");
    let (status, tries) = call(&app, &key, ("GET", &deliveries), Value::Null).await;
    assert_eq!((status, tries["items"].as_array().unwrap().len()), (200, 2));
    let message = json!({ "message_id": tries["items"][0]["message_id"] });
    let replay = format!("{path}/replay");
    let (status, again) = call(&app, &key, ("POST", &replay), message).await;
    assert_eq!((status, again), (202, json!({ "replayed": 1 })));
    assert_eq!(waiting(&app).await, 1);
}

/// The ids of an organization's endpoints, as its token is shown them.
async fn listed(app: &TestApp, own: &Issued, query: &str) -> Vec<String> {
    let (status, page) = call(app, &own.token, ("GET", query), Value::Null).await;
    assert_eq!(status, 200, "{page}");
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_organization_sees_nothing_of_others() {
    let app = start().await;
    let server = receiver(ok()).await;
    let acme = app.cast("ada").await.organization;
    let other = app.cast("bob").await.organization;
    let own = token(&app, &acme, "webhooks:read webhooks:write").await;
    let foreign = [Some(other.id), None];
    let mut paths = vec![format!("/{}", Id::<WebhookEndpoint>::new(app.clock.now()))];
    for organization in foreign {
        let made = endpoint(&app, &server, organization).await;
        webhooks::test(&app.ctx, ALL, made.endpoint.id)
            .await
            .unwrap();
        paths.push(format!("/{}", made.endpoint.id));
    }
    let before = waiting(&app).await;
    assert!(listed(&app, &own, "").await.is_empty());
    for (method, rest, body, _) in everything() {
        let mut answers = Vec::new();
        for path in &paths {
            let at = format!("{path}{rest}");
            let (status, mut answer) = call(&app, &own.token, (method, &at), body.clone()).await;
            answer["request_id"] = Value::Null;
            assert_eq!(status, 404, "{method} {at} {answer}");
            answers.push(answer);
        }
        // Nothing tells what is somebody else's from what is not there.
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    assert_eq!(waiting(&app).await, before);
    for path in &paths[1..] {
        let id = path[1..].parse().unwrap();
        let found = webhooks::find(&app.ctx, ALL, id).await.unwrap();
        assert!(found.disabled_at.is_none());
    }
}

#[tokio::test]
async fn an_organization_names_no_other() {
    let app = start().await;
    let server = receiver(ok()).await;
    let acme = app.cast("ada").await.organization;
    let other = app.cast("bob").await.organization;
    let own = token(&app, &acme, WRITE).await;
    let made = endpoint(&app, &server, Some(acme.id)).await.endpoint.id;
    endpoint(&app, &server, Some(other.id)).await;
    for query in [String::new(), format!("?organization_id={}", acme.id)] {
        assert_eq!(listed(&app, &own, &query).await, [made.to_string()]);
    }
    let nobody = Id::<Organization>::new(app.clock.now());
    let mut answers = Vec::new();
    for id in [other.id, nobody] {
        let query = format!("?organization_id={id}");
        answers.push(call(&app, &own.token, ("GET", &query), Value::Null).await);
        let body = json!({ "url": URL, "organization_id": id });
        answers.push(call(&app, &own.token, ("POST", ""), body).await);
    }
    for (status, answer) in &mut answers {
        assert_eq!(*status, 404, "{answer}");
        answer["request_id"] = Value::Null;
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let endpoints = "SELECT count(*) FROM webhook_endpoints";
    assert_eq!(app.number(endpoints).await, 2);
}

#[tokio::test]
async fn scopes_say_what_an_organizations_token_may_do() {
    let app = start().await;
    let server = receiver(ok()).await;
    let acme = app.cast("ada").await.organization;
    let made = endpoint(&app, &server, Some(acme.id)).await.endpoint.id;
    let reader = token(&app, &acme, READ).await;
    // The scope of service keys means nothing in a token of an organization.
    let stranger = token(&app, &acme, "products:read webhooks:manage").await;
    assert_eq!(listed(&app, &reader, "").await, [made.to_string()]);
    let new = ("POST", String::new(), json!({ "url": URL }), 201);
    let changes = everything().map(|(method, rest, body, expected)| {
        let path = format!("/{made}{rest}");
        (method, path, body, expected)
    });
    for (method, path, body, _) in changes.into_iter().chain([new]) {
        let at = (method, &*path);
        let (status, answer) = call(&app, &stranger.token, at, body.clone()).await;
        assert_eq!(
            (status, &answer["error"]),
            (403, &json!("insufficient_scope"))
        );
        let (status, answer) = call(&app, &reader.token, at, body).await;
        let expected = if method == "GET" { 200 } else { 403 };
        assert_eq!(status, expected, "{method} {path} {answer}");
    }
    let told = "SELECT count(*) FROM audit_log WHERE actor_kind = 'organization'";
    assert_eq!(app.number(told).await, 0);
}

#[tokio::test]
async fn what_does_not_work_is_refused_and_counted() {
    let settings = "[limits]\nwrong_service_keys = '5 in 1h'";
    let app = TestApp::builder().settings(settings).start().await;
    let cast = app.cast("ada").await;
    let dead = token(&app, &cast.organization, WRITE).await;
    let reference = TokenReference::Id(dead.id);
    let gone = tokens::revoke(&app.ctx, &reference, RevocationReason::Operator);
    gone.await.unwrap();
    // Those that act for people are none, whatever they may do.
    let mut wrong = vec![dead.token, app.never_issued()];
    for kind in [TokenKind::PersonalAccessToken, TokenKind::AccessToken] {
        let request = NewTokenRequest {
            scopes: WRITE.parse().unwrap(),
            organization: Some(cast.organization.id),
            ..cast.request(kind)
        };
        wrong.push(app.token(request).await.token);
    }
    for key in &wrong {
        let (status, answer) = call(&app, key, ("GET", ""), Value::Null).await;
        let refused = (401, json!("invalid_service_key"));
        assert_eq!((status, answer["error"].clone()), refused);
    }
    let (status, _) = call(&app, &wrong[0], ("GET", ""), Value::Null).await;
    assert_eq!(status, 401);
    let (status, _) = call(&app, &wrong[0], ("GET", ""), Value::Null).await;
    assert_eq!(status, 429);
    let works = token(&app, &cast.organization, READ).await;
    assert!(listed(&app, &works, "").await.is_empty());
}

#[tokio::test]
async fn requests_are_limited_by_organization_and_not_for_services() {
    let settings = "[limits]\nwebhook_requests = '2 in 1m'";
    let app = TestApp::builder().settings(settings).start().await;
    let acme = app.cast("ada").await.organization;
    let other = app.cast("bob").await.organization;
    for status in [200, 200, 429] {
        // Another token is the same organization.
        let key = token(&app, &acme, READ).await.token;
        assert_eq!(call(&app, &key, ("GET", ""), Value::Null).await.0, status);
    }
    assert!(
        listed(&app, &token(&app, &other, READ).await, "")
            .await
            .is_empty()
    );
    let key = app.service_key("webhooks:manage").await.token;
    for _ in 0..3 {
        assert_eq!(call(&app, &key, ("GET", ""), Value::Null).await.0, 200);
    }
}
