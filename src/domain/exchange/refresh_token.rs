//! A refresh token for fresh tokens (RFC 6749 6), rotated every time (RFC 9700 4.14.2).
//!
//! A refresh token that comes again may be a lost answer, a double click, or a thief. It is a lost
//! answer as long as nothing that was minted in exchange for it was used: then that is taken back
//! and minted anew, so that there is never more than one live branch. As soon as somebody used it,
//! two hold the same token, nobody can tell which one is the thief, and the whole family dies.

use std::net::IpAddr;

use super::super::Context;
use super::super::replays::{self, Replay};
use super::id_token::{self, Subject};
use super::mint::{Bearer, Minted, Reach};
use super::{ExchangeError, TokenSet, audience, find_issued};
use crate::model::{
    Grant, GrantType, Id, KnownToken, PlainToken, RegisteredClient, RevocationReason, ScopeSet,
    Timestamp, Token, TokenKind, TokenState, User, WayIn,
};
use crate::storage::StorageError;
use crate::storage::tokens::{self, GrantedToken};

/// What a client brings.
#[derive(Debug)]
pub struct RefreshRequest {
    /// The refresh token.
    pub refresh_token: PlainToken,
    /// What the access token shall do; `None` is all that was granted.
    pub scopes: Option<ScopeSet>,
    /// For which of the granted resources; none is all of them.
    pub resources: Vec<String>,
}

/// How often a refresh is begun again when it lost against a concurrent one.
const ATTEMPTS: usize = 8;

const NO_SUCH_TOKEN: ExchangeError = ExchangeError::InvalidGrant(
    "the refresh token is unknown, expired, revoked or not for this client",
);

