//! `/settings/tokens` and `/organizations/{slug}/tokens`, as a person without script uses them.

use std::time::Duration;

use regex::Regex;
use tokenward::domain::{organizations, users};
use tokenward::model::{PlainToken, Role};

use crate::browser::{Browser, PageAnswer};
use crate::support::{TestApp, address, report};

const ADA: &str = "ada@example.com";
const OWN: &str = "/settings/tokens";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

type Fields = Vec<(String, String)>;

/// Fields as somebody types them, besides those that stand on the page.
fn typed(page: &PageAnswer, form: &str, more: &[(&str, &str)]) -> Fields {
    let mut fields = page.form(form);
    fields.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    fields
}

const DEPLOY: [(&str, &str); 4] = [
    ("name", "deploy"),
    ("scopes", "orders:read"),
    ("scopes", "products:read"),
    ("expires", "30"),
];

/// The text of a token that a page shows.
fn secret(page: &PageAnswer) -> Option<PlainToken> {
    let shown = Regex::new(r#"<code id="secret">(polar_[A-Za-z0-9_]+)</code>"#).unwrap();
    let found = shown.captures(&page.text)?;
    Some(PlainToken::new(found[1].to_owned()))
}

fn id_of(page: &PageAnswer, deed: &str) -> String {
    let link = Regex::new(&format!("/tokens/([0-9a-f-]{{36}})/{deed}\"")).unwrap();
    link.captures(&page.text).expect("a token is listed")[1].to_owned()
}

/// Makes the usual token under `base`, and gives its text.
async fn make(browser: &mut Browser<'_>, base: &str) -> PlainToken {
    let page = browser.get(&format!("{base}/new")).await;
    let fields = typed(&page, "token-new", &DEPLOY);
    let made = browser.post(&format!("{base}/new"), &fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    secret(&made).expect("the token is shown")
}

async fn signed_in(app: &TestApp) -> Browser<'_> {
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    browser
}

#[tokio::test]
async fn a_token_is_made_in_one_step_and_shown_once() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let empty = browser.get(OWN).await;
    assert!(empty.text.contains("No tokens yet"), "{}", empty.text);
    let page = browser.get(&format!("{OWN}/new")).await;
    let fields = typed(&page, "token-new", &DEPLOY);
    let made = browser.post(&format!("{OWN}/new"), &fields).await;
    let token = secret(&made).unwrap();
    assert_eq!(made.headers["cache-control"], "no-store");
    let command = format!("Bearer {}", token.reveal());
    assert!(made.text.contains(&command), "{}", made.text);
    assert!(app.is_active(&token).await);

    let list = browser.get(OWN).await;
    for shown in [
        "deploy",
        "orders:read",
        "Last used",
        "in 30 days",
        ">active<",
    ] {
        assert!(list.text.contains(shown), "{shown}: {}", list.text);
    }
    assert!(!list.text.contains(token.reveal()));
    // A reload, or a second click.
    let again = browser.post(&format!("{OWN}/new"), &fields).await;
    assert!(again.status == 200 && secret(&again).is_none());
    assert!(again.text.contains("id=\"shown-before\""), "{}", again.text);
    let tokens = "SELECT count(*) FROM tokens WHERE kind = 'personal_access_token'";
    assert_eq!(app.number(tokens).await, 1);
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn two_clicks_at_once_make_one_token() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let path = format!("{OWN}/new");
    let page = browser.get(&path).await;
    let fields = typed(&page, "token-new", &DEPLOY);
    let mut other = app.browser();
    other.cookies = browser.cookies.clone();
    let (one, two) = tokio::join!(browser.post(&path, &fields), other.post(&path, &fields));
    assert_eq!((one.status, two.status), (200, 200));
    assert!(secret(&one).is_some() != secret(&two).is_some());
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_what_was_typed() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let path = format!("{OWN}/new");
    let pasted = format!("my {}", app.never_issued().reveal());
    let long = "x".repeat(101);
    for (name, scopes, expires, date, problem) in [
        ("", "orders:read", "30", "", "id=\"name-problem\""),
        (&*long, "orders:read", "30", "", "id=\"name-problem\""),
        (
            &*pasted,
            "orders:read",
            "30",
            "",
            "There is a token in the name",
        ),
        ("a", "", "30", "", "id=\"scopes-problem\""),
        ("a", "nothing:here", "30", "", "no longer offered"),
        ("a", "orders:read", "31", "", "id=\"expiry-problem\""),
        ("a", "orders:read", "date", "", "Choose the last day"),
        ("a", "orders:read", "date", "1999-01-01", "That day is over"),
        (
            "<script>x</script>\"'",
            "",
            "never",
            "",
            "value=\"&#60;script",
        ),
    ] {
        let page = browser.get(&path).await;
        let more = [
            ("name", name),
            ("scopes", scopes),
            ("expires", expires),
            ("date", date),
        ];
        let answer = browser.post(&path, &typed(&page, "token-new", &more)).await;
        assert_eq!(answer.status, 422, "{name} {scopes} {expires} {date}");
        assert!(answer.text.contains(problem), "{problem}: {}", answer.text);
        assert!(!answer.text.contains("<script>"));
    }
    assert_eq!(
        app.number("SELECT count(*) FROM tokens WHERE name IS NOT NULL")
            .await,
        0
    );
}

