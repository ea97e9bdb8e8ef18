//! A person's own tokens over HTTP.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokenward::model::{PlainToken, TokenKind};

use crate::browser::Browser;
use crate::support::{START, TestApp, report};
use crate::token_api::{COOKIE, PERSONAL, body, with};

const ADA: &str = "ada@example.com";

async fn create(browser: &mut Browser<'_>, app: &TestApp, body: &Value) -> (String, String) {
    let made = browser.json(app, Method::POST, PERSONAL, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let json = made.json();
    let id = json["personal_access_token"]["id"].as_str().unwrap();
    (id.to_owned(), json["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_token_is_made_shown_once_listed_and_revoked() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let made = browser.json(&app, Method::POST, PERSONAL, &body()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.headers["cache-control"], "no-store");
    let json = made.json();
    let (facts, token) = (
        &json["personal_access_token"],
        json["token"].as_str().unwrap(),
    );
    assert!(token.starts_with("polar_pat_") && token.len() == 53);
    assert_eq!(facts["scopes"], json!(["orders:read"]));
    assert_eq!(facts["comment"], "deployment");
    assert_eq!(
        (&facts["modified_at"], &facts["last_used_at"]),
        (&Value::Null, &Value::Null)
    );
    let now = app.clock.now();
    assert_eq!(facts["created_at"], now.to_string());
    let end = now.plus(Duration::from_secs(30 * 86_400));
    assert_eq!(facts["expires_at"], end.to_string());
    assert!(app.works(token).await);

    // Introspection was a use, though it is not written down yet.
    for path in [PERSONAL, PERSONAL.trim_end_matches('/')] {
        let list = browser.get(path).await;
        assert_eq!(list.status, 200);
        assert_eq!(list.headers["cache-control"], "no-store");
        assert!(!list.text.contains("polar_"), "{}", list.text);
        let list = list.json();
        assert_eq!(
            list["pagination"],
            json!({ "total_count": 1, "max_page": 1 })
        );
        assert_eq!(list["items"][0]["id"], facts["id"]);
        assert_eq!(list["items"][0]["last_used_at"], now.to_string());
    }

    let path = format!("{PERSONAL}{}", facts["id"].as_str().unwrap());
    let gone = browser.delete(&app, &path).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert!(!app.works(token).await);
    assert_eq!(browser.get(PERSONAL).await.json()["items"], json!([]));
    assert_eq!(browser.delete(&app, &path).await.status, 404);
    let why = "SELECT revoked_reason FROM tokens WHERE kind = 'personal_access_token'";
    assert_eq!(app.rows(why).await[0][0], "owner");
}

#[tokio::test]
async fn lifetimes_are_seconds_or_durations_and_endless_only_on_demand() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for (expires_in, seconds) in [
        (json!(3600), Some(3_600)),
        (json!("PT1H"), Some(3_600)),
        (json!("P1Y"), Some(365 * 86_400)),
        (json!(null), None),
    ] {
        let wanted = with(json!({ "expires_in": expires_in }));
        let made = browser.json(&app, Method::POST, PERSONAL, &wanted).await;
        let end = seconds.map(|s| app.clock.now().plus(Duration::from_secs(s)).to_string());
        let json = made.json();
        assert_eq!(
            json["personal_access_token"]["expires_at"],
            json!(end),
            "{expires_in}"
        );
    }
    for wrong in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("0"),
        json!("P0D"),
        json!("-P1D"),
        json!("PT0S"),
        json!(true),
        json!([]),
        json!(""),
        json!(1e300),
        json!("P200Y"),
        json!("30d"),
    ] {
        let wanted = with(json!({ "expires_in": wrong }));
        let refused = browser.json(&app, Method::POST, PERSONAL, &wanted).await;
        assert_eq!(refused.wrong(), "expires_in", "{wrong}");
    }
    let mut forgotten = body();
    forgotten.as_object_mut().unwrap().remove("expires_in");
    let refused = browser.json(&app, Method::POST, PERSONAL, &forgotten).await;
    assert_eq!(refused.wrong(), "expires_in");
    assert_eq!(refused.json()["detail"][0]["type"], "missing");
    assert_eq!(
        app.number("SELECT count(*) FROM tokens WHERE name = 'deployment'")
            .await,
        4
    );
}

#[tokio::test]
async fn operators_limit_lifetimes_and_then_nothing_is_endless() {
    let limited = "[tokens]\nmax_lifetime = \"30d\"";
    let app = TestApp::builder().settings(limited).start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for wrong in [json!(null), json!("P31D"), json!(30 * 86_400 + 1)] {
        let wanted = with(json!({ "expires_in": wrong }));
        let refused = browser.json(&app, Method::POST, PERSONAL, &wanted).await;
        assert_eq!(refused.wrong(), "expires_in", "{wrong}");
    }
    create(&mut browser, &app, &with(json!({ "expires_in": "P30D" }))).await;
}

#[tokio::test]
async fn names_and_scopes_are_what_they_should_be() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let pasted = app.never_issued();
    for (member, wrong) in [
        ("comment", json!("")),
        ("comment", json!("  ")),
        ("comment", json!(null)),
        ("comment", json!("a\nb")),
        ("comment", json!("x".repeat(101))),
        ("comment", json!(format!("my {} key", pasted.reveal()))),
        ("scopes", json!("orders:read")),
        ("scopes", json!(["nothing:here"])),
        ("scopes", json!(["orders:read orders:write"])),
        ("scopes", json!([""])),
        ("scopes", json!([1])),
        ("scopes", json!(null)),
    ] {
        let wanted = with(json!({ member: wrong }));
        let refused = browser.json(&app, Method::POST, PERSONAL, &wanted).await;
        assert_eq!(refused.wrong(), member, "{wrong}");
    }
    let everything = browser.json(&app, Method::POST, PERSONAL, &json!({})).await;
    let missing = everything.json()["detail"].as_array().unwrap().len();
    assert_eq!((everything.status, missing), (422, 3));
    create(
        &mut browser,
        &app,
        &with(json!({ "scopes": [], "comment": "é".repeat(100) })),
    )
    .await;
}

