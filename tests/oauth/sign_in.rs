//! Signing in by a mailed code, with everything that somebody hostile may try.

use std::time::Duration;

use futures_util::future::join_all;
use tokenward::domain::sessions::Circumstances;
use tokenward::domain::sign_in::{self, SignInRefusal};
use tokenward::domain::users;
use tokenward::model::PlainToken;

use crate::support::TestApp;

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn the_first_sign_in_makes_the_user() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser
        .ask_for_code("Ada@Example.com", "/settings/sessions")
        .await;
    assert_eq!(page.status, 200);
    assert_eq!(app.number("SELECT count(*) FROM users").await, 0);
    let mail = app.read_mail().await;
    assert_eq!((mail.len(), mail[0].to.as_str()), (1, ADA));
    let code = app.mailed_code(ADA).await;
    assert!(!mail[0].subject.contains(&code));
    assert!(mail[0].html.contains(&code));
    let answer = browser
        .type_code(&page, &format!(" {} ", code.to_lowercase()))
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/settings/sessions")
    );
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("tokenward_session=polar_us_"),
        "{cookie}"
    );
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2678400"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let users = app
        .rows("SELECT email FROM users WHERE email_verified_at IS NOT NULL")
        .await;
    assert_eq!(users, [[ADA]]);
    let page = browser.get("/settings/sessions").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("A browser of tests"));
    // The second time it is the same person.
    app.browser().sign_in(ADA).await;
    assert_eq!(app.number("SELECT count(*) FROM users").await, 1);
}

#[tokio::test]
async fn a_code_is_written_down_nowhere() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.ask_for_code(ADA, "/").await;
    let code = app.mailed_code(ADA).await;
    for row in app.rows("SELECT letter FROM outbox").await {
        assert!(!row[0].contains(&code), "{}", row[0]);
    }
}

#[tokio::test]
async fn a_code_works_once_in_the_browser_that_asked_and_for_a_quarter_of_an_hour() {
    let app = TestApp::start().await;
    let (mut one, mut other) = (app.browser(), app.browser());
    let page = one.ask_for_code(ADA, "/").await;
    let others_page = other.ask_for_code("bob@example.com", "/").await;
    let code = app.mailed_code(ADA).await;
    assert_eq!(other.type_code(&others_page, &code).await.status, 422);
    assert_eq!(one.type_code(&page, &code).await.status, 303);
    let mut later = app.browser();
    later.cookies = one.cookies.clone();
    later.cookies.remove("tokenward_session");
    assert_eq!(later.type_code(&page, &code).await.status, 422, "used");

    let page = one.get("/login").await;
    let mut fields = page.form("login");
    fields.push(("email".to_owned(), ADA.to_owned()));
    let page = one.post("/login", &fields).await;
    let page = one.follow(page).await;
    let code = app.mailed_code(ADA).await;
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(one.type_code(&page, &code).await.status, 422, "too old");
}

#[tokio::test]
async fn signing_in_and_failing_to_is_told_in_the_audit_log() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser.ask_for_code(ADA, "/settings/sessions").await;
    let code = app.mailed_code(ADA).await;
    let wrong = if code.starts_with('A') {
        "BBBBBB"
    } else {
        "AAAAAA"
    };
    browser.type_code(&page, wrong).await;
    browser.type_code(&page, &code).await;
    let rows = app
        .rows(
            "SELECT event, actor_kind, detail FROM audit_log
             WHERE request_id IS NOT NULL AND event LIKE 'user.%' ORDER BY event",
        )
        .await;
    let told: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(
        told,
        [
            vec!["user.created", "user", ""],
            vec!["user.sign_in_refused", "stranger", ""],
            vec!["user.signed_in", "user", r#"{"method":"mailed_code"}"#],
        ]
    );
    let everything = app.rows("SELECT actor, detail FROM audit_log").await;
    assert!(
        !everything
            .into_iter()
            .flatten()
            .any(|text| text.contains("ada@"))
    );
}

#[tokio::test]
async fn five_tries_and_no_more_also_at_the_same_time() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser.ask_for_code(ADA, "/").await;
    let code = app.mailed_code(ADA).await;
    for _ in 0..5 {
        let wrong = browser.type_code(&page, "AAAAAA").await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains("id=\"problem\""));
    }
    assert_eq!(browser.type_code(&page, &code).await.status, 422);

    // Nobody gets a sixth try by asking all at once.
    let secret = PlainToken::new(browser.cookies["tokenward_browser"].clone());
    browser.ask_for_code(ADA, "/").await;
    let code = app.mailed_code(ADA).await;
    let typed: Vec<_> = (0..20)
        .map(|n| {
            if n == 19 {
                code.clone()
            } else {
                "AAAAAA".to_owned()
            }
        })
        .collect();
    let circumstances = Circumstances::default();
    let tries = typed
        .iter()
        .map(|text| sign_in::enter(&app.ctx, &secret, text, &circumstances));
    let outcomes = join_all(tries).await;
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(SignInRefusal::WrongCode)));
    assert!(refused.count() >= 19);
    assert_eq!(app.number("SELECT max(attempts) FROM login_codes").await, 5);
}

