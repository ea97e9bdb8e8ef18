//! Every owner is told, once per place, however often the origin repeats itself.

use std::time::Duration;

use serde_json::json;

use crate::support::{TestApp, report, report_at};

#[tokio::test]
async fn a_repeated_delivery_gets_the_same_answer_and_no_second_letter() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let body = json!([report(&leaked.token), { "token": "x", "type": "y" }]).to_string();
    let first = app.github().post(&body).await;
    app.clock.advance(Duration::from_secs(600));

    let second = app.github().post(&body).await;

    assert_eq!(first.labels(), ["true_positive", "false_positive"]);
    assert_eq!(first.text, second.text);
    assert_eq!(app.read_mail().await.len(), 1);
    assert_eq!(app.number("SELECT count(*) FROM deliveries").await, 1);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_from_many_connections_at_once_tells_once() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let body = json!([report(&leaked.token)]).to_string();
    let github = app.github();

    let answers = futures_util::future::join_all((0..16).map(|_| github.post(&body))).await;

    for answer in &answers {
        assert_eq!(answer.labels(), ["true_positive"]);
    }
    assert_eq!(app.read_mail().await.len(), 1);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
}

#[tokio::test]
async fn two_places_in_one_delivery_are_two_exposures_and_two_letters() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let text = leaked.token.reveal();
    let reports = [
        report_at(text, "https://github.com/acme/app/one"),
        report_at(text, "https://github.com/acme/app/two"),
        report_at(text, "https://github.com/acme/app/one"),
    ];

    let answer = app.github().report(&reports).await;

    assert_eq!(answer.labels(), ["true_positive"; 3]);
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 2);
    for place in ["/one", "/two"] {
        let told = mails
            .iter()
            .filter(|mail| mail.text.contains(place))
            .count();
        assert_eq!(told, 1, "{place}");
    }
}

#[tokio::test]
async fn a_known_place_in_another_delivery_is_no_news_and_a_new_place_is() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let text = leaked.token.reveal();
    let known = report_at(text, "https://github.com/acme/app/one");
    app.github().report(std::slice::from_ref(&known)).await;
    assert_eq!(app.read_mail().await.len(), 1);
    app.clock.advance(Duration::from_secs(86_400));

    app.github()
        .report(&[known, json!({ "token": "x", "type": "y" })])
        .await;
    assert_eq!(app.read_mail().await.len(), 1);

    app.github()
        .report(&[report_at(text, "https://github.com/acme/app/two")])
        .await;
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].text.contains("/two") && mails[1].subject.contains("revoked"));
}

#[tokio::test]
async fn without_an_address_each_kind_of_source_is_told_once() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let text = leaked.token.reveal();
    let reports = [
        json!({ "token": text, "type": "t", "url": "", "source": "commit" }),
        json!({ "token": text, "type": "t", "source": "Commit" }),
        json!({ "token": text, "type": "t", "source": "npm" }),
        json!({ "token": text, "type": "t" }),
    ];

    let answer = app.github().report(&reports).await;

    assert_eq!(answer.labels(), ["true_positive"; 4]);
    assert_eq!(app.read_mail().await.len(), 3);
}

#[tokio::test]
async fn a_verdict_improves_when_what_we_know_has_grown_and_the_token_dies_then() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let known = app.personal_token(&ada, "known").await;
    let late = app.personal_token(&ada, "late").await;
    let reports = json!([report(&known.token), report(&late.token)]).to_string();
    // The second token is unknown at first, as while a restored database catches up.
    let hidden = hide(&app, "late").await;
    let first = app.github().post(&reports).await;
    assert_eq!(first.labels(), ["true_positive", "false_positive"]);
    set_digest(&app, "late", &hidden).await;

    let second = app.github().post(&reports).await;

    assert_eq!(second.labels(), ["true_positive", "true_positive"]);
    assert!(!app.is_active(&late.token).await);
    assert_eq!(app.read_mail().await.len(), 2);
}

#[tokio::test]
async fn a_verdict_that_was_true_once_stays_true() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let kept = app.personal_token(&ada, "kept").await;
    let lost = app.personal_token(&ada, "lost").await;
    let reports = json!([report(&kept.token), report(&lost.token)]).to_string();
    let first = app.github().post(&reports).await;
    assert_eq!(first.labels(), ["true_positive", "true_positive"]);
    // As when its hash key was forgotten.
    hide(&app, "lost").await;

    let second = app.github().post(&reports).await;

    assert_eq!(second.text, first.text);
}

/// Moves a token's digest out of the way and remembers it.
async fn hide(app: &TestApp, name: &str) -> String {
    let digest = match crate::support::is_postgres() {
        true => "encode(digest, 'hex')",
        false => "hex(digest)",
    };
    let found = app
        .rows(&format!(
            "SELECT {digest} FROM tokens WHERE name = '{name}'"
        ))
        .await;
    let other = "00".repeat(32);
    set_digest(app, name, &other).await;
    found[0][0].clone()
}

async fn set_digest(app: &TestApp, name: &str, digest: &str) {
    let literal = match crate::support::is_postgres() {
        true => format!("'\\x{digest}'"),
        false => format!("x'{digest}'"),
    };
    let statement = format!("UPDATE tokens SET digest = {literal} WHERE name = '{name}'");
    app.database.execute(&statement).await;
}
