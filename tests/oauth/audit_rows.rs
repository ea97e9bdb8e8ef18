//! What people and clients do on pages and over HTTP is in the audit log, in their name.

use reqwest::Method;
use serde_json::json;
use tokenward::domain::clients;

use crate::flow::Ask;
use crate::registration::{REGISTER, minimal};
use crate::support::TestApp;
use crate::token_api::ORGANIZATION;

const ADA: &str = "ada@example.com";

/// The rows of events that begin like this, each of a request: event, the kind of who did it, and which one;
/// sorted.
async fn rows(app: &TestApp, beginning: &str) -> Vec<Vec<String>> {
    let statement = format!(
        "SELECT event, actor_kind, actor FROM audit_log
         WHERE event LIKE '{beginning}%' AND request_id IS NOT NULL"
    );
    let mut rows = app.rows(&statement).await;
    rows.sort_unstable();
    rows
}

#[tokio::test]
async fn consent_that_is_given_and_withdrawn_has_rows() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ada = app.user_named(ADA).await.id.to_string();
    let asked = browser.authorize(&Ask::of(&party)).await;
    browser.decide(&asked, "deny").await;
    assert!(rows(&app, "consent.").await.is_empty());
    browser.allow(&Ask::of(&party)).await.answered();
    // What is remembered is not given anew.
    browser.authorize(&Ask::of(&party)).await.answered();
    let given = ["consent.given", "user", &ada];
    assert_eq!(rows(&app, "consent.").await, [given]);
    let withdraw = "/settings/applications/withdraw";
    let fields = browser.get("/settings/applications").await;
    let fields = fields.form_to(withdraw);
    assert_eq!(browser.post(withdraw, &fields).await.status, 303);
    let withdrawn = ["consent.withdrawn", "user", &ada];
    assert_eq!(rows(&app, "consent.").await, [given, withdrawn]);
    let about = "SELECT count(*) FROM audit_log
         WHERE event LIKE 'consent.%' AND user_id IS NOT NULL AND client_id IS NOT NULL";
    assert_eq!(app.number(about).await, 2);
}

#[tokio::test]
async fn a_client_that_its_owner_makes_changes_and_deletes_has_rows() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ada = app.user_named(ADA).await.id.to_string();
    let made = browser.call(&app, "POST", REGISTER, Some(&minimal())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.member("client_id");
    let path = format!("{REGISTER}/{id}");
    let mut body = minimal();
    body["client_id"] = json!(id);
    let changed = browser.call(&app, "PUT", &path, Some(&body)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let deleted = browser.call(&app, "DELETE", &path, None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    assert_eq!(
        rows(&app, "client.").await,
        [
            ["client.changed", "user", &ada],
            ["client.created", "user", &ada],
            ["client.deleted", "user", &ada],
        ]
    );
}

#[tokio::test]
async fn a_client_that_registers_itself_is_a_stranger_until_it_has_a_token_for_that() {
    let app = TestApp::start().await;
    let made = app.register(&minimal()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let client_id = made.member("client_id");
    let token = made.member("registration_access_token");
    let client = clients::find(&app.ctx, &client_id).await.unwrap();
    let client = client.id.to_string();
    let path = format!("{REGISTER}/{client_id}");
    let mut body = minimal();
    body["client_id"] = json!(client_id);
    let put = app.api(Method::PUT, &path).bearer_auth(&token);
    let changed = put.json(&body).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    assert_eq!(
        rows(&app, "client.").await,
        [
            ["client.changed", "client", &client],
            ["client.created", "stranger", ""],
        ]
    );
}

#[tokio::test]
async fn a_token_that_is_changed_has_a_row() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ada = app.user_named(ADA).await;
    let changed = [
        "token.changed".to_owned(),
        "user".to_owned(),
        ada.id.to_string(),
    ];
    let personal = app.personal_token(&ada, "deploy").await;
    let path = format!("/settings/tokens/{}/rename", personal.id);
    for (name, status, times) in [(" ", 422, 0), ("backup", 303, 1)] {
        let mut fields = browser.get(&path).await.form("token-rename");
        fields.push(("name".to_owned(), name.to_owned()));
        assert_eq!(browser.post(&path, &fields).await.status, status);
        assert_eq!(
            rows(&app, "token.changed").await,
            vec![changed.clone(); times]
        );
    }

    let acme = app.organization("acme", &ada).await;
    let theirs = app.organization_token(acme.id, Some(&ada), "deploy").await;
    let path = format!("{ORGANIZATION}{}", theirs.id);
    for (body, times) in [(json!({}), 1), (json!({ "comment": "backup" }), 2)] {
        let answer = browser.json(&app, Method::PATCH, &path, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(
            rows(&app, "token.changed").await,
            vec![changed.clone(); times]
        );
    }
}
