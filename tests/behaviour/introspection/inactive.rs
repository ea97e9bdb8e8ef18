//! What is told about everything else, and that it is always the same.

use std::time::Duration;

use tokenward::domain::tokens::{self, Issued, NewTokenRequest, TokenReference};
use tokenward::domain::{organizations, users};
use tokenward::model::{RevocationReason, TokenKind};
use tokenward::storage::{clients, grants};

use super::{SCOPE, everything};
use crate::support::{Answer, TestApp, report};

/// A token for each reason to have died.
async fn dead_tokens(app: &TestApp) -> Vec<(&'static str, String)> {
    let cast = app.cast("ada").await;
    let brief = NewTokenRequest {
        lifetime: Some(Duration::from_secs(10)),
        ..cast.request(TokenKind::PersonalAccessToken)
    };
    let expired = app.token(brief).await;
    app.clock.advance(Duration::from_secs(10));
    let revoked = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let reference = TokenReference::Id(revoked.id);
    tokens::revoke(&app.ctx, &reference, RevocationReason::Owner)
        .await
        .unwrap();
    let ended = app.cast("emil").await;
    let of_grant = app.token_of(TokenKind::RefreshToken, &ended).await;
    let mut tx = app.ctx.db.begin().await.unwrap();
    grants::revoke(&mut tx, &[ended.grant], app.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    vec![
        ("expired", text(&expired)),
        ("revoked", text(&revoked)),
        ("ended grant", text(&of_grant)),
    ]
}

/// A token of everybody who may be shut out.
async fn suspended_tokens(app: &TestApp) -> Vec<(&'static str, String)> {
    let [bob, cleo, dora] = [
        app.cast("bob").await,
        app.cast("cleo").await,
        app.cast("dora").await,
    ];
    let of_user = app.token_of(TokenKind::UserSessionToken, &bob).await;
    users::block(&app.ctx, &bob.user.email).await.unwrap();
    let of_organization = app
        .token_of(TokenKind::OrganizationAccessToken, &cleo)
        .await;
    organizations::set_blocked(&app.ctx, &cleo.organization.slug, true)
        .await
        .unwrap();
    let of_client = app.token_of(TokenKind::ClientSecret, &dora).await;
    let now = Some(app.clock.now());
    let mut tx = app.ctx.db.begin().await.unwrap();
    let disabled = clients::set_disabled(&mut tx, dora.client, now).await;
    assert!(disabled.unwrap());
    tx.commit().await.unwrap();
    vec![
        ("blocked user", text(&of_user)),
        ("blocked organization", text(&of_organization)),
        ("disabled client", text(&of_client)),
    ]
}

/// Strings that are no token of ours, most of them close to `live`, which is one.
fn strange_strings(app: &TestApp, live: &str) -> Vec<(&'static str, String)> {
    let (cut, last) = live.split_at(live.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    vec![
        ("never issued", app.never_issued().reveal().to_owned()),
        ("no token", "nonsense".to_owned()),
        ("foreign letters", "schlüssel\u{0}🔑".to_owned()),
        ("prefix only", "polar_pat_".to_owned()),
        ("wrong checksum", format!("{cut}{other}")),
        ("cut", cut.to_owned()),
        ("prolonged", format!("{live}x")),
        ("blank before it", format!(" {live}")),
        ("another case", live.to_uppercase()),
        ("another kind's marker", live.replace("_pat_", "_us_")),
        ("very long", "polar_pat_".repeat(10_000)),
    ]
}

fn text(issued: &Issued) -> String {
    issued.token.reveal().to_owned()
}

#[tokio::test]
async fn nobody_learns_why_a_token_is_inactive() {
    let app = TestApp::start().await;
    let key = app.service_key(SCOPE).await;
    let ada = app.user("somebody@example.com").await;
    let live = app.personal_token(&ada, "live").await;
    let mut all = strange_strings(&app, live.token.reveal());
    all.extend(dead_tokens(&app).await);
    all.extend(suspended_tokens(&app).await);
    let mut answers = Vec::new();
    for (reason, token) in all {
        let response = app.introspection(&key.token, &[("token", &token)]).await;
        let answer = Answer::read(response).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (200, r#"{"active":false}"#),
            "{reason}"
        );
        answers.push((reason, everything(&answer)));
    }
    for (reason, answer) in &answers {
        assert_eq!(*answer, answers[0].1, "{reason}");
    }
    assert_eq!(
        app.metric(r#"tokenward_introspections_total{answer="inactive"}"#),
        17.0
    );
}

#[tokio::test]
async fn unblocking_revives_what_did_not_leak_meanwhile() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let kept = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let leaked = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let of_organization = app
        .token_of(TokenKind::OrganizationAccessToken, &cast)
        .await;
    users::block(&app.ctx, &cast.user.email).await.unwrap();
    organizations::set_blocked(&app.ctx, &cast.organization.slug, true)
        .await
        .unwrap();
    assert_eq!(
        app.github().report(&[report(&leaked.token)]).await.labels(),
        ["true_positive"]
    );
    for issued in [&kept, &leaked, &of_organization] {
        assert!(!app.is_active(&issued.token).await);
    }
    users::unblock(&app.ctx, &cast.user.email).await.unwrap();
    organizations::set_blocked(&app.ctx, &cast.organization.slug, false)
        .await
        .unwrap();
    assert!(app.is_active(&kept.token).await);
    assert!(app.is_active(&of_organization.token).await);
    assert!(!app.is_active(&leaked.token).await);
}
