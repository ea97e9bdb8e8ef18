//! `/settings/exposures`: what a person learns about their leaks.

use std::time::Duration;

use tokenward::domain::tokens::Issued;
use tokenward::domain::{leaked_uses, retention};
use tokenward::model::Role;

use crate::browser::{Browser, PageAnswer};
use crate::support::{AtOnce, TestApp, report, report_at};

const ADA: &str = "ada@example.com";
const HERE: &str = "/settings/exposures";
const DAY: Duration = Duration::from_secs(86_400);

/// The first exposure on a list.
fn first(page: &PageAnswer, base: &str) -> String {
    let link = regex::Regex::new(&format!("href=\"({base}/[0-9a-f-]{{36}})\"")).unwrap();
    let found = link.captures(&page.text);
    found.unwrap_or_else(|| panic!("nothing is listed: {}", page.text))[1].to_owned()
}

async fn signed_in<'a>(app: &'a TestApp, email: &str) -> Browser<'a> {
    let mut browser = app.browser();
    browser.sign_in(email).await;
    browser
}

/// A token of Ada's that was used, and leaked a minute later.
async fn leak(app: &TestApp) -> Issued {
    let ada = app.user_named(ADA).await;
    let token = app.personal_token(&ada, "<i>deploy</i>").await;
    assert!(app.is_active(&token.token).await);
    app.clock.advance(Duration::from_secs(60));
    let place = "https://x.example/\"><script>alert(1)</script>";
    let report = report_at(token.token.reveal(), place);
    app.github().report(&[report]).await;
    token
}

#[tokio::test]
async fn a_leak_is_told_as_a_story_with_what_to_do() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app, ADA).await;
    let none = browser.get(HERE).await;
    assert!(none.text.contains("Nothing has leaked"), "{}", none.text);
    let token = leak(&app).await;
    let list = browser.get(HERE).await;
    assert!(
        list.text.contains("GitHub") && !list.text.contains("<script>"),
        "{}",
        list.text
    );
    let path = first(&list, HERE);
    let story = browser.get(&path).await;
    for told in [
        "The token was created",
        "It was last used",
        "It was found, reported by GitHub",
        "It was revoked at once",
        "https://x.example/&#34;&#62;&#60;script",
        "id=\"not-tried\"",
        "What the token could do",
    ] {
        assert!(story.text.contains(told), "{told}: {}", story.text);
    }
    assert!(!story.text.contains("<script>") && !story.text.contains("<i>"));
    let link = "href=\"https://x.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E\" rel=\"noreferrer noopener\"";
    assert!(story.text.contains(link), "{}", story.text);

    // Somebody tries it afterwards.
    app.clock.advance(Duration::from_secs(60));
    assert!(!app.is_active(&token.token).await);
    leaked_uses::flush(&app.ctx).await.unwrap();
    let story = browser.get(&path).await;
    assert!(
        story.text.contains("tried to use it 1 time after"),
        "{}",
        story.text
    );
    assert!(story.text.contains("Somebody tried to use it</strong>"));

    // The button leads to a form that is filled in.
    let like = format!("/settings/tokens/new?like={}", token.id);
    assert!(story.text.contains(&format!("href=\"{like}\"")));
    let form = browser.get(&like).await;
    assert!(
        form.text
            .contains("value=\"&#60;i&#62;deploy&#60;/i&#62;\""),
        "{}",
        form.text
    );
    assert!(form.text.contains("value=\"orders:write\" checked"));
}

