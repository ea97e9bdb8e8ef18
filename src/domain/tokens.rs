//! Tokens: made, looked at, revoked.

use std::time::Duration;

use super::attempts::until_settled;
use super::{Context, DomainError, sessions};
use crate::model::{
    Client, Grant, Id, KnownToken, Networks, Organization, PlainToken, Revocation,
    RevocationReason, ScopeSet, Timestamp, Token, TokenKind, TokenName, User,
};
use crate::storage::exposures::{self, StoredExposure};
use crate::storage::tokens::{self, NewToken};
use crate::storage::{Tx, spent_tokens};

/// What a new token shall be.
#[derive(Clone, Debug)]
pub struct NewTokenRequest {
    /// Which it shall be; `None` is a new id. An id that there is already is a defect of the caller's.
    pub id: Option<Id<Token>>,
    /// What it is for.
    pub kind: TokenKind,
    /// The user who owns it or, for an organization's token, who makes it.
    pub user: Option<Id<User>>,
    /// The organization that owns it, or to which it is limited.
    pub organization: Option<Id<Organization>>,
    /// The client it is issued to, or whose credential it is.
    pub client: Option<Id<Client>>,
    /// The grant it is minted from.
    pub grant: Option<Id<Grant>>,
    /// The customer it acts for.
    pub customer: Option<String>,
    /// What its owner calls it.
    pub name: Option<TokenName>,
    /// What it may do.
    pub scopes: ScopeSet,
    /// From where it works; none is everywhere. For service keys.
    pub networks: Networks,
    /// How long it lives; `None` is what is usual for its kind.
    pub lifetime: Option<Duration>,
}

impl NewTokenRequest {
    /// A token of `kind` that belongs to nobody yet and may do nothing.
    #[must_use]
    pub fn new(kind: TokenKind) -> Self {
        Self {
            id: None,
            kind,
            user: None,
            organization: None,
            client: None,
            grant: None,
            customer: None,
            name: None,
            scopes: ScopeSet::default(),
            networks: Networks::default(),
            lifetime: None,
        }
    }
}

/// A token that was just made. Its text is shown once and kept nowhere.
#[derive(Debug)]
pub struct Issued {
    /// Its id, by which it is spoken of from now on.
    pub id: Id<Token>,
    /// Its text.
    pub token: PlainToken,
}

/// Makes a token.
///
/// # Errors
/// [`DomainError::Invalid`] when a token of this kind needs another owner, or when its name holds
/// a token.
pub async fn create(ctx: &Context, request: NewTokenRequest) -> Result<Issued, DomainError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let issued = create_within(&mut tx, ctx, request, now).await?;
    tx.commit().await?;
    Ok(issued)
}

/// Makes a token together with something else.
pub(super) async fn create_within(
    tx: &mut Tx,
    ctx: &Context,
    request: NewTokenRequest,
    now: Timestamp,
) -> Result<Issued, DomainError> {
    check(ctx, &request)?;
    // Who it acts for shows in the text of OAuth tokens only.
    let for_organization = request.organization.is_some() && request.user.is_none();
    let token = ctx.format.mint(request.kind, for_organization);
    let lifetime = request.lifetime.or(request.kind.default_lifetime());
    let new = NewToken {
        id: request.id.unwrap_or_else(|| Id::new(now)),
        kind: request.kind,
        digest: ctx.hash_keys.digest(&token),
        hash_key: ctx.hash_keys.current().id().clone(),
        grant: request.grant,
        parent: None,
        client: request.client,
        user: request.user,
        organization: request.organization,
        customer: request.customer,
        name: request.name,
        scopes: request.scopes,
        audience: None,
        hint: token.hint(),
        created_at: now,
        expires_at: lifetime.map(|lifetime| now.plus(lifetime)),
    };
    tokens::insert(tx, &new).await?;
    if !request.networks.is_empty() {
        tokens::limit_to_networks(tx, new.id, &request.networks).await?;
    }
    Ok(Issued { id: new.id, token })
}

