//! The main job, from GitHub's request to the owner's letter.

use std::time::Duration;

use serde_json::json;
use tokenward::domain::tokens::{NewTokenRequest, TokenReference};
use tokenward::domain::{organizations, tokens, users};
use tokenward::model::{RevocationReason, TokenKind};

use crate::support::{TestApp, report, report_at};

/// What was dead before is told at once, too.
const NO_DIGEST: &str = "[mail]\ndigest_every = ''";

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
    let letter = &mails[0].text;
    assert!(letter.contains("deploy"), "{letter}");
    assert!(
        letter.contains("https://github.com/acme/app/blob/main/.env"),
        "{letter}"
    );
    assert!(letter.contains(&leaked.token.hint()), "{letter}");
    assert!(letter.contains("orders:read"), "{letter}");
    let exposures = "SELECT origin, url, source, state_before, verdict FROM exposures";
    let place = "https://github.com/acme/app/blob/main/.env";
    assert_eq!(
        app.rows(exposures).await,
        [["github", place, "commit", "live", "true_positive"]]
    );
}

#[tokio::test]
async fn what_we_never_issued_is_a_false_positive_and_leaves_no_trace() {
    let app = TestApp::start().await;
    let ours = app.ctx.format.mint(TokenKind::PersonalAccessToken, false);
    let reports = [
        report(&ours),
        report_at("ghp_0123456789", "https://github.com/x"),
    ];

    let answer = app.github().report(&reports).await;

    assert_eq!(answer.labels(), ["false_positive", "false_positive"]);
    for table in ["deliveries", "exposures", "outbox"] {
        assert_eq!(
            app.number(&format!("SELECT count(*) FROM {table}")).await,
            0,
            "{table}"
        );
    }
}

#[tokio::test]
async fn one_bad_item_never_hurts_its_neighbours() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let reports = [
        json!(null),
        json!({ "type": "x" }),
        json!({ "token": 7, "type": ["polar"], "url": {}, "source": false }),
        json!({ "token": "polar_pat_\u{0}é\u{1f511}", "type": "polar_personal_access_token" }),
        json!({ "token": leaked.token.reveal(), "type": "unheard_of", "extra": [[[]]] }),
        json!("polar_pat_"),
    ];

    let labels = app.github().report(&reports).await.labels();

    assert_eq!(labels[4], "true_positive");
    assert_eq!(
        labels
            .iter()
            .filter(|label| *label == "false_positive")
            .count(),
        5
    );
    assert!(!app.is_active(&leaked.token).await);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn the_kind_is_what_the_database_says_not_what_the_origin_claims() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let claimed = json!({
        "token": leaked.token.reveal(), "type": "POLAR_CLIENT_SECRET", "url": "", "source": "npm",
    });

    let answer = app.github().report(&[claimed]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    assert_eq!(answer.json()[0]["token_type"], "POLAR_CLIENT_SECRET");
    assert!(!app.is_active(&leaked.token).await);
    let mails = app.read_mail().await;
    assert!(
        mails[0].subject.contains("personal access token"),
        "{}",
        mails[0].subject
    );
}

#[tokio::test]
async fn a_token_inside_a_longer_string_counts() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    for around in [
        "\"{}\"",
        "Bearer {}",
        "https://x.example/?a={}&b=c",
        "key: '{}' # {{ \u{e9}",
    ] {
        let leaked = app.personal_token(&ada, "deploy").await;
        let text = around.replace("{}", leaked.token.reveal());

        let answer = app
            .github()
            .report(&[report_at(&text, "https://gist.github.com/1")])
            .await;

        assert_eq!(answer.labels(), ["true_positive"], "{around}");
        assert!(!app.is_active(&leaked.token).await, "{around}");
    }
}

#[tokio::test]
async fn every_token_in_one_string_dies() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let one = app.personal_token(&ada, "one").await;
    let two = app.personal_token(&ada, "two").await;
    let text = format!("A={}\nB={}", one.token.reveal(), two.token.reveal());

    let answer = app
        .github()
        .report(&[report_at(&text, "https://gist.github.com/1")])
        .await;

    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!app.is_active(&one.token).await && !app.is_active(&two.token).await);
    assert_eq!(app.read_mail().await.len(), 2);
}

