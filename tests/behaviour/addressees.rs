//! Who is told: the nearest people who can do something about it, each once.

use tokenward::domain::exposures;
use tokenward::domain::tokens::NewTokenRequest;
use tokenward::model::{Delivery, Id, Origin, Report, ReportedText, Role, TokenKind};

use crate::support::{TestApp, report};

async fn told(app: &TestApp) -> Vec<String> {
    let mut told: Vec<_> = app
        .read_mail()
        .await
        .into_iter()
        .map(|mail| mail.to)
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn an_organizations_token_concerns_its_owners_its_admins_and_its_creator() {
    let app = TestApp::start().await;
    let owner = app.user("owner@example.com").await;
    let acme = app.organization("acme", &owner).await;
    for (email, role) in [
        ("admin@example.com", Role::Admin),
        ("finance@example.com", Role::Finance),
        ("member@example.com", Role::Member),
    ] {
        let user = app.user(email).await;
        app.member(&acme, &user, role).await;
    }
    let creator = app.user("creator@example.com").await;
    let leaked = app
        .organization_token(acme.id, Some(&creator), "shop")
        .await;

    app.github().report(&[report(&leaked.token)]).await;

    assert_eq!(
        told(&app).await,
        [
            "admin@example.com",
            "creator@example.com",
            "owner@example.com"
        ]
    );
}

#[tokio::test]
async fn who_made_it_and_owns_it_is_told_once() {
    let app = TestApp::start().await;
    let owner = app.user("owner@example.com").await;
    let acme = app.organization("acme", &owner).await;
    let leaked = app.organization_token(acme.id, Some(&owner), "shop").await;

    let delivery = Delivery {
        id: Id::new(app.clock.now()),
        origin: Origin::GITHUB,
        key_id: "a key".to_owned(),
        body_digest: Some([7; 32]),
        received_at: app.clock.now(),
        reports: vec![Report {
            text: ReportedText::new(leaked.token.reveal().as_bytes().to_vec()),
            url: None,
            source: None,
        }],
    };
    let handled = exposures::handle(&app.ctx, &delivery).await.unwrap();

    // Counted once as well: the outbox would keep a second letter out, but not out of the log.
    assert_eq!(handled.letters, 1);
    assert_eq!(told(&app).await, ["owner@example.com"]);
}

#[tokio::test]
async fn an_application_owner_is_told_of_its_secret_and_operators_when_it_has_none() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let owned = app.oauth_client("Acme Reports", Some(&ada)).await;
    let orphan = app.oauth_client("Nobody's", None).await;
    let mut reports = Vec::new();
    for client in [owned, orphan] {
        for kind in [TokenKind::ClientSecret, TokenKind::ClientRegistrationToken] {
            let request = NewTokenRequest {
                client: Some(client),
                ..NewTokenRequest::new(kind)
            };
            reports.push(report(&app.token(request).await.token));
        }
    }

    app.github().report(&reports).await;

    let operators = "security@tokenward.test";
    let ada = "ada@example.com";
    assert_eq!(told(&app).await, [ada, ada, operators, operators]);
}

#[tokio::test]
async fn operators_are_told_of_service_keys_and_of_what_has_no_other_owner() {
    let app = TestApp::start().await;
    let key = app.service_key("tokens:introspect").await;
    let customer = NewTokenRequest {
        customer: Some("cus_1".to_owned()),
        ..NewTokenRequest::new(TokenKind::CustomerSessionToken)
    };
    let customer = app.token(customer).await;

    app.github()
        .report(&[report(&key.token), report(&customer.token)])
        .await;

    assert_eq!(told(&app).await, ["security@tokenward.test"; 2]);
}

#[tokio::test]
async fn a_customers_session_concerns_the_organization_it_belongs_to() {
    let app = TestApp::start().await;
    let owner = app.user("owner@example.com").await;
    let acme = app.organization("acme", &owner).await;
    let customer = NewTokenRequest {
        customer: Some("cus_1".to_owned()),
        organization: Some(acme.id),
        ..NewTokenRequest::new(TokenKind::CustomerSessionToken)
    };
    let leaked = app.token(customer).await;

    app.github().report(&[report(&leaked.token)]).await;

    assert_eq!(told(&app).await, ["owner@example.com"]);
}