#[tokio::test]
async fn making_needs_a_fresh_session_and_deleting_does_not() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    app.clock.advance(Duration::from_secs(3_600));
    let (id, _) = create(&mut browser, &app, &with(json!({ "expires_in": null }))).await;
    app.clock.advance(Duration::from_millis(1));
    let stale = browser.json(&app, Method::POST, PERSONAL, &json!({})).await;
    assert_eq!(
        (stale.status, stale.refusal().as_str()),
        (403, "session_not_fresh")
    );
    assert_eq!(
        browser.get(PERSONAL).await.json()["pagination"]["total_count"],
        1
    );
    assert_eq!(
        browser
            .delete(&app, &format!("{PERSONAL}{id}"))
            .await
            .status,
        204
    );
}

/// polar.md 8.1: what a person's token may not do is forbidden; any other is as good as none.
#[tokio::test]
async fn no_token_makes_lists_or_revokes_tokens() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in("ada@example.com").await;
    let user = app.user_named("ada@example.com").await;
    let organization = app.organization("acme", &user).await;
    let personal = app.personal_token(&user, "deploy").await.token;
    let of_organization = app
        .organization_token(organization.id, Some(&user), "ci")
        .await
        .token;
    let session = PlainToken::new(browser.cookies[COOKIE].clone());
    let bearers = [
        (personal, 403),
        (of_organization, 401),
        (session, 401),
        (app.never_issued(), 401),
        (PlainToken::new("x".to_owned()), 401),
    ];
    for (token, status) in bearers {
        for (method, path) in [
            (Method::GET, PERSONAL.to_owned()),
            (Method::POST, PERSONAL.to_owned()),
            (
                Method::DELETE,
                format!("{PERSONAL}01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11"),
            ),
        ] {
            let request = app.api(method.clone(), &path).json(&body());
            let alone = request.header("authorization", format!("bEARER {}", token.reveal()));
            let with_cookie = alone.try_clone().unwrap();
            let refused = app.browser().send(alone).await;
            assert_eq!(refused.status, status, "{method}");
            refused.refusal();
            // A token that is there counts, whatever cookie comes with it.
            assert_eq!(browser.send(with_cookie).await.status, status, "{method}");
        }
    }
    let nobody = app
        .browser()
        .json(&app, Method::POST, PERSONAL, &body())
        .await;
    assert_eq!(
        (nobody.status, nobody.refusal().as_str()),
        (401, "not_signed_in")
    );
    assert_eq!(nobody.headers["www-authenticate"], "Session");
    assert_eq!(app.browser().get(PERSONAL).await.status, 401);
    assert_eq!(
        app.number("SELECT count(*) FROM tokens WHERE name = 'deployment'")
            .await,
        0
    );
}