#[tokio::test]
async fn a_form_that_lay_open_for_days_or_has_a_foreign_id_makes_nothing() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let path = format!("{OWN}/new");
    let page = browser.get(&path).await;
    let good = typed(&page, "token-new", &DEPLOY);
    let eve = app.user("eve@example.com").await;
    let foreign = app.personal_token(&eve, "hers").await.id.to_string();
    let old = "0190163d-8694-739b-aea5-966c26f8ad90";
    for id in [old, "00000000-0000-0000-0000-000000000000", &foreign] {
        let mut fields = good.clone();
        fields.retain(|(name, _)| name != "form");
        fields.push(("form".to_owned(), id.to_owned()));
        let answer = browser.post(&path, &fields).await;
        assert_eq!(answer.status, 422, "{id}");
        assert!(answer.text.contains("opened too long ago") && secret(&answer).is_none());
        // The form that comes back is a new one.
        let again = browser
            .post(&path, &typed(&answer, "token-new", &DEPLOY))
            .await;
        assert!(secret(&again).is_some(), "{}", again.text);
    }
}

#[tokio::test]
async fn who_is_signed_out_meanwhile_finds_what_they_had_typed() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let path = format!("{OWN}/new");
    let page = browser.get(&path).await;
    let fields = typed(&page, "token-new", &DEPLOY);
    // Not yet signed out, but not fresh enough any more.
    app.clock.advance(HOUR * 2);
    let stale = browser.post(&path, &fields).await;
    assert!(
        stale.location().starts_with("/login?return_to="),
        "{}",
        stale.location()
    );
    browser.cookies.remove("tokenward_session");
    let out = browser.post(&path, &fields).await;
    assert_eq!((out.status, out.location()), (303, stale.location()));
    let back = Regex::new("return_to=([^&]*)").unwrap();
    let back = back.captures(out.location()).unwrap()[1].to_owned();
    let back: String = url::form_urlencoded::parse(format!("x={back}").as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect();
    let entered = browser.sign_in_to(ADA, &back).await;
    let page = browser.follow(entered).await;
    assert!(page.text.contains("value=\"deploy\""), "{}", page.text);
    for ticked in ["orders:read", "products:read"] {
        assert!(
            page.text.contains(&format!("value=\"{ticked}\" checked")),
            "{ticked}"
        );
    }
    let made = browser
        .post(&path, &typed(&page, "token-new", &DEPLOY))
        .await;
    assert!(secret(&made).is_some());
}

#[tokio::test]
async fn a_token_is_renamed() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    make(&mut browser, OWN).await;
    let path = format!("{OWN}/{}/rename", id_of(&browser.get(OWN).await, "rename"));
    let page = browser.get(&path).await;
    let refused = browser
        .post(&path, &typed(&page, "token-rename", &[("name", " ")]))
        .await;
    assert_eq!(refused.status, 422);
    let name = "<b>\u{202e}backup</b>";
    let renamed = browser
        .post(&path, &typed(&page, "token-rename", &[("name", name)]))
        .await;
    assert_eq!(renamed.status, 303);
    let list = browser.follow(renamed).await;
    assert!(
        list.text.contains("id=\"done\"") && !list.text.contains("<b>"),
        "{}",
        list.text
    );
    assert!(
        list.text
            .contains("<bdi>&#60;b&#62;\u{202e}backup&#60;/b&#62;</bdi>")
    );
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn revoking_says_what_will_break_and_is_done_once() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let token = make(&mut browser, OWN).await;
    let path = format!("{OWN}/{}/revoke", id_of(&browser.get(OWN).await, "revoke"));
    let page = browser.get(&path).await;
    assert!(page.text.contains("never seen in use"), "{}", page.text);
    assert!(app.is_active(&token).await);
    let page = browser.get(&path).await;
    assert!(
        page.text.contains("used within the last day"),
        "{}",
        page.text
    );
    assert!(page.text.contains("See your orders") || page.text.contains("class=\"powers\""));
    for _ in 0..2 {
        let done = browser.post(&path, &page.form("token-revoke")).await;
        assert_eq!(done.status, 303, "{}", done.text);
        let list = browser.follow(done).await;
        assert!(
            list.text.contains("is revoked. It no longer works"),
            "{}",
            list.text
        );
        assert!(list.text.contains("id=\"ended\"") && list.text.contains("revoked by hand"));
    }
    assert!(!app.is_active(&token).await);
    // Whoever goes back finds nothing to confirm, and an old link tells no lie.
    assert_eq!(browser.get(&path).await.status, 303);
    app.clock.advance(HOUR / 2);
    let id = path.split('/').nth(3).unwrap();
    let list = browser.get(&format!("{OWN}?changed={id}")).await;
    assert!(!list.text.contains("id=\"done\""));
    app.clock.advance(DAY * 20);
    assert!(browser.get(OWN).await.text.contains("id=\"ended\""));
}

