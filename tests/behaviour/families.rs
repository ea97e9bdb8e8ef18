//! The family dies: whatever was minted from the same grant, and every session of the same person.

use tokenward::domain::tokens::NewTokenRequest;
use tokenward::model::TokenKind;

use crate::support::{TestApp, report};

#[tokio::test]
async fn whichever_member_leaks_the_whole_family_dies_and_no_other() {
    for leaking in 0..5 {
        let app = TestApp::start().await;
        let ada = app.user("ada@example.com").await;
        let family = app.family(&ada).await;
        let other = app.family(&ada).await;
        let leaked = family.all()[leaking];

        let answer = app.github().report(&[report(&leaked.token)]).await;

        assert_eq!(answer.labels(), ["true_positive"]);
        for member in family.all() {
            assert!(!app.is_active(&member.token).await, "{leaking}");
        }
        for stranger in other.all() {
            assert!(app.is_active(&stranger.token).await, "{leaking}");
        }
        let reasons = "SELECT revoked_reason, count(*) FROM tokens
             WHERE revoked_at IS NOT NULL GROUP BY revoked_reason ORDER BY revoked_reason";
        assert_eq!(
            app.rows(reasons).await,
            [["exposed", "1"], ["relative_exposed", "4"]]
        );
        let mails = app.read_mail().await;
        assert_eq!(mails.len(), 1);
        assert!(mails[0].text.contains('4'), "{}", mails[0].text);
    }
}

#[tokio::test]
async fn a_code_that_was_used_long_ago_still_kills_what_came_of_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    let used = "UPDATE tokens SET revoked_at = 1, revoked_reason = 'owner'
         WHERE kind = 'authorization_code'";
    app.database.execute(used).await;

    app.github().report(&[report(&family.code.token)]).await;

    assert!(!app.is_active(&family.rotated_access.token).await);
    assert!(!app.is_active(&family.rotated_refresh.token).await);
}

#[tokio::test]
async fn what_is_minted_from_an_ended_grant_is_dead_on_arrival() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    app.github().report(&[report(&family.refresh.token)]).await;

    let late = app
        .mint(TokenKind::AccessToken, &ada, family.client, family.grant)
        .await;

    assert!(!app.is_active(&late.token).await);
}

#[tokio::test]
async fn a_leaked_session_ends_every_session_of_that_user_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let bob = app.user("bob@example.com").await;
    let session = |user| NewTokenRequest {
        user: Some(user),
        ..NewTokenRequest::new(TokenKind::UserSessionToken)
    };
    let leaked = app.token(session(ada.id)).await;
    let second = app.token(session(ada.id)).await;
    let of_bob = app.token(session(bob.id)).await;
    let token = app.personal_token(&ada, "deploy").await;

    app.github().report(&[report(&leaked.token)]).await;

    assert!(!app.is_active(&leaked.token).await && !app.is_active(&second.token).await);
    assert!(app.is_active(&of_bob.token).await && app.is_active(&token.token).await);
    let mails = app.read_mail().await;
    assert_eq!(
        mails
            .iter()
            .map(|mail| mail.to.as_str())
            .collect::<Vec<_>>(),
        ["ada@example.com"]
    );
}

#[tokio::test]
async fn every_other_kind_dies_alone() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let client = app.oauth_client("Acme Reports", Some(&ada)).await;
    let make = |kind| NewTokenRequest {
        user: matches!(kind, TokenKind::PersonalAccessToken).then_some(ada.id),
        organization: matches!(kind, TokenKind::OrganizationAccessToken).then_some(acme.id),
        client: matches!(
            kind,
            TokenKind::ClientSecret | TokenKind::ClientRegistrationToken
        )
        .then_some(client),
        customer: matches!(kind, TokenKind::CustomerSessionToken).then(|| "cus_1".to_owned()),
        ..NewTokenRequest::new(kind)
    };
    for kind in [
        TokenKind::PersonalAccessToken,
        TokenKind::OrganizationAccessToken,
        TokenKind::ClientSecret,
        TokenKind::ClientRegistrationToken,
        TokenKind::CustomerSessionToken,
        TokenKind::ServiceKey,
    ] {
        let leaked = app.token(make(kind)).await;
        let sibling = app.token(make(kind)).await;

        let answer = app.github().report(&[report(&leaked.token)]).await;

        assert_eq!(answer.labels(), ["true_positive"], "{kind}");
        assert!(!app.is_active(&leaked.token).await, "{kind}");
        assert!(app.is_active(&sibling.token).await, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_about_the_same_families_at_once_all_succeed() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let mut families = Vec::new();
    for _ in 0..6 {
        families.push(app.family(&ada).await);
    }
    // Each delivery names another member of every family, half of them in the opposite order.
    let bodies = (0..5).map(|member| {
        let mut reports: Vec<_> = families
            .iter()
            .map(|family| report(&family.all()[member].token))
            .collect();
        if member % 2 == 1 {
            reports.reverse();
        }
        reports
    });
    let github = app.github();
    let deliveries: Vec<_> = bodies.collect();
    let answers =
        futures_util::future::join_all(deliveries.iter().map(|reports| github.report(reports)))
            .await;

    for answer in answers {
        assert_eq!(answer.labels(), ["true_positive"; 6]);
    }
    let alive = "SELECT count(*) FROM tokens WHERE revoked_at IS NULL AND kind <> 'service_key'";
    assert_eq!(app.number(alive).await, 0);
    assert_eq!(app.read_mail().await.len(), 30);
}
