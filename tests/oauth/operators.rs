//! `/admin`: what operators see and do, and that nobody else finds anything there.

use std::time::Duration;

use crate::browser::{Browser, PageAnswer};
use crate::support::{TestApp, address, report};
use tokenward::domain::{bulk_revocations, figures, operators, quarantines};
use tokenward::model::Figure;
use tokenward::telemetry::Counts;

const ADA: &str = "ada@example.com";
const NONE: &str = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";
const PAGES: [&str; 9] = [
    "/admin",
    "/admin/deliveries",
    "/admin/exposures",
    "/admin/quarantines",
    "/admin/outbox",
    "/admin/tokens",
    "/admin/revocations",
    "/admin/origins",
    "/admin/audit",
];
/// What does something, and is asked about by GET.
const DEEDS: [&str; 8] = [
    "/admin/outbox/requeue",
    "/admin/outbox/01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11/requeue",
    "/admin/tokens",
    "/admin/tokens/01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11/revoke",
    "/admin/revocations",
    "/admin/revocations/new",
    "/admin/quarantines/01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11/release",
    "/admin/origins/github/reset",
];

/// A browser in which an operator has just signed in.
async fn operator(app: &TestApp) -> Browser<'_> {
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    operators::promote(&app.ctx, &address(ADA)).await.unwrap();
    browser
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Opens a page, fills in the form with this id, sends it, and goes where that leads.
async fn fill(
    browser: &mut Browser<'_>,
    (path, id): (&str, &str),
    more: &[(&str, &str)],
) -> PageAnswer {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    let start = page.text.find(&format!("id=\"{id}\"")).expect(path);
    let tag = page.text[..start].rfind("action=\"").expect(path) + "action=\"".len();
    let action = page.text[tag..].split('"').next().unwrap().to_owned();
    let mut fields = page.form(id);
    fields.extend(more.iter().map(|(name, value)| field(name, value)));
    let answer = browser.post(&action, &fields).await;
    browser.follow(answer).await
}

/// The actors of the rows of an event, with their kinds.
async fn actors(app: &TestApp, event: &str) -> Vec<Vec<String>> {
    let statement =
        format!("SELECT actor_kind, actor FROM audit_log WHERE event = '{event}' ORDER BY id");
    app.rows(&statement).await
}

async fn acted(app: &TestApp, event: &str, times: usize) {
    let ada = tokenward::domain::users::find(&app.ctx, &address(ADA))
        .await
        .unwrap();
    let rows = actors(app, event).await;
    assert_eq!(rows.len(), times, "{event}: {rows:?}");
    for row in rows {
        assert_eq!(row, ["operator".to_owned(), ada.id.to_string()], "{event}");
    }
}

