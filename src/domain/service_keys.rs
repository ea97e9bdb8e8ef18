//! Service keys: the credentials of internal services.

use std::net::IpAddr;

use super::{Context, bearers, provenance};
use crate::model::{Actor, Id, KnownToken, PlainToken, Token, TokenKind, TokenState, WayIn};
use crate::storage::StorageError;
use crate::storage::tokens::{self, FoundToken};

/// Why a service is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The caller presents no service key that works.
    #[error("the service key is missing, unknown, expired or revoked")]
    InvalidKey,
    /// The service key works, but not from where it was used. The caller is told what they are told
    /// of a key that does not.
    #[error("the service key was used from outside of its networks")]
    ForeignNetwork,
    /// The service key works but is for something else: it lacks this scope.
    #[error("the service key lacks the scope {0}")]
    InsufficientScope(&'static str),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A service that proved who it is, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// The key.
    pub key: Id<Token>,
}

/// Lets in whoever presents a service key with this scope.
///
/// # Errors
/// See [`Refusal`].
pub async fn admit(
    ctx: &Context,
    text: &PlainToken,
    scope: &'static str,
    address: Option<IpAddr>,
) -> Result<Service, Refusal> {
    let found = find(ctx, text).await?;
    check(ctx, &found.known, scope, address)?;
    Ok(enter(ctx, &found, text, address))
}

/// The token that somebody presents, of whatever kind, whether it works or not.
pub(super) async fn find(ctx: &Context, text: &PlainToken) -> Result<FoundToken, Refusal> {
    let candidate = ctx.detector.whole(text.reveal());
    let candidate = candidate.ok_or(Refusal::InvalidKey)?;
    let candidate = candidate.text.as_bytes();
    let digests: Vec<_> = ctx.hash_keys.candidates(candidate).collect();
    let found = tokens::find_by_digests(&ctx.db, &digests).await?;
    found.into_iter().next().ok_or(Refusal::InvalidKey)
}

/// Lets in the service whose key was checked, which counts as a use.
pub(super) fn enter(
    ctx: &Context,
    found: &FoundToken,
    text: &PlainToken,
    address: Option<IpAddr>,
) -> Service {
    let key = found.known.token.id;
    provenance::act_as(Actor::Service(key));
    bearers::note(ctx, found, text, address);
    Service { key }
}

/// Whether a token is a service key that works from this address and may do this.
pub(super) fn check(
    ctx: &Context,
    known: &KnownToken,
    scope: &'static str,
    address: Option<IpAddr>,
) -> Result<(), Refusal> {
    let now = ctx.clock.now();
    let is_key = known.token.kind == TokenKind::ServiceKey;
    if !is_key || known.state(now) != TokenState::Live {
        ctx.leaked_uses.note(known, WayIn::Service, address, now);
        return Err(Refusal::InvalidKey);
    }
    // Before its scopes: from elsewhere nobody learns what it may do.
    if !known.token.works_from(address) {
        tracing::warn!(
            service_key.id = %known.token.id,
            "a service key was used from outside of its networks"
        );
        return Err(Refusal::ForeignNetwork);
    }
    match known.token.scopes.contains(scope) {
        true => Ok(()),
        false => Err(Refusal::InsufficientScope(scope)),
    }
}
