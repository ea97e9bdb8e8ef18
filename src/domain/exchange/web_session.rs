//! A signed-in session for an access token: Polar's grant `web`, for its own front end. Only
//! operators can let a client use it.

use super::super::Context;
use super::mint::{Bearer, Minted, Reach};
use super::{ExchangeError, TokenSet};
use crate::model::{
    Grant, GrantRequest, GrantType, Id, KnownToken, Organization, PlainToken, RegisteredClient,
    ScopeSet, SubType, Timestamp, Token, TokenKind, TokenState, User,
};
use crate::storage::{Tx, grants, organizations, tokens};

/// What the front end brings.
#[derive(Debug)]
pub struct WebSessionRequest {
    /// The session's token.
    pub session_token: PlainToken,
    /// For whom the access token acts.
    pub sub_type: SubType,
    /// The organization, when it acts in one.
    pub organization: Option<Id<Organization>>,
    /// What it shall do; `None` is all that the client may.
    pub scopes: Option<ScopeSet>,
}

const NO_SUCH_SESSION: ExchangeError =
    ExchangeError::InvalidGrant("the session is unknown or has ended");

/// Issues an access token to whoever is signed in. There is no refresh token: the session is one.
///
/// # Errors
/// See [`ExchangeError`].
pub async fn issue_to_session(
    ctx: &Context,
    client: &RegisteredClient,
    request: WebSessionRequest,
) -> Result<TokenSet, ExchangeError> {
    let may = client.metadata.may_use(GrantType::Web);
    if !may || client.metadata.is_public() {
        return Err(ExchangeError::UnauthorizedClient);
    }
    check_subject(&request)?;
    let now = ctx.clock.now();
    let (session, user) = find_session(ctx, &request.session_token, now).await?;
    let scopes = match request.scopes {
        Some(asked) if !asked.is_subset(&client.metadata.scope) => {
            return Err(ExchangeError::InvalidScope(
                "the client may not have one of these scopes",
            ));
        }
        Some(asked) => asked,
        None => client.metadata.scope.clone(),
    };
    let grant = Grant {
        id: Id::new(now),
        client: client.id,
        user: user.id,
        organization: request.organization,
        scopes: scopes.clone(),
        created_at: now,
        request: GrantRequest {
            ends_at: session.token.expires_at,
            ..GrantRequest::default()
        },
    };
    let bearer = Bearer {
        client: client.id,
        user: Some(user.id),
        organization: request.organization,
        grant: Some(grant.id),
        parent: Some(session.token.id),
    };
    let reach = Reach {
        scopes,
        audience: None,
    };
    let minted = Minted::access(ctx, bearer, reach, grant.request.ends_at, now);
    let mut tx = ctx.db.begin().await?;
    check_standing(&mut tx, session.token.id, &grant).await?;
    grants::insert(&mut tx, &grant).await?;
    minted.write(&mut tx).await?;
    tx.commit().await?;
    Ok(minted.into_set(None))
}

fn check_subject(request: &WebSessionRequest) -> Result<(), ExchangeError> {
    match (request.sub_type, request.organization) {
        (SubType::User, None) | (SubType::Organization, Some(_)) => Ok(()),
        (SubType::User, Some(_)) => Err(ExchangeError::InvalidRequest(
            "sub is for sub_type=organization only",
        )),
        (SubType::Organization, None) => {
            Err(ExchangeError::InvalidRequest("sub names the organization"))
        }
    }
}

async fn find_session(
    ctx: &Context,
    text: &PlainToken,
    now: Timestamp,
) -> Result<(KnownToken, User), ExchangeError> {
    let candidate = ctx.detector.whole(text.reveal()).ok_or(NO_SUCH_SESSION)?;
    let digests: Vec<_> = ctx
        .hash_keys
        .candidates(candidate.text.as_bytes())
        .collect();
    let found = tokens::find_by_digests(&ctx.db, &digests).await?;
    let known = found.into_iter().next().map(|found| found.known);
    let session = known
        .filter(|known| known.token.kind == TokenKind::UserSessionToken)
        .filter(|known| known.state(now) == TokenState::Live)
        .ok_or(NO_SUCH_SESSION)?;
    let user = session.user.clone().ok_or(NO_SUCH_SESSION)?;
    Ok((session, user))
}

/// A session that ends meanwhile mints nothing, and nobody acts where they are no member.
async fn check_standing(
    tx: &mut Tx,
    session: Id<Token>,
    grant: &Grant,
) -> Result<(), ExchangeError> {
    if !tokens::hold(tx, session).await? {
        return Err(NO_SUCH_SESSION);
    }
    if let Some(organization) = grant.organization
        && organizations::find_role(tx, organization, grant.user)
            .await?
            .is_none()
    {
        return Err(ExchangeError::InvalidGrant(
            "the user is no member of the organization",
        ));
    }
    Ok(())
}
