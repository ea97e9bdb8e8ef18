//! Everybody who can own a token, and tokens of any kind for them.

use tokenward::domain::tokens::{Issued, NewTokenRequest};
use tokenward::model::{Client, Grant, Id, Organization, PlainToken, Token, TokenKind, User};
use tokenward::storage::tokens::{self, NewToken};

use super::{TestApp, token_name};

/// A user, their organization, their client, and what they allowed it.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) user: User,
    pub(crate) organization: Organization,
    pub(crate) client: Id<Client>,
    pub(crate) client_id: String,
    pub(crate) grant: Id<Grant>,
}

impl Cast {
    /// A token of `kind` that belongs to whoever owns such tokens.
    pub(crate) fn request(&self, kind: TokenKind) -> NewTokenRequest {
        let plain = NewTokenRequest {
            name: Some(token_name(kind.name())),
            scopes: "orders:read".parse().unwrap(),
            ..NewTokenRequest::new(kind)
        };
        match kind {
            TokenKind::PersonalAccessToken | TokenKind::UserSessionToken => NewTokenRequest {
                user: Some(self.user.id),
                ..plain
            },
            TokenKind::OrganizationAccessToken => NewTokenRequest {
                user: Some(self.user.id),
                organization: Some(self.organization.id),
                ..plain
            },
            TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode => {
                NewTokenRequest {
                    user: Some(self.user.id),
                    client: Some(self.client),
                    grant: Some(self.grant),
                    ..plain
                }
            }
            TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => NewTokenRequest {
                client: Some(self.client),
                ..plain
            },
            TokenKind::CustomerSessionToken => NewTokenRequest {
                customer: Some("customer-17".to_owned()),
                organization: Some(self.organization.id),
                ..plain
            },
            TokenKind::ServiceKey => plain,
        }
    }
}

impl TestApp {
    /// A user who has everything, by the name `name`.
    pub(crate) async fn cast(&self, name: &str) -> Cast {
        let user = self.user(&format!("{name}@example.com")).await;
        let organization = self.organization(name, &user).await;
        let application = format!("The application of {name}");
        let client = self.oauth_client(&application, Some(&user)).await;
        let by_name = format!("SELECT client_id FROM clients WHERE name = '{application}'");
        let client_id = self.rows(&by_name).await[0][0].clone();
        let grant = self.grant(&user, client).await;
        Cast {
            user,
            organization,
            client,
            client_id,
            grant,
        }
    }

    /// A new token of any kind.
    pub(crate) async fn token_of(&self, kind: TokenKind, cast: &Cast) -> Issued {
        self.token(cast.request(kind)).await
    }

    /// Many new tokens in one transaction, in the order of `kinds`.
    pub(crate) async fn tokens_of(
        &self,
        kinds: impl IntoIterator<Item = TokenKind>,
        cast: &Cast,
    ) -> Vec<PlainToken> {
        let mut texts = Vec::new();
        let mut tx = self.ctx.db.begin().await.unwrap();
        for kind in kinds {
            let text = self.ctx.format.mint(kind, false);
            let row = self.row(cast.request(kind), &text);
            tokens::insert(&mut tx, &row).await.unwrap();
            texts.push(text);
        }
        tx.commit().await.unwrap();
        texts
    }

    fn row(&self, request: NewTokenRequest, text: &PlainToken) -> NewToken {
        let now = self.clock.now();
        let lifetime = request.kind.default_lifetime();
        NewToken {
            id: Id::<Token>::new(now),
            kind: request.kind,
            digest: self.ctx.hash_keys.digest(text),
            hash_key: self.ctx.hash_keys.current().id().clone(),
            grant: request.grant,
            parent: None,
            client: request.client,
            user: request.user,
            organization: request.organization,
            customer: request.customer,
            name: request.name,
            scopes: request.scopes,
            audience: None,
            hint: text.hint(),
            created_at: now,
            expires_at: lifetime.map(|lifetime| now.plus(lifetime)),
        }
    }

    /// A string with the shape and checksum of ours that was never issued.
    pub(crate) fn never_issued(&self) -> PlainToken {
        self.ctx.format.mint(TokenKind::PersonalAccessToken, false)
    }
}