/// Abuse case 71, for JSON: another site can neither make nor revoke a token.
#[tokio::test]
async fn pages_of_other_sites_make_and_revoke_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let (id, token) = create(&mut browser, &app, &body()).await;
    let path = format!("{PERSONAL}{id}");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for (method, path) in [(Method::POST, PERSONAL), (Method::DELETE, &path)] {
            let request = app.api(method, path).json(&body()).header(name, value);
            let refused = browser.send(request).await;
            assert_eq!(
                (refused.status, refused.refusal().as_str()),
                (403, "cross_site")
            );
        }
    }
    // What a form or a page without leave can send.
    let text = with(json!({ "comment": "planted" })).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let request = app
            .api(Method::POST, PERSONAL)
            .header("content-type", content_type);
        let refused = browser.send(request.body(text.clone())).await;
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (415, "unsupported_media_type")
        );
    }
    let request = app.api(Method::POST, PERSONAL).body(text.clone());
    assert_eq!(browser.send(request).await.status, 415);
    assert!(app.works(&token).await);
    assert_eq!(
        app.number("SELECT count(*) FROM tokens WHERE name = 'planted'")
            .await,
        0
    );
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let json = "application/json; charset=utf-8";
    for (text, status) in [
        (
            r#"{"comment":"a","comment":"b","scopes":[],"expires_in":60,"x":{"y":1}}"#.to_owned(),
            201,
        ),
        ("{".to_owned(), 422),
        (String::new(), 422),
        ("[]".to_owned(), 422),
        ("{\"a\":".repeat(5_000), 422),
        (format!("{{\"comment\":\"{}\"}}", "x".repeat(70_000)), 413),
    ] {
        let request = app.api(Method::POST, PERSONAL).header("content-type", json);
        let answer = browser.send(request.body(text.clone())).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    // The last of two members counts.
    assert_eq!(
        browser.get(PERSONAL).await.json()["items"][0]["comment"],
        "b"
    );
    // Clients that always name a content type are fine.
    let request = app
        .api(Method::GET, PERSONAL)
        .header("content-type", "application/json");
    assert_eq!(browser.send(request).await.status, 200);
    let id = browser.get(PERSONAL).await.json()["items"][0]["id"].clone();
    let path = format!("{PERSONAL}{}", id.as_str().unwrap());
    let request = app
        .api(Method::DELETE, &path)
        .header("content-type", "application/json");
    assert_eq!(browser.send(request).await.status, 204);
    for wrong in ["x", "01926b3c", "%00"] {
        let refused = browser.delete(&app, &format!("{PERSONAL}{wrong}")).await;
        assert_eq!(refused.wrong(), "id", "{wrong}");
    }
    let other = browser.send(app.api(Method::PUT, PERSONAL)).await;
    assert_eq!(
        (other.status, other.headers["allow"].as_bytes()),
        (405, &b"GET, POST"[..])
    );
}

