//! Tokens as they are written: an access token and, where there is one, its refresh token.

use std::time::Duration;

use super::super::Context;
use super::TokenSet;
use crate::model::{
    Client, Grant, Id, Organization, PlainToken, ScopeSet, Timestamp, Token, TokenKind, User,
};
use crate::storage::tokens::{self, NewToken};
use crate::storage::{StorageError, Tx};

/// Whom tokens are for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bearer {
    pub(super) client: Id<Client>,
    pub(super) user: Option<Id<User>>,
    pub(super) organization: Option<Id<Organization>>,
    pub(super) grant: Option<Id<Grant>>,
    /// The code, refresh token or session that they are minted from.
    pub(super) parent: Option<Id<Token>>,
}

/// What an access token may do, and where.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) scopes: ScopeSet,
    pub(super) audience: Option<String>,
}

/// Tokens that are not written yet.
#[derive(Debug)]
pub(super) struct Minted {
    pub(super) access_token: PlainToken,
    pub(super) refresh_token: Option<PlainToken>,
    pub(super) expires_in: Duration,
    rows: Vec<NewToken>,
}

impl Minted {
    /// An access token that ends with its family, if that is sooner than usual.
    pub(super) fn access(
        ctx: &Context,
        bearer: Bearer,
        reach: Reach,
        family_ends: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let usual = now.plus(ctx.policy.oauth.access_token_lifetime);
        let end = family_ends.map_or(usual, |end| end.min(usual));
        let text = ctx.format.mint(TokenKind::AccessToken, false);
        let row = NewToken {
            scopes: reach.scopes,
            audience: reach.audience,
            ..row(ctx, bearer, TokenKind::AccessToken, &text, end, now)
        };
        Self {
            access_token: text,
            refresh_token: None,
            expires_in: end.since(now),
            rows: vec![row],
        }
    }

    /// With a refresh token that may do what was granted, however little the access token may.
    pub(super) fn with_refresh(
        mut self,
        ctx: &Context,
        bearer: Bearer,
        granted: ScopeSet,
        family_ends: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let idle = now.plus(ctx.policy.oauth.refresh_token_idle_lifetime);
        let end = family_ends.map_or(idle, |end| end.min(idle));
        let text = ctx.format.mint(TokenKind::RefreshToken, false);
        self.rows.push(NewToken {
            scopes: granted,
            ..row(ctx, bearer, TokenKind::RefreshToken, &text, end, now)
        });
        self.refresh_token = Some(text);
        self
    }

    /// Writes them.
    pub(super) async fn write(&self, tx: &mut Tx) -> Result<(), StorageError> {
        for row in &self.rows {
            tokens::insert(tx, row).await?;
        }
        Ok(())
    }

    /// As the client gets them.
    pub(super) fn into_set(self, id_token: Option<String>) -> TokenSet {
        let access = self.rows.into_iter().next();
        TokenSet {
            access_token: self.access_token,
            expires_in: self.expires_in,
            refresh_token: self.refresh_token,
            scopes: access.map(|row| row.scopes).unwrap_or_default(),
            id_token,
        }
    }
}

fn row(
    ctx: &Context,
    bearer: Bearer,
    kind: TokenKind,
    text: &PlainToken,
    end: Timestamp,
    now: Timestamp,
) -> NewToken {
    NewToken {
        id: Id::new(now),
        kind,
        digest: ctx.hash_keys.digest(text),
        hash_key: ctx.hash_keys.current().id().clone(),
        grant: bearer.grant,
        parent: bearer.parent,
        client: Some(bearer.client),
        user: bearer.user,
        organization: bearer.organization,
        customer: None,
        name: None,
        scopes: ScopeSet::default(),
        audience: None,
        hint: text.hint(),
        created_at: now,
        expires_at: Some(end),
    }
}
