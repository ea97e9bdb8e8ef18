//! The tokens of organizations over HTTP, and who manages them. The first tests are those that
//! polar.md 9 lists.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokenward::model::{Organization, PlainToken, Role};

use crate::browser::Browser;
use crate::support::{TestApp, report};
use crate::token_api::{COOKIE, ORGANIZATION, body};

const ADA: &str = "ada@example.com";

/// Ada, signed in, and her organization.
async fn ada(app: &TestApp) -> (Browser<'_>, Organization) {
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let user = app.user_named(ADA).await;
    (browser, app.organization("acme", &user).await)
}

/// Somebody else, signed in, with this role there.
async fn member<'a>(app: &'a TestApp, organization: &Organization, role: Role) -> Browser<'a> {
    let email = format!("{}@example.com", role.name());
    let mut browser = app.browser();
    browser.sign_in(&email).await;
    let user = app.user_named(&email).await;
    app.member(organization, &user, role).await;
    browser
}

fn of(organization: &Organization, more: Value) -> Value {
    let mut body = body();
    body["organization_id"] = json!(organization.id.to_string());
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn create(browser: &mut Browser<'_>, app: &TestApp, body: &Value) -> (String, String) {
    let made = browser.json(app, Method::POST, ORGANIZATION, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let json = made.json();
    let id = json["organization_access_token"]["id"].as_str().unwrap();
    (
        format!("{ORGANIZATION}{id}"),
        json["token"].as_str().unwrap().to_owned(),
    )
}

/// Create, test_valid.
#[tokio::test]
async fn a_token_is_made_for_an_organization_with_and_without_end() {
    let app = TestApp::start().await;
    let (mut browser, acme) = ada(&app).await;
    for (expires_in, ends) in [(json!(null), false), (json!(3600), true)] {
        let wanted = of(&acme, json!({ "expires_in": expires_in }));
        let made = browser
            .json(&app, Method::POST, ORGANIZATION, &wanted)
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.headers["cache-control"], "no-store");
        let json = made.json();
        let facts = &json["organization_access_token"];
        let end = app.clock.now().plus(Duration::from_secs(3_600));
        let end = ends.then(|| end.to_string());
        assert_eq!(facts["expires_at"], json!(end));
        assert_eq!(facts["organization_id"], acme.id.to_string());
        assert_eq!(facts["comment"], "deployment");
        assert!(json["token"].as_str().unwrap().starts_with("polar_oat_"));
        assert!(app.works(json["token"].as_str().unwrap()).await);
    }
    let members = browser.get(ORGANIZATION).await.json()["items"][0]
        .as_object()
        .unwrap()
        .len();
    assert_eq!(members, 8);
}

/// Create and update, test_stale_session; deleting needs no fresh session.
#[tokio::test]
async fn a_stale_session_makes_and_changes_nothing_but_deletes() {
    let app = TestApp::start().await;
    let (mut browser, acme) = ada(&app).await;
    let (path, token) = create(&mut browser, &app, &of(&acme, json!({}))).await;
    app.clock.advance(Duration::from_secs(3_601));
    let stale = browser
        .json(&app, Method::POST, ORGANIZATION, &of(&acme, json!({})))
        .await;
    assert_eq!(
        (stale.status, stale.refusal().as_str()),
        (403, "session_not_fresh")
    );
    let stale = browser
        .json(&app, Method::PATCH, &path, &json!({ "comment": "x" }))
        .await;
    assert_eq!(
        (stale.status, stale.refusal().as_str()),
        (403, "session_not_fresh")
    );
    assert_eq!(browser.delete(&app, &path).await.status, 204);
    assert!(!app.works(&token).await);
}

/// Create and update, test_oat_caller_cannot_mint and test_oat_caller_cannot_update.
#[tokio::test]
async fn tokens_do_not_make_or_change_tokens() {
    let app = TestApp::start().await;
    let (mut browser, acme) = ada(&app).await;
    let everything = json!({ "scopes": ["organization_access_tokens:write", "user:write"] });
    let (path, token) = create(&mut browser, &app, &of(&acme, everything)).await;
    let user = app.user_named(ADA).await;
    let personal = app.personal_token(&user, "deploy").await.token;
    for (bearer, status) in [(token.as_str(), 401), (personal.reveal(), 403)] {
        for (method, path) in [
            (Method::POST, ORGANIZATION),
            (Method::GET, ORGANIZATION),
            (Method::PATCH, path.as_str()),
            (Method::DELETE, path.as_str()),
        ] {
            let request = app
                .api(method, path)
                .json(&of(&acme, json!({})))
                .bearer_auth(bearer);
            let refused = app.browser().send(request).await;
            assert_eq!(refused.status, status, "{}", refused.text);
            refused.refusal();
        }
    }
    assert!(app.works(&token).await);
}

/// Update, test_valid.
#[tokio::test]
async fn comment_and_scopes_can_be_changed_and_the_end_cannot() {
    let app = TestApp::start().await;
    let (mut browser, acme) = ada(&app).await;
    let (path, token) = create(&mut browser, &app, &of(&acme, json!({}))).await;
    app.clock.advance(Duration::from_secs(60));
    let change = json!({ "comment": "renamed", "expires_in": null });
    let changed = browser.json(&app, Method::PATCH, &path, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let json = changed.json();
    assert_eq!(
        (&json["comment"], &json["scopes"]),
        (&json!("renamed"), &json!(["orders:read"]))
    );
    assert_eq!(json["modified_at"], app.clock.now().to_string());
    assert!(json["expires_at"].is_string());
    let change = json!({ "scopes": ["products:write", "orders:read"], "comment": null });
    let json = browser
        .json(&app, Method::PATCH, &path, &change)
        .await
        .json();
    assert_eq!(json["comment"], "renamed");
    assert_eq!(json["scopes"], json!(["orders:read", "products:write"]));
    let key = app.service_key("tokens:introspect").await.token;
    let told = app.introspect(&key, &token).await;
    assert_eq!(told["scope"], "orders:read products:write");
    let same = browser
        .json(&app, Method::PATCH, &path, &json!({}))
        .await
        .json();
    assert_eq!(same, json);

    let pasted = app.never_issued();
    for (member, wrong) in [
        ("comment", json!("")),
        ("comment", json!(pasted.reveal())),
        ("scopes", json!(["nothing:here"])),
    ] {
        let refused = browser
            .json(&app, Method::PATCH, &path, &json!({ member: wrong }))
            .await;
        assert_eq!(refused.wrong(), member);
    }
    browser.delete(&app, &path).await;
    let gone = browser
        .json(&app, Method::PATCH, &path, &json!({ "comment": "again" }))
        .await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn owners_and_admins_manage_tokens_and_other_members_do_not() {
    let app = TestApp::start().await;
    let (mut owner, acme) = ada(&app).await;
    let (path, token) = create(&mut owner, &app, &of(&acme, json!({}))).await;
    for role in [Role::Finance, Role::Member] {
        let mut browser = member(&app, &acme, role).await;
        for refused in [
            browser
                .json(&app, Method::POST, ORGANIZATION, &of(&acme, json!({})))
                .await,
            browser
                .json(&app, Method::PATCH, &path, &json!({ "comment": "x" }))
                .await,
            browser.delete(&app, &path).await,
            browser
                .get(&format!("{ORGANIZATION}?organization_id={}", acme.id))
                .await,
        ] {
            assert_eq!(
                (refused.status, refused.refusal().as_str()),
                (403, "not_permitted")
            );
        }
        assert_eq!(browser.get(ORGANIZATION).await.json()["items"], json!([]));
    }
    let mut admin = member(&app, &acme, Role::Admin).await;
    let (other, _) = create(&mut admin, &app, &of(&acme, json!({}))).await;
    assert_eq!(
        admin.get(ORGANIZATION).await.json()["pagination"]["total_count"],
        2
    );
    assert_eq!(owner.delete(&app, &other).await.status, 204);
    assert_eq!(admin.delete(&app, &path).await.status, 204);
    assert!(!app.works(&token).await);
}

#[tokio::test]
async fn strangers_learn_nothing_about_an_organization() {
    let app = TestApp::start().await;
    let (mut owner, acme) = ada(&app).await;
    let (path, token) = create(&mut owner, &app, &of(&acme, json!({}))).await;
    let mut eve = app.browser();
    eve.sign_in("eve@example.com").await;
    let foreign = eve
        .json(&app, Method::POST, ORGANIZATION, &of(&acme, json!({})))
        .await;
    let nowhere = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";
    let unknown = of(&acme, json!({ "organization_id": nowhere }));
    let unknown = eve.json(&app, Method::POST, ORGANIZATION, &unknown).await;
    for refused in [&foreign, &unknown] {
        assert_eq!(refused.wrong(), "organization_id");
        assert_eq!(
            refused.json()["detail"][0]["msg"],
            "Organization not found."
        );
    }
    for refused in [
        eve.json(&app, Method::PATCH, &path, &json!({ "comment": "x" }))
            .await,
        eve.delete(&app, &path).await,
        eve.delete(&app, &format!("{ORGANIZATION}{nowhere}")).await,
    ] {
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (404, "not_found")
        );
    }
    let filtered = eve
        .get(&format!("{ORGANIZATION}?organization_id={}", acme.id))
        .await;
    assert_eq!(filtered.json()["items"], json!([]));
    for wrong in [json!("x"), json!(1), json!(null)] {
        let wanted = of(&acme, json!({ "organization_id": wrong }));
        let refused = owner.json(&app, Method::POST, ORGANIZATION, &wanted).await;
        assert_eq!(refused.wrong(), "organization_id");
    }
    assert!(app.works(&token).await);
}

#[tokio::test]
async fn a_personal_token_is_not_found_among_those_of_organizations() {
    let app = TestApp::start().await;
    let (mut browser, _) = ada(&app).await;
    let user = app.user_named(ADA).await;
    let personal = app.personal_token(&user, "deploy").await;
    let refused = browser
        .delete(&app, &format!("{ORGANIZATION}{}", personal.id))
        .await;
    assert_eq!(refused.status, 404);
    assert!(app.is_active(&personal.token).await);
}

#[tokio::test]
async fn lists_are_filtered_by_organization_and_sorted() {
    let app = TestApp::start().await;
    let (mut browser, acme) = ada(&app).await;
    let user = app.user_named(ADA).await;
    // Ids sort by the time they were made.
    app.clock.advance(Duration::from_millis(5));
    let umbrella = app.organization("umbrella", &user).await;
    for (organization, comment) in [(&acme, "b"), (&umbrella, "c"), (&acme, "a")] {
        app.clock.advance(Duration::from_millis(5));
        create(
            &mut browser,
            &app,
            &of(organization, json!({ "comment": comment })),
        )
        .await;
    }
    for (query, wanted) in [
        (String::new(), vec!["b", "c", "a"]),
        ("?sorting=-created_at".to_owned(), vec!["a", "c", "b"]),
        ("?sorting=comment".to_owned(), vec!["a", "b", "c"]),
        (
            "?sorting=organization_id&sorting=comment".to_owned(),
            vec!["a", "b", "c"],
        ),
        (
            "?sorting=-organization_id&sorting=-comment".to_owned(),
            vec!["c", "b", "a"],
        ),
        (format!("?organization_id={}", acme.id), vec!["b", "a"]),
        (
            format!(
                "?organization_id={}&organization_id={}",
                acme.id, umbrella.id
            ),
            vec!["b", "c", "a"],
        ),
    ] {
        let json = browser.get(&format!("{ORGANIZATION}{query}")).await.json();
        let items = json["items"].as_array().unwrap().iter();
        let comments: Vec<_> = items
            .map(|item| item["comment"].as_str().unwrap())
            .collect();
        assert_eq!(comments, wanted, "{query}");
        assert_eq!(json["pagination"]["total_count"], wanted.len(), "{query}");
    }
}

#[tokio::test]
async fn who_lost_their_role_and_a_blocked_organization_make_nothing() {
    let app = TestApp::start().await;
    let (mut browser, acme) = ada(&app).await;
    let (path, token) = create(&mut browser, &app, &of(&acme, json!({}))).await;
    app.database
        .execute("UPDATE organizations SET blocked_at = 1")
        .await;
    let refused = browser
        .json(&app, Method::POST, ORGANIZATION, &of(&acme, json!({})))
        .await;
    assert_eq!(
        (refused.status, refused.refusal().as_str()),
        (403, "not_permitted")
    );
    assert!(!app.works(&token).await);
    // What is suspended can still be seen and revoked, so that it never comes back.
    assert_eq!(
        browser.get(ORGANIZATION).await.json()["pagination"]["total_count"],
        1
    );
    assert_eq!(browser.delete(&app, &path).await.status, 204);
    app.database
        .execute("UPDATE organizations SET blocked_at = NULL")
        .await;
    assert!(!app.works(&token).await);
    app.database
        .execute("DELETE FROM organization_members")
        .await;
    let refused = browser
        .json(&app, Method::POST, ORGANIZATION, &of(&acme, json!({})))
        .await;
    assert_eq!(refused.wrong(), "organization_id");
}

#[tokio::test]
async fn a_token_in_quarantine_can_be_seen_changed_and_revoked() {
    let policy = "[policy]\ndefault = 'quarantine'";
    let app = TestApp::builder().settings(policy).start().await;
    let (mut browser, acme) = ada(&app).await;
    let (path, token) = create(&mut browser, &app, &of(&acme, json!({}))).await;
    let seen = report(&PlainToken::new(token.clone()));
    app.github().report(&[seen]).await;
    let now = app.clock.now().to_string();
    let listed = browser.get(ORGANIZATION).await.json();
    assert_eq!(listed["items"][0]["quarantined_at"], now);
    let change = json!({ "scopes": [] });
    let changed = browser.json(&app, Method::PATCH, &path, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["quarantined_at"], now);
    assert!(!app.works(&token).await);
    assert_eq!(browser.delete(&app, &path).await.status, 204);
    assert_eq!(browser.get(ORGANIZATION).await.json()["items"], json!([]));
}

/// Whoever makes a token at the moment somebody else does gets the last one, or none.
#[tokio::test]
async fn parallel_requests_of_two_managers_make_no_more_than_may_be() {
    let limited = "[tokens]\nmax_per_owner = 3\n[server]\nworkers = 2";
    let app = TestApp::builder().settings(limited).start().await;
    let (owner, acme) = ada(&app).await;
    let admin = member(&app, &acme, Role::Admin).await;
    let requests = (0..12).map(|number| {
        let browser = if number % 2 == 0 { &owner } else { &admin };
        let cookie = format!("{COOKIE}={}", browser.cookies[COOKIE]);
        let request = app.api(Method::POST, ORGANIZATION).header("cookie", cookie);
        tokio::spawn(request.json(&of(&acme, json!({}))).send())
    });
    let mut statuses = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        statuses.push(request.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 3].as_slice(), &[409; 9]].concat());
}
