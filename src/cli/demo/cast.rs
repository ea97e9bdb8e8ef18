//! Who plays: Ada, her tokens, and the service that asks about them.

use crate::domain::tokens::{self, NewTokenRequest};
use crate::domain::{Context, DomainError, users};
use crate::model::{
    Client, ClientId, ClientMetadata, ClientStanding, Email, Grant, GrantRequest, Id, PlainToken,
    ScopeSet, TokenKind, User,
};
use crate::storage::clients::{self, NewClient};
use crate::storage::grants;

/// Who receives the letters.
const OWNER: &str = "ada@example.com";
/// To whom the family of tokens was issued.
const CLIENT: &str = "Invoice Robot";

/// Everybody on stage.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) owner: Email,
    /// What the asking service proves itself with.
    pub(super) service_key: PlainToken,
    /// Ada's own token.
    pub(super) personal: Actor,
    /// What she allowed an application: this one is never reported.
    pub(super) access: Actor,
    /// The access token's relative.
    pub(super) refresh: Actor,
}

/// A token that plays.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) kind: TokenKind,
    pub(super) token: PlainToken,
    /// All of the token that is ever on a screen.
    pub(super) shown: String,
    pub(super) note: &'static str,
}

impl Cast {
    /// Makes everybody.
    pub(super) async fn assemble(ctx: &Context) -> anyhow::Result<Self> {
        let owner: Email = OWNER.parse()?;
        let ada = match users::create(ctx, owner.clone()).await {
            // She was here before, where the data of an earlier demo were kept.
            Err(DomainError::Taken(_)) => users::find(ctx, &owner).await?,
            other => other?,
        };
        let personal = NewTokenRequest {
            user: Some(ada.id),
            name: Some("deploy".parse()?),
            scopes: "orders:read products:write".parse()?,
            ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
        };
        let grant = allow(ctx, &ada).await?;
        let of_family = |kind| NewTokenRequest {
            user: Some(grant.user),
            client: Some(grant.client),
            grant: Some(grant.id),
            scopes: grant.scopes.clone(),
            ..NewTokenRequest::new(kind)
        };
        let service_key = NewTokenRequest {
            name: Some("api".parse()?),
            scopes: "tokens:introspect".parse()?,
            ..NewTokenRequest::new(TokenKind::ServiceKey)
        };
        Ok(Self {
            owner,
            service_key: tokens::create(ctx, service_key).await?.token,
            personal: Actor::enter(ctx, personal, "her own, “deploy”").await?,
            access: Actor::enter(ctx, of_family(TokenKind::AccessToken), "of “Invoice Robot”")
                .await?,
            refresh: Actor::enter(ctx, of_family(TokenKind::RefreshToken), "of the same grant")
                .await?,
        })
    }

    /// All tokens of the play.
    pub(super) const fn actors(&self) -> [&Actor; 3] {
        [&self.personal, &self.access, &self.refresh]
    }
}

impl Actor {
    async fn enter(
        ctx: &Context,
        request: NewTokenRequest,
        note: &'static str,
    ) -> Result<Self, DomainError> {
        let kind = request.kind;
        let token = tokens::create(ctx, request).await?.token;
        let prefix = ctx.format.prefix();
        Ok(Self {
            kind,
            shown: format!("{prefix}{}…{}", kind.marker(false), token.hint()),
            token,
            note,
        })
    }
}

/// Ada allows an application to act for her.
async fn allow(ctx: &Context, ada: &User) -> anyhow::Result<Grant> {
    let now = ctx.clock.now();
    let client = NewClient {
        id: Id::<Client>::new(now),
        client_id: ClientId::fresh(&ctx.format),
        owner: None,
        metadata: ClientMetadata::named(CLIENT),
        standing: ClientStanding::default(),
        registered_from: None,
        created_at: now,
    };
    let grant = Grant {
        id: Id::new(now),
        client: client.id,
        user: ada.id,
        organization: None,
        scopes: "invoices:read".parse::<ScopeSet>()?,
        created_at: now,
        request: GrantRequest::default(),
    };
    let mut tx = ctx.db.begin().await?;
    clients::insert(&mut tx, &client).await?;
    grants::insert(&mut tx, &grant).await?;
    tx.commit().await?;
    Ok(grant)
}