#[tokio::test]
async fn a_leak_is_nobody_elses_business() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app, ADA).await;
    leak(&app).await;
    let path = first(&browser.get(HERE).await, HERE);
    let mut eve = signed_in(&app, "eve@example.com").await;
    assert_eq!(eve.get(&path).await.status, 404);
    for odd in ["x", "0190163d-8694-739b-aea5-966c26f8ad90"] {
        assert_eq!(eve.get(&format!("{HERE}/{odd}")).await.status, 404);
    }
    assert!(eve.get(HERE).await.text.contains("Nothing has leaked"));
    let out = app.browser().get(&path).await;
    assert!(out.status == 303 && out.location().starts_with("/login?return_to="));
    // Not by way of an organization either.
    let owner = app.user_named("eve@example.com").await;
    app.organization("acme", &owner).await;
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(
        eve.get(&format!("/organizations/acme/exposures/{id}"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn an_organizations_leak_is_told_to_its_managers_and_to_whoever_made_the_token() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app, ADA).await;
    let mut maker = signed_in(&app, "bob@example.com").await;
    let (ada, bob) = (
        app.user_named(ADA).await,
        app.user_named("bob@example.com").await,
    );
    let acme = app.organization("acme", &ada).await;
    app.member(&acme, &bob, Role::Member).await;
    let token = app.organization_token(acme.id, Some(&bob), "robot").await;
    app.github().report(&[report(&token.token)]).await;
    let base = "/organizations/acme/exposures";
    let path = first(&browser.get(base).await, base);
    let story = browser.get(&path).await;
    let like = format!("href=\"/organizations/acme/tokens/new?like={}\"", token.id);
    assert!(story.text.contains(&like), "{}", story.text);
    assert!(browser.get(HERE).await.text.contains("Nothing has leaked"));
    // Whoever made it got a letter, and finds it among their own.
    assert_eq!(maker.get(base).await.status, 403);
    let own = first(&maker.get(HERE).await, HERE);
    let story = maker.get(&own).await;
    assert!(
        story.text.contains("Ask an owner or admin"),
        "{}",
        story.text
    );
    assert!(!story.text.contains("/tokens/new?like="));
}

#[tokio::test]
async fn what_still_works_is_said_to_work() {
    let settings = "[policy]\ndefault = \"notify\"";
    let app = TestApp::builder().settings(settings).start().await;
    let mut browser = signed_in(&app, ADA).await;
    let token = leak(&app).await;
    let path = first(&browser.get(HERE).await, HERE);
    let story = browser.get(&path).await;
    assert!(
        story.text.contains("The token still works"),
        "{}",
        story.text
    );
    let revoke = format!("/settings/tokens/{}/revoke", token.id);
    assert!(story.text.contains(&format!("href=\"{revoke}\"")));
    let form = browser.get(&revoke).await.form("token-revoke");
    assert_eq!(browser.post(&revoke, &form).await.status, 303);
    let story = browser.get(&path).await;
    assert!(
        !story.text.contains("The token still works"),
        "{}",
        story.text
    );
}

#[tokio::test]
async fn a_place_that_is_forgotten_is_said_to_be() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app, ADA).await;
    leak(&app).await;
    app.read_mail().await;
    app.clock.advance(DAY * 29);
    let path = first(&browser.get(HERE).await, HERE);
    app.clock.advance(DAY * 10);
    retention::scrub(&app.ctx, &AtOnce).await.unwrap();
    let mut browser = signed_in(&app, ADA).await;
    for page in [browser.get(HERE).await, browser.get(&path).await] {
        assert!(page.text.contains("no longer kept"), "{}", page.text);
        assert!(!page.text.contains("x.example"));
    }
}

#[tokio::test]
async fn many_places_come_page_by_page_and_in_one_story() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app, ADA).await;
    let ada = app.user_named(ADA).await;
    let token = app.personal_token(&ada, "deploy").await;
    for number in 0..23 {
        app.clock.advance(Duration::from_secs(1));
        let url = format!("https://x.example/{number}.");
        let report = report_at(token.token.reveal(), &url);
        app.github().report(&[report]).await;
    }
    let page = browser.get(HERE).await;
    assert_eq!(page.text.matches("https://x.example/").count(), 20);
    let next = regex::Regex::new("rel=\"next\" href=\"([^\"]*)\"").unwrap();
    let next = next.captures(&page.text).unwrap()[1].to_owned();
    assert_eq!(
        browser
            .get(&next)
            .await
            .text
            .matches("https://x.example/")
            .count(),
        3
    );
    let story = browser.get(&first(&page, HERE)).await;
    assert_eq!(story.text.matches("<bdi>https://x.example/").count(), 23);
    assert!(story.text.contains("already dead"), "{}", story.text);
}
