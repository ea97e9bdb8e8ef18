//! Tokens for a product that keeps its own sign-in: its services ask for them with a service key.

use std::time::Duration;

use super::access_tokens::most_reached;
use super::attempts::{Transient, until_settled};
use super::service_keys::Service;
use super::tokens::{self, Issued, NewTokenRequest};
use super::{Context, DomainError};
use crate::model::{Owner, Timestamp, TokenKind};
use crate::storage::{StorageError, Tx, organizations, users};

/// The scope that lets a service key issue tokens.
pub const SCOPE: &str = "tokens:issue";

/// Why no token is issued.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Operators do not want services to issue this kind.
    #[error("tokens of this kind are not issued to services here")]
    KindNotIssued,
    /// It would live longer than it may.
    #[error("the token would live longer than it may")]
    LivesTooLong(Duration),
    /// There is no such owner, or it is blocked.
    #[error("there is no such owner, or it is blocked")]
    UnknownOwner(&'static str),
    /// The owner has as many of them as may be.
    #[error("there are too many tokens")]
    TooMany(u32),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Transient for Refusal {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Storage(error) => error.into(),
            DomainError::NotFound(what) | DomainError::Taken(what) | DomainError::Invalid(what) => {
                Self::Invalid(what)
            }
        }
    }
}

/// A token that was just issued, and until when it works.
#[derive(Debug)]
pub struct Made {
    /// Its id and text.
    pub issued: Issued,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
}

/// Issues a token to a service, for whoever the service says.
///
/// # Errors
/// See [`Refusal`].
pub async fn issue(
    ctx: &Context,
    service: Service,
    request: &NewTokenRequest,
) -> Result<Made, Refusal> {
    if !ctx.policy.issued_to_services.contains(&request.kind) {
        return Err(Refusal::KindNotIssued);
    }
    check_parties(request)?;
    let lifetime = lifetime(ctx, request)?;
    let request = NewTokenRequest {
        lifetime,
        ..request.clone()
    };
    let made = until_settled(async || write(ctx, &request).await).await?;
    tracing::info!(
        token.id = %made.issued.id, kind = request.kind.name(), service_key.id = %service.key,
        "a token was issued to a service"
    );
    Ok(made)
}

/// Each kind has owners of its own, and nobody else is tied to it by mistake.
fn check_parties(request: &NewTokenRequest) -> Result<(), Refusal> {
    let (user, organization) = (request.user.is_some(), request.organization.is_some());
    let customer = request.customer.is_some();
    let fits = match request.kind {
        TokenKind::PersonalAccessToken => user && !organization && !customer,
        TokenKind::OrganizationAccessToken => organization && !customer,
        TokenKind::AccessToken => (user || organization) && !customer,
        TokenKind::CustomerSessionToken => customer && !user,
        _ => false,
    };
    fits.then_some(()).ok_or(Refusal::Invalid(
        "a token of this kind belongs to somebody else: see user_id, organization_id and customer",
    ))
}

fn lifetime(ctx: &Context, request: &NewTokenRequest) -> Result<Option<Duration>, Refusal> {
    let lifetime = request.lifetime.or(request.kind.default_lifetime());
    match (ctx.policy.max_token_lifetime, lifetime) {
        (Some(most), None) => Err(Refusal::LivesTooLong(most)),
        (Some(most), Some(wanted)) if wanted > most => Err(Refusal::LivesTooLong(most)),
        _ => Ok(lifetime),
    }
}

async fn write(ctx: &Context, request: &NewTokenRequest) -> Result<Made, Refusal> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    check_owners(&mut tx, request).await?;
    check_count(&mut tx, ctx, request, now).await?;
    let issued = tokens::create_within(&mut tx, ctx, request.clone(), now).await?;
    tx.commit().await?;
    Ok(Made {
        issued,
        expires_at: request.lifetime.map(|lifetime| now.plus(lifetime)),
    })
}

/// Whoever is blocked at the same moment gets nothing.
async fn check_owners(tx: &mut Tx, request: &NewTokenRequest) -> Result<(), Refusal> {
    if let Some(user) = request.user
        && !users::hold(tx, user).await?
    {
        return Err(Refusal::UnknownOwner("user_id"));
    }
    if let Some(organization) = request.organization
        && organizations::hold(tx, organization).await? != Some(true)
    {
        return Err(Refusal::UnknownOwner("organization_id"));
    }
    if let (TokenKind::AccessToken, Some(user), Some(organization)) =
        (request.kind, request.user, request.organization)
        && !organizations::admits(tx, organization, user).await?
    {
        return Err(Refusal::Invalid(
            "the user is no member of the organization",
        ));
    }
    Ok(())
}

/// Whoever issues in a loop fills nothing, and leaves owners what they can manage.
async fn check_count(
    tx: &mut Tx,
    ctx: &Context,
    request: &NewTokenRequest,
    now: Timestamp,
) -> Result<(), Refusal> {
    let owner = match (request.kind, request.user, request.organization) {
        (TokenKind::PersonalAccessToken, Some(user), _) => Owner::User(user),
        (TokenKind::OrganizationAccessToken, _, Some(organization)) => {
            Owner::Organization(organization)
        }
        _ => return Ok(()),
    };
    match most_reached(ctx, tx, owner, now).await? {
        Some(most) => Err(Refusal::TooMany(most)),
        None => Ok(()),
    }
}
