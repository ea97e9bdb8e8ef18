//! `GET /v1/exposures`: where tokens were seen, for internal services.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::model::{PlainToken, TokenKind};

use crate::support::{Answer, TestApp, report_at};

async fn get(app: &TestApp, key: &PlainToken, path: &str) -> Answer {
    let request = app.http.get(format!("{}{path}", app.url));
    let answer = request.bearer_auth(key.reveal()).send().await;
    Answer::read(answer.expect("the service answers")).await
}

async fn list(app: &TestApp, key: &PlainToken, query: &str) -> Value {
    let answer = get(app, key, &format!("/v1/exposures?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

fn urls(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["url"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_service_reads_page_by_page_newest_first() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let key = app.service_key("exposures:read").await.token;
    let token = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    for number in 0..5 {
        app.clock.advance(Duration::from_secs(60));
        let url = format!("https://x.example/{number}");
        app.github()
            .report(&[report_at(token.token.reveal(), &url)])
            .await;
    }
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = list(&app, &key, &query).await;
        seen.extend(urls(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("limit=2&cursor={cursor}");
    }
    let all: Vec<_> = (0..5)
        .rev()
        .map(|n| format!("https://x.example/{n}"))
        .collect();
    assert_eq!(seen, all);
    let item = &list(&app, &key, "limit=1").await["items"][0];
    assert_eq!(item["origin"], "github");
    assert_eq!(item["state_before"], "revoked");
    assert_eq!(item["token"]["id"], token.id.to_string());
    assert_eq!(item["token"]["user_id"], cast.user.id.to_string());
    assert_eq!(item["token"]["name"], "personal_access_token");
    let path = format!("/v1/exposures/{}", item["id"].as_str().unwrap());
    let one = get(&app, &key, &path).await;
    let mut details: Value = serde_json::from_str(&one.text).unwrap();
    let members = details.as_object_mut().unwrap();
    let total = members.remove("attempts_total");
    let attempts = members.remove("attempts");
    assert_eq!((total, attempts), (Some(json!(0)), Some(json!([]))));
    assert_eq!(&details, item);
    assert!(!one.text.contains("ada@example.com"), "ids are enough");
}

#[tokio::test]
async fn a_service_asks_for_what_it_needs() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.cast("ada").await, app.cast("bob").await);
    let key = app.service_key("exposures:read").await.token;
    let before = app.clock.now();
    for (cast, kind, url) in [
        (
            &ada,
            TokenKind::PersonalAccessToken,
            "https://x.example/ada",
        ),
        (
            &bob,
            TokenKind::PersonalAccessToken,
            "https://x.example/bob",
        ),
        (&bob, TokenKind::ClientSecret, "https://x.example/secret"),
        (
            &ada,
            TokenKind::OrganizationAccessToken,
            "https://x.example/org",
        ),
    ] {
        let token = app.token_of(kind, cast).await;
        app.clock.advance(Duration::from_secs(60));
        app.github()
            .report(&[report_at(token.token.reveal(), url)])
            .await;
    }
    let since = before.plus(Duration::from_secs(180));
    for (query, expected) in [
        (format!("user_id={}", ada.user.id), &["org", "ada"][..]),
        (format!("organization_id={}", ada.organization.id), &["org"]),
        (format!("client_id={}", bob.client_id), &["secret"]),
        ("kind=personal_access_token".to_owned(), &["bob", "ada"]),
        ("origin=github&limit=1".to_owned(), &["org"]),
        ("origin=gitlab".to_owned(), &[]),
        (format!("since={since}"), &["org", "secret"]),
        (format!("until={since}"), &["bob", "ada"]),
        (format!("until={since}&kind=client_secret"), &[]),
    ] {
        let page = list(&app, &key, &query).await;
        let names: Vec<_> = urls(&page);
        let names: Vec<_> = names
            .iter()
            .map(|url| url.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(names, expected, "{query}");
    }
}

#[tokio::test]
async fn what_was_seen_of_a_customer_is_found_by_their_name() {
    let app = TestApp::start().await;
    let ada = app.cast("ada").await;
    let key = app.service_key("exposures:read").await.token;
    for kind in [
        TokenKind::CustomerSessionToken,
        TokenKind::OrganizationAccessToken,
    ] {
        let token = app.token_of(kind, &ada).await;
        let url = format!("https://x.example/{}", kind.name());
        app.github()
            .report(&[report_at(token.token.reveal(), &url)])
            .await;
    }
    let page = list(&app, &key, "customer=customer-17").await;
    assert_eq!(urls(&page), ["https://x.example/customer_session_token"]);
    assert_eq!(page["items"][0]["token"]["customer"], "customer-17");
    let nobodys = list(&app, &key, "customer=customer-18").await;
    assert!(urls(&nobodys).is_empty());
    let others = list(&app, &key, "kind=organization_access_token").await;
    assert_eq!(others["items"][0]["token"]["customer"], Value::Null);
}

#[tokio::test]
async fn who_may_not_or_asks_wrongly_reads_nothing() {
    let app = TestApp::start().await;
    let key = app.service_key("exposures:read").await.token;
    let other = app.service_key("tokens:revoke").await.token;
    let nobody = "/v1/exposures/01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";
    assert_eq!(get(&app, &key, nobody).await.status, 404);
    for path in ["/v1/exposures", nobody, "/v1/exposures/x"] {
        assert_eq!(get(&app, &other, path).await.status, 403);
        assert_eq!(get(&app, &app.never_issued(), path).await.status, 401);
    }
    for wrong in [
        "user_id=x",
        "cursor=x",
        "kind=x",
        "since=yesterday",
        "limit=0",
        "limit=101",
        "origin=%00",
        "customer=%00",
        "orign=github",
        "organisation_id=",
    ] {
        let path = format!("/v1/exposures?{wrong}");
        assert_eq!(get(&app, &key, &path).await.status, 422, "{wrong}");
    }
    // Whoever says nothing asks for nothing.
    let empty = "/v1/exposures?user_id=&kind=";
    assert_eq!(get(&app, &key, empty).await.status, 200);
}