fn check(ctx: &Context, request: &NewTokenRequest) -> Result<(), DomainError> {
    let owned = match request.kind {
        TokenKind::PersonalAccessToken | TokenKind::UserSessionToken => request.user.is_some(),
        TokenKind::OrganizationAccessToken => request.organization.is_some(),
        TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => request.client.is_some(),
        TokenKind::CustomerSessionToken => request.customer.is_some(),
        _ => true,
    };
    if !owned {
        return Err(DomainError::Invalid(
            "a token of this kind needs an owner of its kind",
        ));
    }
    // Others are used where nobody asks from where.
    if request.kind != TokenKind::ServiceKey && !request.networks.is_empty() {
        return Err(DomainError::Invalid(
            "only service keys are limited to networks",
        ));
    }
    // Names appear in letters and logs, and a pasted token would be in all of them.
    let named = request.name.as_ref().map(TokenName::as_str);
    let customer = request.customer.as_deref();
    if [named, customer]
        .into_iter()
        .flatten()
        .any(|text| ctx.detector.finds_secret(text))
    {
        return Err(DomainError::Invalid("a name must not hold a token"));
    }
    Ok(())
}

/// By what a token is spoken of.
#[derive(Clone, Debug)]
pub enum TokenReference {
    /// By its id.
    Id(Id<Token>),
    /// By its text.
    Text(PlainToken),
}

/// A token and where it was seen.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The token.
    pub known: KnownToken,
    /// Where it was seen, first to last.
    pub exposures: Vec<StoredExposure>,
}

/// Looks at a token.
///
/// # Errors
/// [`DomainError::NotFound`] when we never issued it.
pub async fn inspect(ctx: &Context, reference: &TokenReference) -> Result<Inspection, DomainError> {
    let known = find(ctx, reference).await?;
    let exposures = exposures::list_by_token(&ctx.db, known.token.id).await?;
    Ok(Inspection { known, exposures })
}

/// Revokes one token for good; `false` when it was dead already.
///
/// # Errors
/// [`DomainError::NotFound`] when we never issued it.
pub async fn revoke(
    ctx: &Context,
    reference: &TokenReference,
    reason: RevocationReason,
) -> Result<bool, DomainError> {
    let known = find(ctx, reference).await?;
    let revocation = Revocation {
        at: ctx.clock.now(),
        reason,
    };
    until_settled(async || {
        let mut tx = ctx.db.begin().await?;
        let done = tokens::revoke(&mut tx, known.token.id, revocation).await?;
        if done && known.token.kind == TokenKind::UserSessionToken {
            sessions::wind_up(&mut tx, &[known.token.id], revocation).await?;
        }
        tx.commit().await?;
        Ok(done)
    })
    .await
}

/// Whose tokens are listed.
#[derive(Clone, Copy, Debug)]
pub enum Listing {
    /// A user's, also those they made for an organization.
    OfUser(Id<User>),
    /// An organization's.
    OfOrganization(Id<Organization>),
    /// Everybody's of one kind.
    OfKind(TokenKind),
}

/// Up to `limit` tokens behind `after`, in the order they were made.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    listing: Listing,
    after: Option<Id<Token>>,
    limit: u32,
) -> Result<Vec<KnownToken>, DomainError> {
    let limit = i64::from(limit);
    Ok(match listing {
        Listing::OfUser(user) => tokens::list_by_user(&ctx.db, user, after, limit).await?,
        Listing::OfOrganization(organization) => {
            tokens::list_by_organization(&ctx.db, organization, after, limit).await?
        }
        Listing::OfKind(kind) => tokens::list(&ctx.db, kind, after, limit).await?,
    })
}

async fn find(ctx: &Context, reference: &TokenReference) -> Result<KnownToken, DomainError> {
    let found = match reference {
        TokenReference::Id(id) => tokens::find(&ctx.db, *id).await?,
        TokenReference::Text(token) => {
            let text = token.reveal().as_bytes();
            let digests: Vec<_> = ctx.hash_keys.candidates(text).collect();
            let issued = spent_tokens::find_issued(&ctx.db, &digests).await?;
            issued.into_iter().next().map(|issued| issued.found.known)
        }
    };
    found.ok_or(DomainError::NotFound("there is no such token"))
}
