//! Clients and their secrets: two may overlap, and nothing of a client outlives it.

use std::time::Duration;

use tokenward::domain::DomainError;
use tokenward::domain::clients;
use tokenward::model::{AuthMethod, ClientMetadata, RegisteredClient, RevocationReason};

use crate::desk::Party;
use crate::support::TestApp;

async fn registered(app: &TestApp, party: &Party) -> RegisteredClient {
    clients::find(&app.ctx, &party.client_id).await.unwrap()
}

/// Whether a client is believed at the token endpoint, whatever it is told there.
async fn is_believed(app: &TestApp, party: &Party) -> bool {
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", "none")];
    let answer = app.post_as(party, "token", &parameters).await;
    answer.error() != "invalid_client"
}

#[tokio::test]
async fn two_secrets_overlap_and_a_third_waits_until_one_is_revoked() {
    let app = TestApp::start().await;
    let old = app.client("Acme").register().await;
    let client = registered(&app, &old).await;
    app.clock.advance(Duration::from_secs(1));
    let added = clients::add_secret(&app.ctx, &client).await.unwrap();
    let new = Party {
        secret: Some(added.token),
        ..old.clone()
    };
    assert!(is_believed(&app, &old).await && is_believed(&app, &new).await);
    let third = clients::add_secret(&app.ctx, &client).await;
    assert!(matches!(third, Err(DomainError::Invalid(_))));

    let secrets = clients::list_secrets(&app.ctx, &client).await.unwrap();
    assert_eq!(secrets.len(), 2);
    let first = secrets[0].token.id;
    let revoke = || clients::revoke_secret(&app.ctx, &client, first, RevocationReason::Owner);
    assert!(revoke().await.unwrap());
    assert!(!revoke().await.unwrap());
    assert!(!is_believed(&app, &old).await && is_believed(&app, &new).await);
    assert!(clients::add_secret(&app.ctx, &client).await.is_ok());
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn of_many_secrets_added_at_once_one_fits_beside_the_first() {
    let app = TestApp::start().await;
    let party = app.client("Acme").register().await;
    let client = registered(&app, &party).await;
    let adding = (0..16).map(|_| clients::add_secret(&app.ctx, &client));
    let added = futures_util::future::join_all(adding).await;
    assert_eq!(added.iter().filter(|one| one.is_ok()).count(), 1);
}

#[tokio::test]
async fn nobody_revokes_the_secret_of_another_client() {
    let app = TestApp::start().await;
    let (one, other) = (
        app.client("One").register().await,
        app.client("Other").register().await,
    );
    let (one_client, other_client) = (registered(&app, &one).await, registered(&app, &other).await);
    let secret = clients::list_secrets(&app.ctx, &other_client)
        .await
        .unwrap()[0]
        .token
        .id;
    let reason = RevocationReason::Owner;
    let revoked = clients::revoke_secret(&app.ctx, &one_client, secret, reason).await;
    assert!(!revoked.unwrap());
    assert!(is_believed(&app, &other).await);
}

#[tokio::test]
async fn a_client_that_becomes_public_loses_its_secrets_and_gets_one_when_it_is_not_any_more() {
    let app = TestApp::start().await;
    let party = app.client("Acme").register().await;
    let client = registered(&app, &party).await;
    let public = ClientMetadata {
        token_endpoint_auth_method: AuthMethod::None,
        ..client.metadata.clone()
    };
    let secret = clients::replace(&app.ctx, &client, public)
        .await
        .unwrap()
        .secret;
    assert!(secret.is_none());
    assert!(!is_believed(&app, &party).await);
    assert!(
        is_believed(
            &app,
            &Party {
                secret: None,
                ..party.clone()
            }
        )
        .await
    );
    let client = registered(&app, &party).await;
    let refused = clients::add_secret(&app.ctx, &client).await;
    assert!(matches!(refused, Err(DomainError::Invalid(_))));
    let secret = ClientMetadata {
        token_endpoint_auth_method: AuthMethod::ClientSecretPost,
        ..client.metadata.clone()
    };
    let replaced = clients::replace(&app.ctx, &client, secret).await.unwrap();
    assert!(replaced.secret.is_some());
    assert_eq!(registered(&app, &party).await, replaced.client);
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn a_disabled_client_is_not_believed_until_it_is_let_in_again() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.client("Acme").register().await;
    let access = app
        .exchange(&party, &app.plain_code(&party, &ada).await)
        .await;
    let access = access.member("access_token");
    let client = registered(&app, &party).await;
    clients::set_disabled(&app.ctx, &client, true)
        .await
        .unwrap();
    assert!(!is_believed(&app, &party).await && !app.works(&access).await);
    clients::set_disabled(&app.ctx, &client, false)
        .await
        .unwrap();
    assert!(is_believed(&app, &party).await && app.works(&access).await);
}

#[tokio::test]
async fn nothing_of_a_client_outlives_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.client("Acme").register().await;
    let answer = app
        .exchange(&party, &app.plain_code(&party, &ada).await)
        .await;
    let access = answer.member("access_token");
    let refresh = answer.member("refresh_token");
    let code = app.plain_code(&party, &ada).await;
    app.database
        .execute(
            "INSERT INTO consents (id, user_id, client_id, scopes, created_at, used_at)
             SELECT id, user_id, client_id, scopes, 1, 1 FROM grants LIMIT 1",
        )
        .await;

    let client = registered(&app, &party).await;
    clients::delete(&app.ctx, &client).await.unwrap();
    assert!(!app.works(&access).await);
    for answer in [
        app.refresh(&party, &refresh).await,
        app.exchange(&party, &code).await,
    ] {
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (401, "invalid_client")
        );
    }
    for nothing in [
        "SELECT count(*) FROM tokens WHERE client_id IS NOT NULL AND revoked_at IS NULL",
        "SELECT count(*) FROM grants WHERE revoked_at IS NULL",
        "SELECT count(*) FROM consents",
        "SELECT count(*) FROM clients WHERE deleted_at IS NULL",
    ] {
        assert_eq!(app.number(nothing).await, 0, "{nothing}");
    }
    let by_deletion = "SELECT count(*) FROM tokens WHERE revoked_reason = 'client_deleted'";
    assert!(app.number(by_deletion).await > 0);
    let again = clients::delete(&app.ctx, &client).await;
    assert!(matches!(again, Err(DomainError::NotFound(_))));
    let gone = clients::find(&app.ctx, &party.client_id).await;
    assert!(matches!(gone, Err(DomainError::NotFound(_))));
    let enabled = clients::set_disabled(&app.ctx, &client, false).await;
    assert!(matches!(enabled, Err(DomainError::NotFound(_))));
    app.everything_is_in_the_audit_log().await;
}