#[tokio::test]
async fn to_those_without_the_role_nothing_is_there() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser.get("/admin/outbox?x=1").await;
    let login = "/login?return_to=%2Fadmin%2Foutbox%3Fx%3D1";
    assert_eq!((page.status, page.location()), (303, login));
    browser.sign_in(ADA).await;
    let csrf = browser.get("/settings/sessions").await.form_to("/logout");
    for path in PAGES.iter().chain(&DEEDS) {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    // Nor do they learn that a query or a form was wrong.
    assert_eq!(browser.get("/admin/audit?before=x").await.status, 404);
    for path in DEEDS {
        assert_eq!(browser.post(path, &[]).await.status, 404, "{path}");
        assert_eq!(browser.post(path, &csrf).await.status, 404, "{path}");
    }
    operators::promote(&app.ctx, &address(ADA)).await.unwrap();
    for path in PAGES {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
    }
    operators::demote(&app.ctx, &address(ADA)).await.unwrap();
    assert_eq!(browser.get("/admin").await.status, 404);
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn who_signed_in_too_long_ago_signs_in_again_and_comes_back() {
    let app = TestApp::start().await;
    let mut browser = operator(&app).await;
    app.clock.advance(Duration::from_secs(3_600));
    let page = browser.get("/admin/outbox/requeue").await;
    assert_eq!(page.status, 200, "{}", page.text);
    app.clock.advance(Duration::from_millis(1));
    let stale = browser
        .post("/admin/outbox/requeue", &page.form("requeue"))
        .await;
    let login = "/login?return_to=%2Fadmin%2Foutbox%2Frequeue";
    assert_eq!((stale.status, stale.location()), (303, login));
    let back = browser.sign_in_to(ADA, "/admin/outbox/requeue").await;
    assert_eq!(browser.follow(back).await.status, 200);
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let app = TestApp::start().await;
    let mut browser = operator(&app).await;
    for path in DEEDS {
        for fields in [vec![], vec![field("csrf", "x")]] {
            assert_eq!(browser.post(path, &fields).await.status, 403, "{path}");
        }
    }
}

#[tokio::test]
async fn what_makes_no_sense_breaks_nothing() {
    let app = TestApp::start().await;
    let mut browser = operator(&app).await;
    for (path, status) in [
        ("/admin/tokens/x", 404),
        ("/admin/tokens/%00", 404),
        ("/admin/origins/%3Cscript%3E/reset", 404),
        ("/admin/audit?before=x", 400),
        ("/admin/audit?event=%00", 400),
        ("/admin/exposures?kind=everything", 400),
        ("/admin?window=aeon", 400),
        ("/admin/revocations/new", 400),
        (
            "/admin/audit?event=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
            200,
        ),
        ("/admin/deliveries?origin=%22%3E%3Cscript%3E", 200),
        ("/admin/outbox?done=%3Cscript%3E", 200),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, status, "{path}: {}", page.text);
        assert!(!page.text.contains("<script>"), "{path}");
    }
    for part in [
        "deliveries",
        "exposures",
        "quarantines",
        "tokens",
        "revocations",
    ] {
        let path = format!("/admin/{part}/{NONE}");
        assert_eq!(browser.get(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_delivery_its_exposure_and_its_token_are_found_from_each_other() {
    let app = TestApp::start().await;
    let cast = app.cast("bob").await;
    let token = app.personal_token(&cast.user, "<b>deploy</b>").await;
    let never = app.never_issued();
    app.github()
        .report(&[report(&token.token), report(&never)])
        .await;
    app.github().report(&[report(&never)]).await;
    let mut browser = operator(&app).await;
    let list = browser.get("/admin/deliveries?origin=github").await;
    assert_eq!(
        list.text.matches("href=\"/admin/deliveries/").count(),
        1,
        "{}",
        list.text
    );
    let none = browser.get("/admin/deliveries?origin=gitlab").await;
    assert_eq!(none.text.matches("href=\"/admin/deliveries/").count(), 0);
    let delivery = link(&list, "/admin/deliveries/");
    let page = browser.get(&delivery).await;
    assert!(page.text.contains("<code>+-</code>"), "{}", page.text);
    let exposure = link(&page, "/admin/exposures/");
    let page = browser.get(&exposure).await;
    assert_eq!(
        link(&page, "/admin/tokens/"),
        format!("/admin/tokens/{}", token.id)
    );
    let page = browser.get(&format!("/admin/tokens/{}", token.id)).await;
    assert!(page.text.contains(&exposure) && page.text.contains("exposed"));
    assert!(page.text.contains("&#60;b&#62;deploy"), "{}", page.text);
    for page in [list, none, page] {
        assert!(!page.text.contains(token.token.reveal()));
    }
}

/// The first link that begins like this.
fn link(page: &PageAnswer, start: &str) -> String {
    let found = page.text.find(&format!("href=\"{start}")).expect(start) + "href=\"".len();
    page.text[found..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_pasted_token_is_known_and_never_shown() {
    let app = TestApp::start().await;
    let cast = app.cast("bob").await;
    let token = app.personal_token(&cast.user, "deploy").await;
    let mut browser = operator(&app).await;
    let text = format!("  {}\n", token.token.reveal());
    let page = fill(
        &mut browser,
        ("/admin/tokens", "lookup"),
        &[("token", &text)],
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains(&token.id.to_string()) && page.text.contains("bob@example.com"));
    assert!(!page.text.contains(token.token.reveal()));
    acted(&app, "token.looked_up", 1).await;
    for foreign in [app.never_issued().reveal(), "", "<script>x", "ä\0"] {
        let page = fill(
            &mut browser,
            ("/admin/tokens", "lookup"),
            &[("token", foreign)],
        )
        .await;
        assert_eq!(page.status, 422, "{foreign}");
        assert!(
            foreign.is_empty() || !page.text.contains(foreign),
            "{foreign}"
        );
    }
    assert!(app.is_active(&token.token).await);
}

#[tokio::test]
async fn a_token_is_revoked_once_however_often_that_is_sent() {
    let app = TestApp::start().await;
    let cast = app.cast("bob").await;
    let token = app.personal_token(&cast.user, "deploy").await;
    let mut browser = operator(&app).await;
    let path = format!("/admin/tokens/{}/revoke", token.id);
    let fields = browser.get(&path).await.form("revoke");
    for _ in 0..2 {
        let answer = browser.post(&path, &fields).await;
        assert_eq!(answer.location(), format!("/admin/tokens/{}", token.id));
    }
    assert!(!app.is_active(&token.token).await);
    acted(&app, "token.revoked", 1).await;
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn everything_of_somebody_is_counted_confirmed_and_revoked_once() {
    let app = TestApp::start().await;
    let cast = app.cast("bob").await;
    let tokens = [
        app.personal_token(&cast.user, "one").await,
        app.personal_token(&cast.user, "two").await,
    ];
    let mut browser = operator(&app).await;
    let start = ("/admin/revocations", "revoke");
    let nobody = fill(&mut browser, start, &[("email", "eve@example.com")]).await;
    assert_eq!(nobody.status, 422);
    assert!(nobody.text.contains("value=\"eve@example.com\""));
    let forgotten = fill(&mut browser, start, &[("email", ""), ("kind", "")]).await;
    assert_eq!(forgotten.status, 422, "{}", forgotten.text);
    let meant = [
        ("email", "bob@example.com"),
        ("kind", "personal_access_token"),
    ];
    let page = fill(&mut browser, start, &meant).await;
    assert!(page.text.contains("<dd><bdi>2</bdi></dd>"), "{}", page.text);
    assert!(app.is_active(&tokens[0].token).await, "only counted so far");
    let fields = page.form("revoke");
    let answers = [
        browser.post("/admin/revocations/new", &fields).await,
        browser.post("/admin/revocations/new", &fields).await,
    ];
    assert_eq!(answers[0].location(), answers[1].location());
    acted(&app, "bulk_revocation.begun", 1).await;
    while let Some(mut claimed) = bulk_revocations::claim(&app.ctx, None).await.unwrap() {
        while !bulk_revocations::advance(&app.ctx, &mut claimed)
            .await
            .unwrap()
            .finished
        {}
    }
    let page = browser.get(answers[0].location()).await;
    assert!(page.text.contains("badge good"), "{}", page.text);
    for token in &tokens {
        assert!(!app.is_active(&token.token).await);
    }
}

#[tokio::test]
async fn dead_letters_are_due_again() {
    let app = TestApp::start().await;
    let mut browser = operator(&app).await;
    let cast = app.cast("bob").await;
    for name in ["one", "two"] {
        let token = app.personal_token(&cast.user, name).await;
        app.github().report(&[report(&token.token)]).await;
    }
    let dead =
        "UPDATE outbox SET dead_at = 1, last_error = '<script>' WHERE exposure_id IS NOT NULL";
    app.database.execute(dead).await;
    let page = browser.get("/admin/outbox").await;
    assert!(!page.text.contains("<script>"), "{}", page.text);
    let one = link(&page, "/admin/outbox/0");
    let page = fill(&mut browser, (&one, "requeue"), &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        app.number("SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL")
            .await,
        1
    );
    for _ in 0..2 {
        fill(&mut browser, ("/admin/outbox/requeue", "requeue"), &[]).await;
        assert_eq!(
            app.number("SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL")
                .await,
            0
        );
    }
    acted(&app, "letters.requeued", 2).await;
}

#[tokio::test]
async fn what_is_in_quarantine_comes_back_or_dies() {
    let rules = "[policy]\nrules = ['github * quarantine']";
    let app = TestApp::builder().settings(rules).start().await;
    let cast = app.cast("bob").await;
    let mut browser = operator(&app).await;
    for (how, works) in [("release", true), ("finish", false)] {
        let token = app.personal_token(&cast.user, how).await;
        app.github().report(&[report(&token.token)]).await;
        assert!(!app.is_active(&token.token).await);
        let open = quarantines::find(&app.ctx, token.id).await.unwrap().id;
        let path = format!("/admin/quarantines/{open}/{how}");
        let page = browser.get(&path).await;
        let answer = browser.post(&path, &page.form(how)).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(app.is_active(&token.token).await, works, "{how}");
        assert_eq!(browser.post(&path, &page.form(how)).await.status, 404);
    }
    acted(&app, "token.released", 1).await;
}

#[tokio::test]
async fn a_breaker_is_reset() {
    let app = TestApp::start().await;
    let mut browser = operator(&app).await;
    let now = app.clock.now().as_millis();
    let open = format!(
        "INSERT INTO breakers (origin, window_began_at, revoked, last_at, opened_at)
         VALUES ('github', {now}, 7, {now}, {now})"
    );
    app.database.execute(&open).await;
    let page = browser.get("/admin/origins").await;
    let reset = link(&page, "/admin/origins/github/reset");
    let page = fill(&mut browser, (&reset, "reset"), &[]).await;
    assert!(
        !page.text.contains("href=\"/admin/origins/github/reset\""),
        "{}",
        page.text
    );
    acted(&app, "breaker.closed", 1).await;
}

#[tokio::test]
async fn the_end_of_the_audit_log_is_judged() {
    let app = TestApp::start().await;
    let mut browser = operator(&app).await;
    tokenward::domain::audit::chain(&app.ctx).await.unwrap();
    let whole = browser.get("/admin/audit?event=operator.promoted").await;
    assert!(whole.text.contains("callout good") && whole.text.contains("operator.promoted"));
    assert!(
        !whole.text.contains("<code>user.created</code>"),
        "{}",
        whole.text
    );
    app.database
        .execute("UPDATE audit_head SET seq = seq + 1")
        .await;
    let broken = browser.get("/admin/audit").await;
    assert!(broken.text.contains("callout bad"), "{}", broken.text);
}

#[tokio::test]
async fn figures_are_added_up_by_the_hour() {
    let app = TestApp::start().await;
    let mut browser = operator(&app).await;
    let counts: Counts = [(Figure::TruePositives, 3), (Figure::FalsePositives, 4)].into();
    for _ in 0..2 {
        figures::note(&app.ctx, &counts).await.unwrap();
        app.clock.advance(Duration::from_secs(60));
    }
    for window in figures::Window::ALL {
        let slots = figures::look_back(&app.ctx, window).await.unwrap();
        let last = slots.last().unwrap();
        assert_eq!(
            (last.true_positives, last.false_positives),
            (6, 8),
            "{window:?}"
        );
        let page = browser
            .get(&format!("/admin?window={}", window.name()))
            .await;
        assert!(page.text.contains("<strong>14</strong>"), "{}", page.text);
        assert!(
            page.text.contains("<rect class=\"mark quiet\""),
            "{}",
            page.text
        );
    }
}
