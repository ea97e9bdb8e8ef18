//! Whoever leaves an organization leaves what they could do there.

use tokenward::domain::tokens::NewTokenRequest;
use tokenward::model::{Role, TokenKind};

use crate::support::TestApp;

#[tokio::test]
async fn a_token_limited_to_an_organization_works_only_for_its_members() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let bob = app.user("bob@example.com").await;
    app.member(&cast.organization, &bob, Role::Member).await;
    let request = NewTokenRequest {
        user: Some(bob.id),
        organization: Some(cast.organization.id),
        client: Some(cast.client),
        ..NewTokenRequest::new(TokenKind::AccessToken)
    };
    let token = app.token(request).await.token;
    assert!(app.is_active(&token).await);
    let statement = "DELETE FROM organization_members WHERE role = 'member'";
    app.database.execute(statement).await;
    assert!(!app.is_active(&token).await);
    assert_eq!(
        app.number("SELECT count(*) FROM usable_tokens WHERE kind = 'access_token'")
            .await,
        0
    );
}
