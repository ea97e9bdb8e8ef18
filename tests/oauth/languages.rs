//! Letters in the language of their reader: the page's for a code, the one used last for what is
//! written unasked.

use crate::browser::Browser;
use crate::support::{Mail, TestApp, report};

const ADA: &str = "ada@example.com";

async fn choose(browser: &mut Browser<'_>, language: &str) {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = [field("language", language), field("return_to", "/login")];
    assert_eq!(browser.post("/language", &fields).await.status, 303);
}

/// The latest letter to Ada after one of her tokens leaked.
async fn letter_of_a_leak(app: &TestApp, name: &str) -> Mail {
    let ada = app.user_named(ADA).await;
    let token = app.personal_token(&ada, name).await;
    let leaked = report(&token.token);
    app.github().report(&[leaked]).await;
    latest(app).await
}

async fn latest(app: &TestApp) -> Mail {
    app.read_mail().await.into_iter().last().unwrap()
}

#[tokio::test]
async fn a_code_comes_in_the_language_of_the_page_it_is_asked_from() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    choose(&mut browser, "de").await;
    browser.ask_for_code(ADA, "/").await;
    let letter = latest(&app).await;
    assert!(
        letter.subject.starts_with("Ihr Code zum Anmelden"),
        "{}",
        letter.subject
    );
    assert!(letter.html.contains("<html lang=\"de\">"));
    // Somebody else at another page of the same address is asked in English.
    app.browser().ask_for_code(ADA, "/").await;
    let letter = latest(&app).await;
    assert!(
        letter.subject.starts_with("Your code"),
        "{}",
        letter.subject
    );
}

#[tokio::test]
async fn what_is_written_unasked_follows_the_language_that_was_used_last() {
    let app = TestApp::start().await;
    app.user(ADA).await;
    let subject = letter_of_a_leak(&app, "one").await.subject;
    assert!(subject.starts_with("Your personal"), "{subject}");
    // Signing in on German pages says it,
    let mut browser = app.browser();
    choose(&mut browser, "de").await;
    browser.sign_in(ADA).await;
    let letter = letter_of_a_leak(&app, "two").await;
    assert!(letter.subject.contains("„two“ wurde"), "{}", letter.subject);
    assert!(letter.text.contains("WAS JETZT ZU TUN IST"));
    // and so does choosing another while signed in; a stranger's choice does not.
    choose(&mut app.browser(), "en").await;
    let subject = letter_of_a_leak(&app, "three").await.subject;
    assert!(subject.contains("„three“ wurde"), "{subject}");
    choose(&mut browser, "en").await;
    let subject = letter_of_a_leak(&app, "four").await.subject;
    assert!(subject.contains("“four” was found"), "{subject}");
}
