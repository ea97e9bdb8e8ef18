//! Sessions: begun at sign-in, listed and ended by their owner; and what protects every page.

use std::time::Duration;

use crate::browser::{Browser, PageAnswer};
use crate::flow::Ask;
use crate::support::{TestApp, report};
use tokenward::domain::leaked_uses;
use tokenward::model::PlainToken;

const ADA: &str = "ada@example.com";
const COOKIE: &str = "tokenward_session";

async fn is_in(browser: &mut Browser<'_>) -> bool {
    browser.get("/settings/sessions").await.status == 200
}

#[tokio::test]
async fn a_session_ends_after_31_days_however_much_it_is_used() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    assert!(!is_in(&mut browser).await);
    browser.sign_in(ADA).await;
    for _ in 0..30 {
        app.clock.advance(Duration::from_secs(86_400));
        assert!(is_in(&mut browser).await);
    }
    app.clock.advance(Duration::from_secs(86_400));
    let page = browser.get("/settings/sessions").await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/login?return_to=%2Fsettings%2Fsessions")
    );
}

/// Abuse case 71: the id of a session changes at sign-in.
#[tokio::test]
async fn signing_in_again_replaces_the_session() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let before = browser.cookies[COOKIE].clone();
    browser.sign_in(ADA).await;
    let mut old = app.browser();
    old.cookies.insert(COOKIE.to_owned(), before);
    assert!(!is_in(&mut old).await);
    assert!(is_in(&mut browser).await);
    assert_eq!(
        app.number("SELECT count(DISTINCT sid) FROM sessions").await,
        1
    );
    // Somebody else in the same browser is somebody else.
    browser.sign_in("bob@example.com").await;
    assert_eq!(
        app.number("SELECT count(DISTINCT sid) FROM sessions").await,
        2
    );
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn a_planted_session_is_none() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser
        .cookies
        .insert(COOKIE.to_owned(), app.never_issued().reveal().to_owned());
    assert!(!is_in(&mut browser).await);
    let cast = app.cast("bob").await;
    let personal = app.personal_token(&cast.user, "deploy").await;
    browser
        .cookies
        .insert(COOKIE.to_owned(), personal.token.reveal().to_owned());
    assert!(!is_in(&mut browser).await);
}

#[tokio::test]
async fn its_owner_ends_one_session_or_all_others() {
    let app = TestApp::start().await;
    let (mut one, mut two, mut three) = (app.browser(), app.browser(), app.browser());
    for browser in [&mut one, &mut two, &mut three] {
        browser.sign_in(ADA).await;
        app.clock.advance(Duration::from_secs(60));
    }
    let page = one.get("/settings/sessions").await;
    assert_eq!(
        page.text
            .matches("action=\"/settings/sessions/end\"")
            .count(),
        3
    );
    // The newest is listed first.
    let ended = one
        .post(
            "/settings/sessions/end",
            &page.form_to("/settings/sessions/end"),
        )
        .await;
    assert_eq!(
        (ended.status, ended.location()),
        (303, "/settings/sessions")
    );
    assert!(!is_in(&mut three).await && is_in(&mut two).await);
    let fields = page.form_to("/settings/sessions/end-others");
    assert_eq!(
        one.post("/settings/sessions/end-others", &fields)
            .await
            .status,
        303
    );
    assert!(!is_in(&mut two).await && is_in(&mut one).await);

    let mut eve = app.browser();
    eve.sign_in("eve@example.com").await;
    let id = app.rows("SELECT email FROM users").await.len();
    assert_eq!(id, 2);
    let eves = eve.get("/settings/sessions").await;
    let mut fields = eves.form_to("/settings/sessions/end");
    let page = one.get("/settings/sessions").await;
    fields[1] = page.form_to("/settings/sessions/end")[1].clone();
    eve.post("/settings/sessions/end", &fields).await;
    assert!(
        is_in(&mut one).await,
        "nobody ends a session of somebody else"
    );
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let before = browser.cookies[COOKIE].clone();
    let page = browser.get("/settings/sessions").await;
    let out = browser.post("/logout", &page.form_to("/logout")).await;
    assert_eq!((out.status, out.location()), (303, "/login"));
    assert!(!browser.cookies.contains_key(COOKIE));
    browser.cookies.insert(COOKIE.to_owned(), before);
    assert!(!is_in(&mut browser).await);
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn a_leaked_session_ends_them_all() {
    let app = TestApp::start().await;
    let (mut one, mut two) = (app.browser(), app.browser());
    one.sign_in(ADA).await;
    two.sign_in(ADA).await;
    let leaked = PlainToken::new(one.cookies[COOKIE].clone());
    assert_eq!(app.github().report(&[report(&leaked)]).await.status, 200);
    assert!(!is_in(&mut one).await && !is_in(&mut two).await);
    // The leaked one was tried just now, and that is an alarm; the other is only a sign-in that
    // ended.
    leaked_uses::flush(&app.ctx).await.unwrap();
    assert_eq!(
        app.rows("SELECT via, address FROM leaked_uses").await,
        [["session", "127.0.0.1"]]
    );
}

/// Whoever had the session could allow any client anything.
#[tokio::test]
async fn a_leaked_session_takes_what_was_granted_in_it_along() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let (mut one, mut two) = (app.browser(), app.browser());
    let mut tokens = Vec::new();
    for browser in [&mut one, &mut two] {
        browser.sign_in(ADA).await;
        let ask = Ask::of(&party).with("prompt", "consent");
        let answer = browser.allow(&ask).await.answered();
        let answer = app.exchange_asked(&party, &answer["code"]).await;
        tokens.push(answer.member("access_token"));
    }
    let leaked = PlainToken::new(one.cookies[COOKIE].clone());
    assert_eq!(app.github().report(&[report(&leaked)]).await.status, 200);
    assert!(!app.works(&tokens[0]).await);
    assert!(app.works(&tokens[1]).await, "another session granted that");
    let letters = app.read_mail().await;
    let letter = &letters.last().unwrap().text;
    // The other session, the refresh token and the access token.
    let ended = "With it we ended 3 other sessions and tokens of the same account.";
    assert!(letter.contains(ended), "{letter}");

    // It was dead already, and told the finder nothing; what it had made is dead all the same.
    let mut again = app.browser();
    again.sign_in(ADA).await;
    let answer = again.authorize(&Ask::of(&party)).await.answered();
    let answer = app.exchange_asked(&party, &answer["code"]).await;
    let leaked = PlainToken::new(again.cookies[COOKIE].clone());
    let page = again.get("/settings/sessions").await;
    again.post("/logout", &page.form_to("/logout")).await;
    assert!(app.works(&answer.member("access_token")).await);
    assert_eq!(app.github().report(&[report(&leaked)]).await.status, 200);
    assert!(!app.works(&answer.member("access_token")).await);
    let letters = app.read_mail().await;
    let letter = &letters.last().unwrap().text;
    assert!(
        !letter.contains("Nothing of yours stops working"),
        "{letter}"
    );
    app.everything_is_in_the_audit_log().await;
}

