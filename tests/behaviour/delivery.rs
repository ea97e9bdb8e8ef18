//! The main job, from GitHub's request to the owner's letter.

use std::time::Duration;

use serde_json::json;
use tokenward::model::Role;

use crate::support::{TestApp, report, report_at};

#[tokio::test]
async fn a_leaked_token_is_revoked_and_its_owner_is_told() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let kept = app.personal_token(&ada, "laptop").await;
    assert!(app.is_active(&leaked.token).await);

    let answer = app.github().report(&[report(&leaked.token)]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!app.is_active(&leaked.token).await);
    assert!(app.is_active(&kept.token).await);
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "ada@example.com");
    assert!(mails[0].text.contains("deploy"), "{}", mails[0].text);
    assert!(
        mails[0]
            .text
            .contains("https://github.com/acme/app/blob/main/.env")
    );
    assert!(mails[0].text.contains(&leaked.token.hint()));
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
}