#[tokio::test]
async fn an_expired_token_is_a_true_positive_and_dead_for_good() {
    let app = TestApp::builder().settings(NO_DIGEST).start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app
        .token(NewTokenRequest {
            user: Some(ada.id),
            lifetime: Some(Duration::from_secs(60)),
            ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
        })
        .await;
    app.clock.advance(Duration::from_secs(61));

    let answer = app.github().report(&[report(&leaked.token)]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    let state = "SELECT state_before FROM exposures";
    assert_eq!(app.rows(state).await, [["expired"]]);
    let revoked = "SELECT count(*) FROM tokens WHERE revoked_reason = 'exposed'";
    assert_eq!(app.number(revoked).await, 1);
    assert!(app.read_mail().await[0].text.contains("expired"));
}

#[tokio::test]
async fn a_token_that_was_revoked_before_is_a_true_positive_and_its_owner_is_told() {
    let app = TestApp::builder().settings(NO_DIGEST).start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let reference = TokenReference::Id(leaked.id);
    tokens::revoke(&app.ctx, &reference, RevocationReason::Owner)
        .await
        .unwrap();
    app.clock.advance(Duration::from_secs(3_600));

    let answer = app.github().report(&[report(&leaked.token)]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    // When and why it died stays as it was.
    let revoked = "SELECT revoked_reason, revoked_at FROM tokens WHERE revoked_at IS NOT NULL";
    let at = crate::support::START.as_millis().to_string();
    assert_eq!(app.rows(revoked).await, [["owner", at.as_str()]]);
    assert_eq!(app.rows("SELECT revoked_at FROM exposures").await, [[at]]);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn unblocking_never_revives_what_leaked() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let of_ada = app.personal_token(&ada, "deploy").await;
    let of_acme = app.organization_token(acme.id, None, "shop").await;
    users::block(&app.ctx, &ada.email).await.unwrap();
    organizations::set_blocked(&app.ctx, &acme.slug, true)
        .await
        .unwrap();

    let reports = [report(&of_ada.token), report(&of_acme.token)];
    let answer = app.github().report(&reports).await;
    users::unblock(&app.ctx, &ada.email).await.unwrap();
    organizations::set_blocked(&app.ctx, &acme.slug, false)
        .await
        .unwrap();

    assert_eq!(answer.labels(), ["true_positive", "true_positive"]);
    assert!(!app.is_active(&of_ada.token).await && !app.is_active(&of_acme.token).await);
    assert_eq!(
        app.rows("SELECT DISTINCT state_before FROM exposures")
            .await,
        [["suspended"]]
    );
    assert_eq!(app.read_mail().await.len(), 2);
}

#[tokio::test]
async fn tokens_without_checksum_are_found_where_they_can_exist() {
    let legacy = "polar_pat_-bcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQs_Z";
    for (setting, label) in [(false, "false_positive"), (true, "true_positive")] {
        let switch = format!("tokens.legacy_without_checksum.personal_access_token = {setting}");
        let app = TestApp::builder().settings(&switch).start().await;
        let ada = app.user("ada@example.com").await;
        app.personal_token(&ada, "old").await;
        // The same row, as an older product wrote it.
        let digest = app
            .ctx
            .hash_keys
            .current()
            .digest(legacy.as_bytes())
            .to_hex();
        let digest = match crate::support::is_postgres() {
            true => format!("'\\x{digest}'"),
            false => format!("x'{digest}'"),
        };
        app.database
            .execute(&format!("UPDATE tokens SET digest = {digest}"))
            .await;

        let answer = app
            .github()
            .report(&[report_at(legacy, "https://github.com/x")])
            .await;

        assert_eq!(answer.labels(), [label]);
    }
}

#[tokio::test]
async fn no_token_is_kept_where_the_reporter_wrote_it_into_the_address() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let text = leaked.token.reveal();
    let hostile = json!({
        "token": text, "type": text, "source": text, "url": format!("https://x.example/{text}"),
    });

    app.github().report(&[hostile]).await;

    let stored = app.rows("SELECT url, source FROM exposures").await;
    let letters = app.rows("SELECT letter FROM outbox").await;
    let mails = app.read_mail().await;
    let secret = text.trim_start_matches("polar_pat_").get(..20).unwrap();
    assert!(!format!("{stored:?}{letters:?}{mails:?}").contains(secret));
    assert_eq!(stored[0][0], "https://x.example/polar_pat_[redacted]");
}

#[tokio::test]
async fn the_letter_says_when_and_from_where_the_token_was_last_used() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let key = app.service_key("tokens:introspect").await;
    let asked = [
        ("token", leaked.token.reveal()),
        ("ip_address", "203.0.113.7"),
    ];
    assert_eq!(app.introspection(&key.token, &asked).await.status(), 200);

    // The use was gathered in memory and not written down yet.
    app.github().report(&[report(&leaked.token)]).await;

    assert!(app.read_mail().await[0].text.contains("203.0.113.7"));
}