#[tokio::test]
async fn what_ended_long_ago_is_shown_no_more() {
    let app = TestApp::start().await;
    let ada = app.user(ADA).await;
    let token = app.personal_token(&ada, "old").await;
    app.github().report(&[report(&token.token)]).await;
    for (days, shown) in [(0, true), (89, true), (2, false)] {
        app.clock.advance(DAY * days);
        let mut browser = signed_in(&app).await;
        let list = browser.get(OWN).await;
        assert_eq!(list.text.contains("it leaked"), shown, "{days}");
    }
}

#[tokio::test]
async fn a_token_is_replaced_while_the_old_one_goes_on() {
    for (hours, works) in [("0", false), ("1", true), ("168", true)] {
        let app = TestApp::start().await;
        let mut browser = signed_in(&app).await;
        let old = make(&mut browser, OWN).await;
        let path = format!(
            "{OWN}/{}/replace",
            id_of(&browser.get(OWN).await, "replace")
        );
        let page = browser.get(&path).await;
        assert!(
            page.text.contains("value=\"24\" required checked"),
            "{}",
            page.text
        );
        let more = [("name", "deploy 2"), ("expires", "90"), ("overlap", hours)];
        let fields = typed(&page, "token-replace", &more);
        let made = browser.post(&path, &fields).await;
        let new = secret(&made).unwrap_or_else(|| panic!("{}", made.text));
        assert!(made.text.contains("id=\"replaced\""));
        assert_eq!(
            (app.is_active(&old).await, app.is_active(&new).await),
            (works, true)
        );
        let again = browser.post(&path, &fields).await;
        assert!(
            again.status == 200 && secret(&again).is_none(),
            "{}",
            again.text
        );
        let scopes = "SELECT DISTINCT scopes FROM tokens WHERE kind = 'personal_access_token'";
        assert_eq!(app.rows(scopes).await, [["orders:read products:read"]]);
        app.clock.advance(HOUR * hours.parse::<u32>().unwrap());
        assert!(
            !app.is_active(&old).await && app.is_active(&new).await,
            "{hours}"
        );
        let audit = "SELECT count(*) FROM audit_log WHERE event = 'token.replaced'";
        assert_eq!(app.number(audit).await, 1);
    }
}

#[tokio::test]
async fn a_sign_in_of_long_ago_replaces_nothing() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let old = make(&mut browser, OWN).await;
    let path = format!(
        "{OWN}/{}/replace",
        id_of(&browser.get(OWN).await, "replace")
    );
    let page = browser.get(&path).await;
    let more = [("name", "deploy 2"), ("expires", "90"), ("overlap", "0")];
    let fields = typed(&page, "token-replace", &more);
    app.clock.advance(HOUR * 2);
    let stale = browser.post(&path, &fields).await;
    let expected = "/login?return_to=";
    assert!(
        stale.location().starts_with(expected),
        "{}",
        stale.location()
    );
    assert!(app.is_active(&old).await);
    let tokens = "SELECT count(*) FROM tokens WHERE kind = 'personal_access_token'";
    assert_eq!(app.number(tokens).await, 1);
}