/// Exchanges a refresh token for fresh tokens.
///
/// # Errors
/// See [`ExchangeError`].
pub async fn refresh(
    ctx: &Context,
    client: &RegisteredClient,
    request: &RefreshRequest,
    from: Option<IpAddr>,
) -> Result<TokenSet, ExchangeError> {
    if !client.metadata.may_use(GrantType::RefreshToken) {
        return Err(ExchangeError::UnauthorizedClient);
    }
    for _ in 0..ATTEMPTS {
        match attempt(ctx, client, request, from).await {
            Ok(Some(set)) => return Ok(set),
            // Another request with the same token was faster: what is stored has changed.
            Ok(None) | Err(ExchangeError::Storage(StorageError::Conflict(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Err(NO_SUCH_TOKEN)
}

/// One try; `None` when the token changed under it.
async fn attempt(
    ctx: &Context,
    client: &RegisteredClient,
    request: &RefreshRequest,
    from: Option<IpAddr>,
) -> Result<Option<TokenSet>, ExchangeError> {
    let now = ctx.clock.now();
    let presented = Presented::find(ctx, request).await?;
    let via = WayIn::TokenEndpoint;
    ctx.leaked_uses.note(presented.known(), via, from, now);
    if presented.grant.client != client.id {
        return Err(NO_SUCH_TOKEN);
    }
    let turn = presented.turn(now).ok_or(NO_SUCH_TOKEN)?;
    let minted = mint(ctx, request, &presented, turn, now)?;
    let done = match turn {
        Turn::Rotate => rotate(ctx, &presented, &minted, now).await?,
        Turn::Again { parent } => replace(ctx, &presented, parent, &minted, now).await?,
    };
    if !done {
        return Ok(None);
    }
    let subject = Subject {
        client,
        user: &presented.user,
        email_verified: presented.token.email_verified,
        grant: &presented.grant,
        nonce: None,
    };
    let id_token = id_token::signed(ctx, &subject, &minted.access_token, now).await?;
    Ok(Some(minted.into_set(id_token)))
}

/// A refresh token that was issued once, whatever became of it.
struct Presented {
    token: GrantedToken,
    grant: Grant,
    user: User,
}

/// What a refresh token that comes is good for.
#[derive(Clone, Copy)]
enum Turn {
    /// It comes for the first time.
    Rotate,
    /// It, or one that was minted in its place, came before.
    Again {
        /// What the tokens in question were minted from.
        parent: Id<Token>,
    },
}

impl Presented {
    async fn find(ctx: &Context, request: &RefreshRequest) -> Result<Self, ExchangeError> {
        let text = ctx.detector.whole(request.refresh_token.reveal());
        let text = text.ok_or(NO_SUCH_TOKEN)?.text;
        let digests: Vec<_> = ctx.hash_keys.candidates(text.as_bytes()).collect();
        let found = find_issued(ctx, &digests).await?;
        let mut token = found
            .filter(|found| found.found.known.token.kind == TokenKind::RefreshToken)
            .ok_or(NO_SUCH_TOKEN)?;
        let grant = token.grant.take().ok_or(NO_SUCH_TOKEN)?;
        let user = token.found.known.user.clone().ok_or(NO_SUCH_TOKEN)?;
        Ok(Self { token, grant, user })
    }

    const fn known(&self) -> &KnownToken {
        &self.token.found.known
    }

    fn turn(&self, now: Timestamp) -> Option<Turn> {
        let known = self.known();
        // A family that has ended, and a user or client that is shut out, get nothing either way.
        if known.grant_revoked_at.is_some() || known.is_suspended() {
            return None;
        }
        let Some(revocation) = known.token.revocation else {
            return (known.state(now) == TokenState::Live).then_some(Turn::Rotate);
        };
        let parent = match revocation.reason {
            RevocationReason::Redeemed => Some(known.token.id),
            RevocationReason::Superseded => known.token.parent,
            _ => None,
        };
        parent.map(|parent| Turn::Again { parent })
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.known().token.expires_at.is_some_and(|end| end <= now)
    }
}

fn mint(
    ctx: &Context,
    request: &RefreshRequest,
    presented: &Presented,
    turn: Turn,
    now: Timestamp,
) -> Result<Minted, ExchangeError> {
    let grant = &presented.grant;
    let scopes = match &request.scopes {
        // RFC 6749 6: nothing that the user did not grant.
        Some(asked) if !asked.is_subset(&grant.scopes) => {
            return Err(ExchangeError::InvalidScope(
                "a scope was not part of what was granted",
            ));
        }
        Some(asked) => asked.clone(),
        None => grant.scopes.clone(),
    };
    let reach = Reach {
        scopes,
        audience: audience(&request.resources, &grant.request.resources)?,
    };
    let bearer = Bearer {
        client: grant.client,
        user: Some(grant.user),
        organization: grant.organization,
        grant: Some(grant.id),
        parent: Some(match turn {
            Turn::Rotate => presented.known().token.id,
            Turn::Again { parent } => parent,
        }),
    };
    let ends = grant.request.ends_at;
    let access = Minted::access(ctx, bearer, reach, ends, now);
    Ok(access.with_refresh(ctx, bearer, grant.scopes.clone(), ends, now))
}

/// The transaction of a token that comes for the first time; `false` when it is not the first.
async fn rotate(
    ctx: &Context,
    presented: &Presented,
    minted: &Minted,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let token = &presented.known().token;
    let mut tx = ctx.db.begin().await?;
    if !tokens::redeem(&mut tx, token.id, now).await? {
        return Ok(false);
    }
    if let Some(parent) = token.parent {
        tokens::revoke_access_tokens(&mut tx, parent, now).await?;
    }
    minted.write(&mut tx).await?;
    tx.commit().await?;
    Ok(true)
}

/// The transaction of a token that comes again: fresh tokens instead of those that nobody used, or
/// the end of the family.
async fn replace(
    ctx: &Context,
    presented: &Presented,
    parent: Id<Token>,
    minted: &Minted,
    now: Timestamp,
) -> Result<bool, ExchangeError> {
    let mut tx = ctx.db.begin().await?;
    // Of several that come at once, one after the other.
    tokens::hold(&mut tx, parent).await?;
    let access_tokens = tokens::list_access_tokens(&mut tx, parent).await?;
    let used_just_now = access_tokens
        .iter()
        .any(|token| ctx.pending_uses.latest(*token).is_some());
    if !used_just_now && tokens::supersede(&mut tx, parent, now).await? {
        if presented.is_expired(now) {
            return Err(NO_SUCH_TOKEN);
        }
        minted.write(&mut tx).await?;
        tx.commit().await?;
        return Ok(true);
    }
    let replay = Replay {
        token: presented.known(),
        digest: presented.token.found.digest,
        grant: &presented.grant,
        user: &presented.user,
    };
    replays::end_family(ctx, tx, &replay, now).await?;
    Err(NO_SUCH_TOKEN)
}