/// Abuse case 71.
#[tokio::test]
async fn a_form_that_is_not_ours_is_refused() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let mut other = app.browser();
    other.sign_in("eve@example.com").await;
    let good = browser.get("/settings/sessions").await.form_to("/logout");
    let foreign = other.get("/settings/sessions").await.form_to("/logout");
    let token = |text: &str| vec![("csrf".to_owned(), text.to_owned())];
    for path in [
        "/logout",
        "/login",
        "/login/code",
        "/settings/sessions/end",
        "/settings/sessions/end-others",
    ] {
        for fields in [vec![], token(""), token("x"), foreign.clone()] {
            let answer = browser.post(path, &fields).await;
            assert_eq!(answer.status, 403, "{path} {fields:?}");
            assert!(answer.text.contains("id=\"error-title\""));
        }
        for headers in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let answer = browser.post_with(path, &good, &[headers]).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
    }
    assert!(is_in(&mut browser).await);
    let answer = browser
        .post_with("/logout", &good, &[("sec-fetch-site", "same-origin")])
        .await;
    assert_eq!(answer.status, 303);
}

fn guarded(page: &PageAnswer) {
    let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.markup().contains("<script") && !page.text.contains(" style="));
}

/// Abuse cases 6, 72, 73 and 74.
#[tokio::test]
async fn every_page_is_guarded() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    guarded(&page);
    assert_eq!(page.headers["cross-origin-opener-policy"], "same-origin");
    guarded(&browser.ask_for_code(ADA, "/").await);
    guarded(&browser.post("/logout", &[]).await);
    browser.sign_in(ADA).await;
    guarded(&browser.get("/settings/sessions").await);
    let style = browser.get("/login").await;
    let path = regex::Regex::new(r#"rel="stylesheet" href="(/assets/[^"]*)""#).unwrap();
    let path = path.captures(&style.text).unwrap()[1].to_owned();
    let style = browser.get(&path).await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert!(
        style.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    assert_eq!(browser.get("/assets/other.css").await.status, 404);
}

#[tokio::test]
async fn where_there_is_https_cookies_and_headers_insist_on_it() {
    let settings = "[server]\npublic_url = \"https://tokens.example\"";
    let app = TestApp::builder().settings(settings).start().await;
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    assert_eq!(
        page.headers["strict-transport-security"],
        "max-age=31536000"
    );
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-tokenward_browser="), "{cookie}");
    assert!(cookie.contains("Secure") && !cookie.contains("Domain"));
    browser.sign_in(ADA).await;
    assert!(browser.cookies.contains_key("__Host-tokenward_session"));
}

/// Abuse case 22.
#[tokio::test]
async fn nobody_is_sent_to_another_site_after_signing_in() {
    let app = TestApp::start().await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:x",
    ] {
        let mut browser = app.browser();
        let answer = browser.sign_in_to("ada@example.com", elsewhere).await;
        assert_eq!(answer.location(), "/settings/sessions", "{elsewhere}");
        app.clock.advance(Duration::from_secs(3_600));
    }
    let answer = app
        .browser()
        .sign_in_to(ADA, "/oauth2/authorize?a=b%20c")
        .await;
    assert_eq!(answer.location(), "/oauth2/authorize?a=b%20c");
}