#[tokio::test]
async fn lists_are_paged_and_sorted() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for number in 0..12 {
        app.clock.advance(Duration::from_millis(5));
        let comment = format!("token {:02}", 11 - number);
        create(&mut browser, &app, &with(json!({ "comment": comment }))).await;
    }
    let comments = |json: &Value| -> Vec<String> {
        let items = json["items"].as_array().unwrap().iter();
        items
            .map(|item| item["comment"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = browser.get(PERSONAL).await.json();
    assert_eq!(
        first["pagination"],
        json!({ "total_count": 12, "max_page": 2 })
    );
    assert_eq!(comments(&first).len(), 10);
    assert_eq!(comments(&first)[0], "token 11");
    let second = browser
        .get(&format!("{PERSONAL}?page=2&sorting=-created_at"))
        .await
        .json();
    assert_eq!(comments(&second), ["token 10", "token 11"]);
    let third = browser
        .get(&format!("{PERSONAL}?limit=5&page=3&sorting=comment"))
        .await
        .json();
    assert_eq!(comments(&third), ["token 10", "token 11"]);
    assert_eq!(third["pagination"]["max_page"], 3);
    let all = browser
        .get(&format!("{PERSONAL}?limit=100000&sorting=-last_used_at"))
        .await
        .json();
    assert_eq!(comments(&all).len(), 12);
    let far = browser
        .get(&format!("{PERSONAL}?page=9223372036854775807"))
        .await;
    assert_eq!((far.status, far.json()["items"].clone()), (200, json!([])));
    for (wrong, member) in [
        ("page=0", "page"),
        ("limit=-1", "limit"),
        ("sorting=id", "sorting"),
    ] {
        let refused = browser.get(&format!("{PERSONAL}?{wrong}")).await;
        assert_eq!(refused.wrong(), member);
        assert_eq!(refused.json()["detail"][0]["loc"][0], "query");
    }
}

#[tokio::test]
async fn nobody_sees_or_revokes_tokens_of_somebody_else() {
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (app.browser(), app.browser());
    ada.sign_in(ADA).await;
    eve.sign_in("eve@example.com").await;
    let (id, token) = create(&mut ada, &app, &body()).await;
    assert_eq!(eve.get(PERSONAL).await.json()["items"], json!([]));
    let refused = eve.delete(&app, &format!("{PERSONAL}{id}")).await;
    assert_eq!(
        (refused.status, refused.refusal().as_str()),
        (404, "not_found")
    );
    // Nor is a session revoked by what revokes personal tokens.
    let sessions = app.rows("SELECT hex(id) FROM tokens WHERE kind = 'user_session_token'");
    if !crate::support::is_postgres() {
        let hex = sessions.await[0][0].to_lowercase();
        assert_eq!(
            ada.delete(&app, &format!("{PERSONAL}{hex}")).await.status,
            404
        );
    }
    assert!(app.works(&token).await);
    assert_eq!(ada.get(PERSONAL).await.status, 200);
}

#[tokio::test]
async fn a_leaked_token_disappears_from_the_list() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let (_, token) = create(&mut browser, &app, &body()).await;
    app.github()
        .report(&[report(&PlainToken::new(token.clone()))])
        .await;
    assert!(!app.works(&token).await);
    assert_eq!(
        browser.get(PERSONAL).await.json()["pagination"]["total_count"],
        0
    );
}

#[tokio::test]
async fn an_ended_session_and_a_blocked_user_make_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    app.database
        .execute("UPDATE users SET blocked_at = 1")
        .await;
    assert_eq!(
        browser
            .json(&app, Method::POST, PERSONAL, &body())
            .await
            .status,
        401
    );
    app.database
        .execute("UPDATE users SET blocked_at = NULL")
        .await;
    let mut copy = app.browser();
    copy.cookies = browser.cookies.clone();
    browser.sign_in(ADA).await;
    assert_eq!(
        copy.json(&app, Method::POST, PERSONAL, &body())
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn parallel_requests_make_no_more_than_may_be() {
    let limited = "[tokens]\nmax_per_owner = 5\n[server]\nworkers = 2";
    let app = TestApp::builder().settings(limited).start().await;
    let (mut one, mut two) = (app.browser(), app.browser());
    one.sign_in(ADA).await;
    two.sign_in(ADA).await;
    let requests = (0..16).map(|number| {
        let browser = if number % 2 == 0 { &one } else { &two };
        let cookie = format!("{COOKIE}={}", browser.cookies[COOKIE]);
        let request = app.api(Method::POST, PERSONAL).header("cookie", cookie);
        tokio::spawn(request.json(&body()).send())
    });
    let mut statuses = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        statuses.push(request.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 5].as_slice(), &[409; 11]].concat());
    // One that is deleted makes room, and one that has expired takes none.
    let id = one.get(PERSONAL).await.json()["items"][0]["id"].clone();
    one.delete(&app, &format!("{PERSONAL}{}", id.as_str().unwrap()))
        .await;
    create(&mut one, &app, &with(json!({ "expires_in": 1 }))).await;
    let full = one.json(&app, Method::POST, PERSONAL, &body()).await;
    assert_eq!(full.refusal(), "too_many_tokens");
    app.clock.advance(Duration::from_secs(2));
    create(&mut one, &app, &body()).await;
}

#[tokio::test]
async fn tokens_of_before_are_managed_as_well() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let user = app.user_named(ADA).await;
    let old = app.personal_token(&user, "from the command line").await;
    let list = browser.get(PERSONAL).await.json();
    assert_eq!(list["items"][0]["comment"], "from the command line");
    assert_eq!(
        list["items"][0]["created_at"],
        START.plus(Duration::from_millis(1)).to_string()
    );
    assert_eq!(
        browser
            .delete(&app, &format!("{PERSONAL}{}", old.id))
            .await
            .status,
        204
    );
    assert!(!app.is_active(&old.token).await);
    let kind = TokenKind::PersonalAccessToken.name();
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM tokens WHERE kind = '{kind}'"
        ))
        .await,
        1
    );
}

#[tokio::test]
async fn a_token_in_quarantine_is_listed_as_such_and_can_be_revoked() {
    let policy = "[policy]\ndefault = 'quarantine'";
    let app = TestApp::builder().settings(policy).start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let (id, token) = create(&mut browser, &app, &body()).await;
    let listed = browser.get(PERSONAL).await.json();
    assert_eq!(listed["items"][0]["quarantined_at"], Value::Null);
    let text = PlainToken::new(token.clone());
    app.github().report(&[report(&text)]).await;
    let listed = browser.get(PERSONAL).await.json();
    assert_eq!(listed["pagination"]["total_count"], 1);
    assert_eq!(listed["items"][0]["id"], id);
    assert_eq!(
        listed["items"][0]["quarantined_at"],
        app.clock.now().to_string()
    );
    assert!(!app.works(&token).await);

    let gone = browser.delete(&app, &format!("{PERSONAL}{id}")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(browser.get(PERSONAL).await.json()["items"], json!([]));
}
