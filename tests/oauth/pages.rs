//! Pages as a browser without script gets them: they stand alone, and can be reloaded.

use std::collections::BTreeSet;

use regex::Regex;

use crate::browser::PageAnswer;
use crate::support::TestApp;

const ADA: &str = "ada@example.com";

fn attributes<'p>(page: &'p PageAnswer, pattern: &str) -> Vec<&'p str> {
    let pattern = Regex::new(pattern).unwrap();
    let found = pattern.captures_iter(&page.text);
    found.map(|found| found.get(1).unwrap().as_str()).collect()
}

/// What every page owes to somebody without script, without a mouse, or without sight.
fn stands_alone(page: &PageAnswer) {
    let text = &page.text;
    assert!(
        text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"),
        "{text}"
    );
    assert_eq!(attributes(page, "<(h1) id=").len(), 1, "{text}");
    assert_eq!(attributes(page, "<(title)>").len(), 1, "{text}");
    assert!(text.contains("name=\"viewport\""), "{text}");
    assert!(!page.markup().contains("<script"), "{text}");
    assert!(
        attributes(page, r"\s(on[a-z]+|style)=").is_empty(),
        "{text}"
    );
    let ids = attributes(page, "\\sid=\"([^\"]*)\"");
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "{text}"
    );
    // Every field that is seen has a name that is seen.
    for id in attributes(page, "<input id=\"([^\"]*)\"") {
        assert!(text.contains(&format!("<label for=\"{id}\">")), "{id}");
    }
    // Every form says where it goes, by POST, and proves that it is ours; choosing a language harms
    // nobody.
    let forms = attributes(page, "<(form) method=\"post\" action=\"/[^\"]*\"").len();
    assert_eq!(forms, text.matches("<form").count(), "{text}");
    let harmless = text.matches("action=\"/language\"").count();
    let proven = text.matches("name=\"csrf\"").count();
    assert_eq!(forms, proven + harmless, "{text}");
}

#[tokio::test]
async fn every_page_works_without_script() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser.get("/login?email=ada%40example.com").await;
    stands_alone(&page);
    let field = attributes(&page, "<input id=\"email\"([^>]*)>")[0];
    assert!(field.contains("type=\"email\"") && field.contains("value=\"ada@example.com\""));
    assert!(page.text.contains("id=\"continue\" type=\"submit\">"));

    let page = browser.ask_for_code(ADA, "/").await;
    stands_alone(&page);
    let field = attributes(&page, "<input id=\"code\"([^>]*)>")[0];
    assert!(field.contains("autocomplete=\"one-time-code\""));
    assert!(page.text.contains("id=\"verify\" type=\"submit\">"));
    stands_alone(&browser.type_code(&page, "AAAAAA").await);

    browser.sign_in(ADA).await;
    stands_alone(&browser.get("/settings/sessions").await);
    stands_alone(&browser.post("/logout", &[]).await);
}

/// Somebody on a telephone looks at their mail, comes back, and the page is loaded again.
#[tokio::test]
async fn the_page_for_the_code_can_be_reloaded() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let page = browser.get("/login?return_to=/settings/sessions").await;
    let mut fields = page.form("login");
    fields.push(("email".to_owned(), ADA.to_owned()));
    let sent = browser.post("/login", &fields).await;
    let here = "/login/code?return_to=%2Fsettings%2Fsessions";
    assert_eq!((sent.status, sent.location()), (303, here));
    let pages = [browser.get(here).await, browser.get(here).await];
    assert_eq!(pages[0].text, pages[1].text);
    assert!(pages[0].text.contains(ADA));
    let code = app.mailed_code(ADA).await;
    assert_eq!(app.read_mail().await.len(), 1);
    let entered = browser.type_code(&pages[0], &code).await;
    assert_eq!(
        (entered.status, entered.location()),
        (303, "/settings/sessions")
    );
    // Whoever waits for no code is asked who they are.
    for browser in [&mut browser, &mut app.browser()] {
        let page = browser.get(here).await;
        let login = "/login?return_to=%2Fsettings%2Fsessions";
        assert_eq!((page.status, page.location()), (303, login));
        assert!(!page.text.contains(ADA));
    }
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_answered_with_a_page() {
    let app = TestApp::start().await;
    for wrong in [
        "/login?return_to=/a&return_to=/b",
        "/login/code?return_to=/a&return_to=/b",
    ] {
        let page = app.browser().get(wrong).await;
        assert_eq!(page.status, 400, "{wrong}");
        stands_alone(&page);
        assert!(page.text.contains("id=\"error-title\""));
        assert!(
            page.text
                .contains("<p>A parameter is there more than once.</p>")
        );
        assert_eq!(page.headers["x-frame-options"], "DENY");
    }
    // What is written there is text, whatever it looks like.
    let page = app
        .browser()
        .get("/login?email=%22%3E%3Cscript%3Ex&return_to=%22%3E%3Cb%3E")
        .await;
    assert_eq!(page.status, 200);
    stands_alone(&page);
}

/// Abuse case 74: on redirects, errors and answers for programs as well.
#[tokio::test]
async fn where_there_is_https_every_answer_insists_on_it() {
    let settings = "[server]\npublic_url = \"https://tokens.example\"";
    let app = TestApp::builder().settings(settings).start().await;
    for (path, status) in [
        ("/login", 200),
        ("/settings/sessions", 303),
        ("/login?email=a&email=b", 400),
        ("/nowhere", 404),
        ("/.well-known/openid-configuration", 200),
        ("/v1/oauth2/token", 405),
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, status, "{path}");
        let header = answer.headers.get("strict-transport-security");
        assert_eq!(header.unwrap(), "max-age=31536000", "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    let plain = TestApp::start().await;
    let page = plain.browser().get("/login").await;
    assert!(page.headers.get("strict-transport-security").is_none());
}
