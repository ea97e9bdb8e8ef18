//! Applications that somebody makes at `/settings/applications`.

use regex::Regex;

use crate::browser::{Browser, PageAnswer};
use crate::desk::form;
use crate::support::TestApp;

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";
const NEW: &str = "/settings/applications/new";

/// The form for a new application, filled in.
async fn filled(browser: &mut Browser<'_>, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = browser.get(NEW).await.form("new-application");
    fields.extend(
        typed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    fields
}

const SERVER: [(&str, &str); 3] = [
    ("client_name", "Ledger"),
    ("kind", "server"),
    (
        "redirect_uris",
        "https://ledger.example/callback\nhttps://ledger.example/again",
    ),
];

fn secret(page: &PageAnswer) -> Option<String> {
    let shown = Regex::new("<code id=\"secret\">([^<]+)</code>").unwrap();
    shown.captures(&page.text).map(|found| found[1].to_owned())
}

fn client_id(page: &PageAnswer) -> String {
    let shown = Regex::new("<code id=\"client-id\">([^<]+)</code>").unwrap();
    shown.captures(&page.text).expect("a client id")[1].to_owned()
}

async fn made(browser: &mut Browser<'_>) -> (String, String) {
    let fields = filled(browser, &SERVER).await;
    let page = browser.post(NEW, &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    (client_id(&page), secret(&page).expect("a secret"))
}

#[tokio::test]
async fn an_application_is_made_once_however_often_its_form_is_sent() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let fields = filled(&mut browser, &SERVER).await;
    let page = browser.post(NEW, &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let (id, text) = (client_id(&page), secret(&page).unwrap());
    assert!(text.starts_with("polar_cs_"), "{}", page.text);
    assert_eq!(page.headers["cache-control"], "no-store");
    let again = browser.post(NEW, &fields).await;
    assert_eq!(
        (again.status, again.location()),
        (303, "/settings/applications")
    );
    assert_eq!(app.number("SELECT count(*) FROM clients").await, 1);
    let list = browser.get("/settings/applications").await;
    assert!(list.text.contains(&format!("/settings/applications/{id}")));
    let shown = browser.get(&format!("/settings/applications/{id}")).await;
    assert!(secret(&shown).is_none() && !shown.text.contains(&text));
    assert!(shown.text.contains("https://ledger.example/again"));
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for (uris, field) in [
        ("http://ledger.example/callback", "redirect_uris"),
        ("https://ledger.example/#fragment", "redirect_uris"),
        ("javascript:alert(1)", "redirect_uris"),
        ("", "redirect_uris"),
    ] {
        let typed = [
            ("client_name", "<b>Ledger"),
            ("kind", "server"),
            ("redirect_uris", uris),
        ];
        let fields = filled(&mut browser, &typed).await;
        let page = browser.post(NEW, &fields).await;
        assert_eq!(page.status, 422, "{uris}");
        let wrong = Regex::new(&format!("id=\"{field}\"[^>]*aria-invalid=\"true\"")).unwrap();
        assert!(wrong.is_match(&page.text), "{uris}: {}", page.text);
        assert!(page.text.contains("&#60;b&#62;Ledger"), "{}", page.text);
        assert!(
            page.text.contains(&format!(">{uris}</textarea>")),
            "{}",
            page.text
        );
    }
    let typed = [SERVER.as_slice(), &[("client_uri", "javascript:alert(1)")]].concat();
    let fields = filled(&mut browser, &typed).await;
    let page = browser.post(NEW, &fields).await;
    assert!(page.status == 422 && page.text.contains("id=\"client_uri\""));
    assert_eq!(app.number("SELECT count(*) FROM clients").await, 0);
}

#[tokio::test]
async fn each_kind_is_what_the_protocol_makes_of_it() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for (kind, uri, secretive, trial) in [
        ("browser", "https://app.example/", false, true),
        ("native", "com.example.app:/callback", false, true),
        ("native", "http://127.0.0.1/callback", false, true),
        ("service", "", true, false),
    ] {
        let typed = [
            ("client_name", "Engine"),
            ("kind", kind),
            ("redirect_uris", uri),
        ];
        let fields = filled(&mut browser, &typed).await;
        let page = browser.post(NEW, &fields).await;
        assert_eq!(page.status, 200, "{kind}: {}", page.text);
        assert_eq!(secret(&page).is_some(), secretive, "{kind}");
        assert_eq!(tried(&mut browser, &page).await, trial, "{kind}");
    }
    let typed = [("client_name", "Engine"), ("kind", "service")];
    let fields = filled(&mut browser, &typed).await;
    let page = browser.post(NEW, &fields).await;
    // In either place, because nobody was asked which; and so it stays when the rest changes.
    let (id, text) = (client_id(&page), secret(&page).unwrap());
    assert_eq!(statuses(&app, &id, &text).await, [200, 200]);
    let here = format!("/settings/applications/{id}");
    let mut fields = browser.get(&here).await.form("application");
    fields.push(("client_name".into(), "Difference Engine".into()));
    let changed = browser.post(&here, &fields).await;
    let changed = browser.follow(changed).await;
    assert!(
        changed.text.contains("Difference Engine"),
        "{}",
        changed.text
    );
    assert_eq!(statuses(&app, &id, &text).await, [200, 200]);
}

/// Whether a page offers to try signing in; then that leads to the question whether to allow it.
async fn tried(browser: &mut Browser<'_>, page: &PageAnswer) -> bool {
    let trial = Regex::new("id=\"trial\" href=\"([^\"]+)\"").unwrap();
    let Some(trial) = trial.captures(&page.text) else {
        return false;
    };
    let asked = browser.get(&trial[1].replace("&#38;", "&")).await;
    assert!(asked.text.contains("id=\"consent\""), "{}", asked.text);
    true
}

/// What the token endpoint answers a client with its secret in the header, and in the body.
async fn statuses(app: &TestApp, id: &str, secret: &str) -> [u16; 2] {
    let own = [("grant_type", "client_credentials")];
    let endpoint = || app.http.post(format!("{}/v1/oauth2/token", app.url));
    let header = form(endpoint().basic_auth(id, Some(secret)), &own)
        .send()
        .await;
    let words = [own[0], ("client_id", id), ("client_secret", secret)];
    let body = form(endpoint(), &words).send().await;
    [header, body].map(|answer| answer.unwrap().status().as_u16())
}

#[tokio::test]
async fn a_secret_is_replaced_without_a_break() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let (id, first) = made(&mut browser).await;
    let here = format!("/settings/applications/{id}");
    let page = browser.get(&here).await;
    let second = browser
        .post(&format!("{here}/secrets"), &page.form("add-secret"))
        .await;
    let second = secret(&second).expect("another secret");
    // Sent again, it makes no third.
    let third = browser
        .post(&format!("{here}/secrets"), &page.form("add-secret"))
        .await;
    assert!(third.status == 422 && third.text.contains("id=\"problem\""));
    assert!(secret(&third).is_none());
    for text in [&first, &second] {
        assert!(app.works(text).await);
    }
    let revoking = browser
        .get(&here)
        .await
        .form_to(&format!("{here}/secrets/revoke"));
    let revoked = browser
        .post(&format!("{here}/secrets/revoke"), &revoking)
        .await;
    assert_eq!(revoked.location(), format!("{here}?done=secret-revoked"));
    let revoked = browser.follow(revoked).await;
    assert!(revoked.text.contains("id=\"done\""), "{}", revoked.text);
    assert_ne!(app.works(&first).await, app.works(&second).await);
}

