//! A new origin's first days: what was only observed is told once something is done about it.

use serde_json::json;
use tokenward::domain::tokens::{TokenReference, revoke};
use tokenward::model::{LeakPolicy, RevocationReason};

use super::{exposures, under};
use crate::support::{TestApp, report, report_at};

fn change(app: &TestApp, change: impl FnOnce(&mut LeakPolicy)) {
    let mut policy = (*app.ctx.leak_policy.current()).clone();
    change(&mut policy);
    assert!(app.ctx.leak_policy.replace(policy));
}

#[tokio::test]
async fn what_was_only_observed_is_told_when_its_owner_is_to_be_notified() {
    let app = under("rules = ['github * observe']\ndefault = 'notify'").await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let reports = [report_at(token.token.reveal(), "https://x.example/1")];
    app.github().report(&reports).await;
    assert_eq!(exposures(&app).await[0]["decision"], "observe");
    assert!(app.read_mail().await.is_empty());

    change(&app, |policy| policy.rules.clear());
    for _ in 0..2 {
        app.github().report(&reports).await;
        let mails = app.read_mail().await;
        assert_eq!(mails.len(), 1, "once");
        assert!(mails[0].subject.contains("NOT been revoked"));
    }
    let seen = exposures(&app).await;
    assert_eq!(
        (seen.len(), &seen[0]["decision"], &seen[0]["revoked_at"]),
        (1, &json!("notify"), &json!(null))
    );
    assert!(app.is_active(&token.token).await);
    let told = "SELECT count(*) FROM audit_log WHERE event = 'exposure.redecided'";
    assert_eq!(app.number(told).await, 1);
}

#[tokio::test]
async fn what_was_observed_of_a_dead_token_is_decided_anew_as_well() {
    let app = under("rules = ['github * observe']").await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    revoke(
        &app.ctx,
        &TokenReference::Id(token.id),
        RevocationReason::Owner,
    )
    .await
    .unwrap();
    let reports = [report_at(token.token.reveal(), "https://x.example/1")];
    app.github().report(&reports).await;
    let observed = exposures(&app).await[0].clone();

    change(&app, |policy| policy.rules.clear());
    app.github().report(&reports).await;
    let seen = exposures(&app).await;
    assert_eq!(seen[0]["decision"], "revoke");
    assert_eq!(seen[0]["revoked_at"], observed["revoked_at"]);
    // Its owner reads of it in the digest.
    assert_eq!(app.number("SELECT count(*) FROM digest_entries").await, 1);
}

/// What dies with others was not only observed, and is told once.
#[tokio::test]
async fn what_was_to_be_observed_and_died_with_others_is_told_once() {
    let app = under("default = 'notify'").await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    let access = family.rotated_access.token.reveal();
    app.github()
        .report(&[report_at(access, "https://x.example/1")])
        .await;
    let rules = ["* access_token observe", "* refresh_token revoke"];
    change(&app, |policy| {
        policy.rules = rules.map(|rule| rule.parse().unwrap()).to_vec();
    });
    let reports = [
        report(&family.rotated_refresh.token),
        report_at(access, "https://x.example/2"),
    ];
    app.github().report(&reports).await;
    assert!(!app.is_active(&family.rotated_access.token).await);
    let seen = exposures(&app).await;
    let of = |url: &str| seen.iter().find(|one| one["url"] == url).unwrap();
    let decided = ["1", "2"].map(|place| of(&format!("https://x.example/{place}")));
    let decided = decided.map(|one| [&one["decision"], &one["decided_by"]]);
    assert_eq!(decided, [["notify", "default"], ["revoke", "relatives"]]);
    let letters = app.read_mail().await.len();
    change(&app, |policy| policy.rules.clear());
    app.github()
        .report(&[report_at(access, "https://x.example/2")])
        .await;
    assert_eq!(app.read_mail().await.len(), letters);
    let told = "SELECT count(*) FROM audit_log WHERE event = 'exposure.redecided'";
    assert_eq!(app.number(told).await, 0);
}
