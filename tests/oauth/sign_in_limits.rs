//! How often somebody may ask for a code, and how often anybody may guess one.

use futures_util::future::join_all;
use tokenward::domain::sessions::Circumstances;
use tokenward::domain::sign_in::{self, SignInRefusal};
use tokenward::model::{Language, LoginCodeText, PlainToken};
use uuid::Uuid;

use crate::browser::Browser;
use crate::support::{TestApp, address, is_postgres};

const ADA: &str = "ada@example.com";

/// The code of the latest request, as only the service could know it.
async fn latest_code(app: &TestApp) -> String {
    let id = if is_postgres() { "id::text" } else { "hex(id)" };
    let latest = format!("SELECT {id} FROM login_codes ORDER BY created_at DESC LIMIT 1");
    let id: Uuid = app.rows(&latest).await[0][0].parse().unwrap();
    let code = LoginCodeText::made_from(id, app.ctx.hash_keys.current());
    code.reveal().to_owned()
}

fn secret(browser: &Browser<'_>) -> PlainToken {
    PlainToken::new(browser.cookies["tokenward_browser"].clone())
}

/// Otherwise whoever asks often enough could guess as often.
#[tokio::test]
async fn a_code_that_was_not_mailed_opens_nothing() {
    let app = TestApp::start().await;
    for _ in 0..6 {
        app.browser().ask_for_code(ADA, "/").await;
    }
    let mut browser = app.browser();
    let page = browser.ask_for_code(ADA, "/").await;
    let code = latest_code(&app).await;
    assert_eq!(browser.type_code(&page, &code).await.status, 422);
    assert_eq!(app.read_mail().await.len(), 6);
}

/// A flood of requests for one address is no flood of letters.
#[tokio::test]
async fn requests_at_the_same_time_are_counted_one_by_one() {
    let settings = "[limits]\nlogin_codes_from_address = \"12 in 1h\"";
    let app = TestApp::builder().settings(settings).start().await;
    let place = Some("203.0.113.7".parse().unwrap());
    let browsers: Vec<_> = (0..20)
        .map(|n| PlainToken::new(format!("browser-{n}")))
        .collect();
    let asking = browsers.iter().map(|browser| {
        let language = Language::English;
        sign_in::request_code(&app.ctx, address(ADA), browser, place, language)
    });
    let asked = join_all(asking).await;
    let refused = asked
        .iter()
        .filter(|asked| matches!(asked, Err(SignInRefusal::TooMany { .. })));
    assert_eq!(refused.count(), 8);
    assert_eq!(asked.iter().filter(|asked| asked.is_ok()).count(), 12);
    assert_eq!(app.read_mail().await.len(), 6);
}

/// Whoever knows the fixed code may come as often as they like; whoever guesses may not.
#[tokio::test]
async fn a_reviewer_comes_often_and_guesses_seldom() {
    let settings = "[sign_in]\nreview_email = \"review@example.com\"\nreview_code = \"RV1EWO\"";
    let app = TestApp::builder().settings(settings).start().await;
    for _ in 0..8 {
        let mut browser = app.browser();
        let page = browser.ask_for_code("review@example.com", "/").await;
        assert_eq!(browser.type_code(&page, "RV1EWO").await.status, 303);
    }
    for _ in 0..6 {
        let mut browser = app.browser();
        let page = browser.ask_for_code("review@example.com", "/").await;
        assert_eq!(browser.type_code(&page, "AAAAAA").await.status, 422);
    }
    let mut browser = app.browser();
    browser.ask_for_code("review@example.com", "/").await;
    let circumstances = Circumstances::default();
    let late = sign_in::enter(&app.ctx, &secret(&browser), "RV1EWO", &circumstances).await;
    assert!(matches!(late, Err(SignInRefusal::WrongCode)));
}