/// Somebody else learns nothing and changes nothing.
async fn strangers_find_nothing(app: &TestApp, here: &str) {
    let mut stranger = app.browser();
    stranger.sign_in(EVE).await;
    let csrf = stranger.get(NEW).await.form("new-application");
    for path in [here.to_owned(), format!("{here}/delete")] {
        assert_eq!(stranger.get(&path).await.status, 404);
        let answer = stranger.post(&path, &csrf).await;
        assert!(
            [303, 404].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    for path in ["secrets", "secrets/revoke"] {
        let mut fields = csrf.clone();
        fields.retain(|(name, _)| name == "csrf");
        fields.push((
            "id".to_owned(),
            "0192f0c5-0000-7000-8000-000000000000".to_owned(),
        ));
        assert_eq!(
            stranger
                .post(&format!("{here}/{path}"), &fields)
                .await
                .status,
            404
        );
    }
}

#[tokio::test]
async fn it_is_changed_and_deleted_by_its_owner_and_nobody_else() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let (id, text) = made(&mut browser).await;
    let here = format!("/settings/applications/{id}");
    let page = browser.get(&here).await;
    let mut fields = page.form("application");
    for (name, value) in [
        ("client_name", "Ledger 2"),
        ("redirect_uris", "https://two.example/"),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let changed = browser.post(&here, &fields).await;
    assert_eq!(changed.location(), format!("{here}?done=changed"));
    let changed = browser.follow(changed).await;
    assert!(
        changed.text.contains("id=\"done\"") && changed.text.contains("Ledger 2"),
        "{}",
        changed.text
    );
    assert!(secret(&changed).is_none() && app.works(&text).await);

    strangers_find_nothing(&app, &here).await;
    assert!(app.works(&text).await);

    let asked = browser.get(&format!("{here}/delete")).await;
    let deleting = asked.form("deletion");
    for _ in 0..2 {
        let gone = browser.post(&format!("{here}/delete"), &deleting).await;
        assert_eq!(
            (gone.status, gone.location()),
            (303, "/settings/applications?done=deleted")
        );
    }
    assert!(!app.works(&text).await);
    assert_eq!(browser.get(&here).await.status, 404);
    let list = browser.get("/settings/applications?done=deleted").await;
    assert!(list.text.contains("id=\"done\"") && !list.text.contains("Ledger"));
}

#[tokio::test]
async fn nobody_else_makes_one() {
    let closed = "[oauth]\nregistration = \"closed\"";
    let app = TestApp::builder().settings(closed).start().await;
    let mut browser = app.browser();
    let anybody = browser.get(NEW).await;
    assert_eq!(
        anybody.location(),
        "/login?return_to=%2Fsettings%2Fapplications%2Fnew"
    );
    browser.sign_in(ADA).await;
    let list = browser.get("/settings/applications").await;
    assert!(!list.text.contains("id=\"new-application\""));
    let fields = filled(&mut browser, &SERVER).await;
    assert_eq!(browser.post(NEW, &fields).await.status, 403);
    let forged: Vec<_> = fields
        .into_iter()
        .filter(|(name, _)| name != "csrf")
        .collect();
    assert_eq!(browser.post(NEW, &forged).await.status, 403);
    assert_eq!(app.number("SELECT count(*) FROM clients").await, 0);
}