#[tokio::test]
async fn a_code_that_is_typed_twice_at_once_signs_in_once() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.ask_for_code(ADA, "/").await;
    let code = app.mailed_code(ADA).await;
    let secret = PlainToken::new(browser.cookies["tokenward_browser"].clone());
    let circumstances = Circumstances::default();
    let tries = (0..5).map(|_| sign_in::enter(&app.ctx, &secret, &code, &circumstances));
    let outcomes = join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn another_code_takes_the_place_of_the_first() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser.ask_for_code(ADA, "/").await;
    let first = app.mailed_code(ADA).await;
    app.clock.advance(Duration::from_secs(30));
    let page = browser.post("/login", &page.form("resend-form")).await;
    let page = browser.follow(page).await;
    assert_eq!(page.status, 200);
    let second = app.mailed_code(ADA).await;
    assert_ne!(first, second);
    assert_eq!(browser.type_code(&page, &first).await.status, 422);
    assert_eq!(browser.type_code(&page, &second).await.status, 303);
}

/// Nobody learns from the page which addresses are known.
#[tokio::test]
async fn known_unknown_and_blocked_addresses_look_the_same() {
    let settings = "[sign_in]\nsign_up = false";
    let app = TestApp::builder().settings(settings).start().await;
    app.user(ADA).await;
    let blocked = app.user("eve@example.com").await;
    users::block(&app.ctx, &blocked.email).await.unwrap();
    let csrf = regex::Regex::new(r#"name="csrf" value="[^"]*""#).unwrap();
    let mut pages = Vec::new();
    for email in [ADA, "eve@example.com", "nobody@example.com"] {
        let mut browser = app.browser();
        let page = browser.ask_for_code(email, "/").await;
        let wrong = browser.type_code(&page, "AAAAAA").await;
        let neutral = |text: &str| {
            let text = text.replace(email, "somebody");
            csrf.replace_all(&text, "").into_owned()
        };
        pages.push((
            page.status,
            neutral(&page.text),
            wrong.status,
            neutral(&wrong.text),
        ));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);
    let mail = app.read_mail().await;
    assert_eq!((mail.len(), mail[0].to.as_str()), (1, ADA));
}

#[tokio::test]
async fn whoever_is_blocked_between_letter_and_code_stays_out() {
    let app = TestApp::start().await;
    let ada = app.user(ADA).await;
    let mut browser = app.browser();
    let page = browser.ask_for_code(ADA, "/").await;
    let code = app.mailed_code(ADA).await;
    users::block(&app.ctx, &ada.email).await.unwrap();
    assert_eq!(browser.type_code(&page, &code).await.status, 422);
}

#[tokio::test]
async fn an_address_gets_six_codes_an_hour_and_nobody_sees_when_it_had_them() {
    let app = TestApp::start().await;
    for _ in 0..8 {
        let page = app.browser().ask_for_code(ADA, "/").await;
        assert_eq!(page.status, 200);
    }
    assert_eq!(app.read_mail().await.len(), 6);
    app.clock.advance(Duration::from_secs(3_601));
    app.browser().ask_for_code(ADA, "/").await;
    assert_eq!(app.read_mail().await.len(), 7);
}

#[tokio::test]
async fn a_network_address_asks_for_so_many_codes_and_then_waits() {
    let settings = "[limits]\nlogin_codes_from_address = \"3 in 1h\"\n\
                    [server]\ntrusted_proxies = [\"127.0.0.1\"]";
    let app = TestApp::builder().settings(settings).start().await;
    let ask = async |from: &str, email: &str| {
        let mut browser = app.browser();
        let page = browser.get("/login").await;
        let mut fields = page.form("login");
        fields.push(("email".to_owned(), email.to_owned()));
        let headers = [("x-forwarded-for", from)];
        browser.post_with("/login", &fields, &headers).await
    };
    for n in 0..3 {
        let from = format!("198.51.100.1, 2001:db8::{n}");
        assert_eq!(ask(&from, &format!("a{n}@example.com")).await.status, 303);
    }
    // What comes before the last stranger is that stranger's word, and an IPv6 network is one.
    let refused = ask("203.0.113.9, 2001:db8::ffff", ADA).await;
    assert_eq!(refused.status, 429);
    assert!(
        refused.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            <= 3_600
    );
    assert!(refused.text.contains("id=\"error-title\""));
    assert_eq!(ask("203.0.113.9", ADA).await.status, 303);
}

#[tokio::test]
async fn a_strangers_forwarded_header_is_not_believed() {
    let settings = "[limits]\nlogin_codes_from_address = \"1 in 1h\"\n\
                    [sign_in]\nproxy_header = \"X-Forwarded-Email\"\n\
                    [server]\ntrusted_proxies = [\"192.0.2.1\"]";
    let app = TestApp::builder().settings(settings).start().await;
    for (n, status) in [(1, 303), (2, 429)] {
        let mut browser = app.browser();
        let page = browser.get("/login").await;
        let mut fields = page.form("login");
        fields.push(("email".to_owned(), ADA.to_owned()));
        let from = format!("198.51.100.{n}");
        let headers = [("x-forwarded-for", from.as_str())];
        assert_eq!(
            browser.post_with("/login", &fields, &headers).await.status,
            status
        );
    }
    let mut browser = app.browser();
    let request = app.http.get(format!("{}/login", app.url));
    let page = browser.send(request.header("x-forwarded-email", ADA)).await;
    assert_eq!(page.status, 200, "nobody was signed in");
    assert!(!browser.cookies.contains_key("tokenward_session"));
}

#[tokio::test]
async fn a_trusted_proxy_says_who_signed_in() {
    let settings = "[sign_in]\nproxy_header = \"X-Forwarded-Email\"\n\
                    [server]\ntrusted_proxies = [\"127.0.0.0/8\"]";
    let app = TestApp::builder().settings(settings).start().await;
    let open = async |values: &[&str]| {
        let mut browser = app.browser();
        let mut request = app
            .http
            .get(format!("{}/login?return_to=/settings/sessions", app.url));
        for value in values {
            request = request.header("x-forwarded-email", *value);
        }
        let answer = browser.send(request).await;
        (
            answer.status,
            browser.cookies.contains_key("tokenward_session"),
        )
    };
    assert_eq!(open(&[ADA]).await, (303, true));
    for nobody in [&[][..], &["nonsense"], &[ADA, "eve@example.com"]] {
        assert_eq!(open(nobody).await, (200, false), "{nobody:?}");
    }
    // A picture on somebody's page begins no session.
    let mut browser = app.browser();
    let request = app.http.get(format!("{}/login", app.url));
    let request = request.header("x-forwarded-email", ADA);
    let answer = browser
        .send(request.header("sec-fetch-dest", "image"))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(app.number("SELECT count(*) FROM sessions").await, 1);
    let eve = app.user("eve@example.com").await;
    users::block(&app.ctx, &eve.email).await.unwrap();
    assert_eq!(open(&["eve@example.com"]).await, (403, false));
}

#[tokio::test]
async fn a_reviewer_enters_with_the_fixed_code() {
    let settings = "[sign_in]\nreview_email = \"review@example.com\"\nreview_code = \"RV1EWO\"\n\
                    sign_up = false";
    let app = TestApp::builder().settings(settings).start().await;
    let mut browser = app.browser();
    let page = browser.ask_for_code("review@example.com", "/").await;
    assert_eq!(app.read_mail().await.len(), 0);
    assert_eq!(browser.type_code(&page, "RV1EWX").await.status, 422);
    assert_eq!(browser.type_code(&page, "rv1ewo").await.status, 303);
    // It opens no other account.
    app.user(ADA).await;
    let mut browser = app.browser();
    let page = browser.ask_for_code(ADA, "/").await;
    assert_eq!(browser.type_code(&page, "RV1EWO").await.status, 422);
}

#[tokio::test]
async fn a_letter_that_waited_longer_than_its_code_is_not_sent() {
    let app = TestApp::start().await;
    app.browser().ask_for_code(ADA, "/").await;
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(app.read_mail().await.len(), 0);
    let errors = app
        .rows("SELECT last_error FROM outbox WHERE dead_at IS NOT NULL")
        .await;
    assert!(errors[0][0].contains("expired"), "{errors:?}");
}

#[tokio::test]
async fn codes_leave_before_other_letters() {
    let app = TestApp::start().await;
    let cast = app.cast("bob").await;
    let token = app.personal_token(&cast.user, "deploy").await;
    app.github()
        .report(&[crate::support::report(&token.token)])
        .await;
    app.clock.advance(Duration::from_secs(1));
    app.browser().ask_for_code(ADA, "/").await;
    let to: Vec<_> = app
        .read_mail()
        .await
        .into_iter()
        .map(|mail| mail.to)
        .collect();
    assert_eq!(to, [ADA, "bob@example.com"]);
}

#[tokio::test]
async fn what_is_no_address_is_said_so() {
    let app = TestApp::start().await;
    for wrong in ["", "ada", "ada@", "a b@example.com", "<script>@example.com"] {
        let page = app.browser().ask_for_code(wrong, "/").await;
        assert_eq!(page.status, 422, "{wrong}");
        assert!(page.text.contains("role=\"alert\""));
        assert!(!page.text.contains("<script>"));
    }
}

#[tokio::test]
async fn old_requests_are_deleted() {
    let app = TestApp::start().await;
    app.browser().ask_for_code(ADA, "/").await;
    app.clock.advance(Duration::from_secs(3 * 3_600));
    app.browser().ask_for_code("bob@example.com", "/").await;
    assert_eq!(app.number("SELECT count(*) FROM login_codes").await, 1);
}