#[tokio::test]
async fn an_end_that_comes_sooner_stays_and_what_is_dead_is_not_replaced() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let page = browser.get(&format!("{OWN}/new")).await;
    let short = [("name", "a"), ("scopes", "orders:read"), ("expires", "7")];
    let fields = typed(&page, "token-new", &short);
    let old = secret(&browser.post(&format!("{OWN}/new"), &fields).await).unwrap();
    let id = id_of(&browser.get(OWN).await, "replace");
    let path = format!("{OWN}/{id}/replace");
    let ends = "SELECT expires_at FROM tokens WHERE name = 'a'";
    let before = app.number(ends).await;
    app.clock.advance(HOUR / 2);
    let page = browser.get(&path).await;
    let more = [("name", "b"), ("expires", "30"), ("overlap", "168")];
    assert!(
        secret(
            &browser
                .post(&path, &typed(&page, "token-replace", &more))
                .await
        )
        .is_some()
    );
    assert_eq!(app.number(ends).await, before);
    app.github().report(&[report(&old)]).await;
    let page = browser.get(&path).await;
    let page = browser
        .post(&path, &typed(&page, "token-replace", &more))
        .await;
    assert_eq!(page.status, 422);
    assert!(
        page.text.contains("does not work any more"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn only_what_operators_allow_is_offered() {
    let limited = "[tokens]\nmax_lifetime = \"45d\"\nmax_per_owner = 1";
    let app = TestApp::builder().settings(limited).start().await;
    let mut browser = signed_in(&app).await;
    let path = format!("{OWN}/new");
    let page = browser.get(&path).await;
    assert!(!page.text.contains("value=\"never\"") && !page.text.contains("value=\"60\""));
    assert!(
        page.text.contains("value=\"30\" required checked"),
        "{}",
        page.text
    );
    for expires in ["never", "60"] {
        let more = [
            ("name", "a"),
            ("scopes", "orders:read"),
            ("expires", expires),
        ];
        let refused = browser.post(&path, &typed(&page, "token-new", &more)).await;
        assert_eq!(refused.status, 422);
        assert!(
            refused.text.contains("longer than tokens may live"),
            "{}",
            refused.text
        );
    }
    make(&mut browser, OWN).await;
    let page = browser.get(&path).await;
    let full = browser
        .post(&path, &typed(&page, "token-new", &DEPLOY))
        .await;
    assert!(full.status == 422 && full.text.contains("as many tokens as there may be"));
    // One that is ended at once makes room for the one that replaces it.
    let path = format!(
        "{OWN}/{}/replace",
        id_of(&browser.get(OWN).await, "replace")
    );
    let page = browser.get(&path).await;
    for (overlap, status) in [("24", 422), ("0", 200)] {
        let more = [("name", "b"), ("expires", "30"), ("overlap", overlap)];
        let page = browser
            .post(&path, &typed(&page, "token-replace", &more))
            .await;
        assert_eq!(page.status, status, "{}", page.text);
    }
}

#[tokio::test]
async fn nobody_reaches_the_tokens_of_others() {
    let app = TestApp::start().await;
    let eve = app.user("eve@example.com").await;
    let hers = app.personal_token(&eve, "hers").await;
    let mut browser = signed_in(&app).await;
    let good = browser.get(&format!("{OWN}/new")).await.form("token-new");
    let ada = app.user_named(ADA).await;
    let acme = app.organization("acme", &ada).await;
    let of_acme = app.organization_token(acme.id, None, "robot").await;
    // Nobody keeps somebody else's, and an organization's is not among one's own.
    for id in [hers.id.to_string(), of_acme.id.to_string(), "x".to_owned()] {
        for deed in ["rename", "revoke", "replace"] {
            let path = format!("{OWN}/{id}/{deed}");
            assert_eq!(browser.get(&path).await.status, 404, "{path}");
            let mut fields = good.clone();
            fields.extend(DEPLOY.map(|(name, value)| (name.to_owned(), value.to_owned())));
            assert_eq!(browser.post(&path, &fields).await.status, 404, "{path}");
        }
        let like = browser.get(&format!("{OWN}/new?like={id}")).await;
        let expected = if id == "x" { 200 } else { 404 };
        assert_eq!(like.status, expected, "{id}");
    }
    assert!(app.is_active(&hers.token).await && app.is_active(&of_acme.token).await);
    users::block(&app.ctx, &address(ADA)).await.unwrap();
    assert_eq!(browser.get(OWN).await.status, 303);
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let token = make(&mut browser, OWN).await;
    let id = id_of(&browser.get(OWN).await, "revoke");
    let good = browser.get(&format!("{OWN}/new")).await.form("token-new");
    for path in [
        format!("{OWN}/new"),
        format!("{OWN}/{id}/revoke"),
        format!("{OWN}/{id}/rename"),
        format!("{OWN}/{id}/replace"),
    ] {
        for csrf in [None, Some(""), Some("x")] {
            let mut fields: Fields = good.iter().filter(|(n, _)| n != "csrf").cloned().collect();
            fields.extend(csrf.map(|text| ("csrf".to_owned(), text.to_owned())));
            assert_eq!(
                browser.post(&path, &fields).await.status,
                403,
                "{path} {csrf:?}"
            );
        }
        let elsewhere = [("sec-fetch-site", "cross-site")];
        assert_eq!(
            browser.post_with(&path, &good, &elsewhere).await.status,
            403
        );
    }
    assert!(app.is_active(&token).await);
}

#[tokio::test]
async fn those_who_manage_an_organization_keep_its_tokens_together() {
    let app = TestApp::start().await;
    let (mut browser, mut other) = (signed_in(&app).await, app.browser());
    other.sign_in("bob@example.com").await;
    let (ada, bob) = (
        app.user_named(ADA).await,
        app.user_named("bob@example.com").await,
    );
    let acme = app.organization("acme", &ada).await;
    let of_acme = "/organizations/acme/tokens";
    assert_eq!(other.get(of_acme).await.status, 404);
    for (role, status) in [
        (Role::Member, 403),
        (Role::Finance, 403),
        (Role::Admin, 200),
    ] {
        app.member(&acme, &bob, role).await;
        assert_eq!(other.get(of_acme).await.status, status, "{role:?}");
        assert_eq!(
            other.get(&format!("{of_acme}/new")).await.status,
            status,
            "{role:?}"
        );
    }
    assert!(
        browser
            .get(OWN)
            .await
            .text
            .contains("href=\"/organizations/acme/tokens\"")
    );
    let token = make(&mut other, of_acme).await;
    assert!(token.reveal().starts_with("polar_oat_") && app.is_active(&token).await);
    let list = browser.get(of_acme).await;
    assert!(
        list.text.contains("<bdi>bob@example.com</bdi>"),
        "{}",
        list.text
    );
    assert!(!other.get(OWN).await.text.contains("deploy"));
    let path = format!("{of_acme}/{}/revoke", id_of(&list, "revoke"));
    let page = browser.get(&path).await;
    let form = page.form("token-revoke");
    // Whoever may no longer does no more, whatever page they have open.
    app.member(&acme, &ada, Role::Member).await;
    assert_eq!(browser.post(&path, &form).await.status, 403);
    app.member(&acme, &ada, Role::Owner).await;
    organizations::set_blocked(&app.ctx, &acme.slug, true)
        .await
        .unwrap();
    assert_eq!(browser.post(&path, &form).await.status, 403);
    organizations::set_blocked(&app.ctx, &acme.slug, false)
        .await
        .unwrap();
    assert_eq!(browser.post(&path, &form).await.status, 303);
    assert!(!app.is_active(&token).await);
    assert_eq!(browser.get("/organizations/UPPER/tokens").await.status, 404);
}

#[tokio::test]
async fn many_tokens_come_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.user(ADA).await;
    for number in 0..27 {
        app.clock.advance(Duration::from_secs(1));
        app.personal_token(&ada, &format!("token {number}.")).await;
    }
    let mut browser = signed_in(&app).await;
    let first = browser.get(OWN).await.text;
    assert!(
        first.contains("token 26.") && first.contains("token 2.") && !first.contains("token 1.")
    );
    assert!(
        first.contains("href=\"/settings/tokens?page=2\""),
        "{first}"
    );
    let second = browser.get(&format!("{OWN}?page=2")).await.text;
    assert!(second.contains("token 1.") && !second.contains("token 2."));
    for odd in ["0", "x", "18446744073709551615"] {
        assert_eq!(
            browser.get(&format!("{OWN}?page={odd}")).await.status,
            200,
            "{odd}"
        );
    }
}

#[tokio::test]
async fn a_token_tells_whoever_has_it_what_it_is() {
    let app = TestApp::start().await;
    let mut browser = signed_in(&app).await;
    let token = make(&mut browser, OWN).await;
    let ask = async |text: &str| {
        let request = app.http.get(format!("{}/v1/tokens/self", app.url));
        let answer = request.bearer_auth(text).send().await.unwrap();
        assert!(answer.status() != 200 || answer.headers()["cache-control"] == "no-store");
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, told) = ask(token.reveal()).await;
    assert_eq!(status, 200, "{told}");
    assert!(
        told.contains("\"name\":\"deploy\"") && told.contains("orders:read"),
        "{told}"
    );
    assert!(browser.get(OWN).await.text.contains("Last used"));
    let key = app.service_key("tokens:introspect").await.token;
    let session = browser.cookies["tokenward_session"].clone();
    for none in [key.reveal(), &session, "x", app.never_issued().reveal()] {
        assert_eq!(ask(none).await.0, 401);
    }
    app.github().report(&[report(&token)]).await;
    assert_eq!(ask(token.reveal()).await.0, 401);
}
