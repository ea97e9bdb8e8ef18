//! Applications and what users allowed them, put straight into the database.

use tokenward::domain::tokens::{Issued, NewTokenRequest};
use tokenward::model::{
    Client, ClientId, ClientMetadata, ClientStanding, Grant, GrantRequest, Id, TokenKind, User,
};
use tokenward::storage::clients::NewClient;
use tokenward::storage::{clients, grants};

use super::TestApp;

/// A grant and tokens of every kind minted from it.
pub(crate) struct Family {
    pub(crate) grant: Id<Grant>,
    pub(crate) client: Id<Client>,
    pub(crate) code: Issued,
    pub(crate) access: Issued,
    pub(crate) refresh: Issued,
    pub(crate) rotated_access: Issued,
    pub(crate) rotated_refresh: Issued,
}

impl Family {
    /// All its tokens.
    pub(crate) fn all(&self) -> [&Issued; 5] {
        [
            &self.code,
            &self.access,
            &self.refresh,
            &self.rotated_access,
            &self.rotated_refresh,
        ]
    }
}

impl TestApp {
    /// A new application.
    pub(crate) async fn oauth_client(&self, name: &str, owner: Option<&User>) -> Id<Client> {
        let client = NewClient {
            id: Id::new(self.clock.now()),
            client_id: ClientId::fresh(&self.ctx.format),
            owner: owner.map(|user| user.id),
            metadata: ClientMetadata::named(name),
            standing: ClientStanding::default(),
            registered_from: None,
            created_at: self.clock.now(),
        };
        let mut tx = self.ctx.db.begin().await.unwrap();
        clients::insert(&mut tx, &client).await.unwrap();
        tx.commit().await.unwrap();
        client.id
    }

    /// A grant of `user` to `client`.
    pub(crate) async fn grant(&self, user: &User, client: Id<Client>) -> Id<Grant> {
        let grant = Grant {
            id: Id::new(self.clock.now()),
            client,
            user: user.id,
            organization: None,
            scopes: "openid orders:read".parse().unwrap(),
            created_at: self.clock.now(),
            request: GrantRequest::default(),
        };
        let mut tx = self.ctx.db.begin().await.unwrap();
        grants::insert(&mut tx, &grant).await.unwrap();
        tx.commit().await.unwrap();
        grant.id
    }

    /// A token minted from a grant.
    pub(crate) async fn mint(
        &self,
        kind: TokenKind,
        user: &User,
        client: Id<Client>,
        grant: Id<Grant>,
    ) -> Issued {
        self.token(NewTokenRequest {
            user: Some(user.id),
            client: Some(client),
            grant: Some(grant),
            scopes: "openid orders:read".parse().unwrap(),
            ..NewTokenRequest::new(kind)
        })
        .await
    }

    /// A code, the tokens it was exchanged for, and those that replaced them.
    pub(crate) async fn family(&self, user: &User) -> Family {
        let client = self.oauth_client("Acme Reports", None).await;
        let grant = self.grant(user, client).await;
        let mint = |kind| self.mint(kind, user, client, grant);
        Family {
            grant,
            client,
            code: mint(TokenKind::AuthorizationCode).await,
            access: mint(TokenKind::AccessToken).await,
            refresh: mint(TokenKind::RefreshToken).await,
            rotated_access: mint(TokenKind::AccessToken).await,
            rotated_refresh: mint(TokenKind::RefreshToken).await,
        }
    }
}
