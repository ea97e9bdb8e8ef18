//! Service keys: the credentials of internal services.

use std::net::IpAddr;

use super::{Context, provenance};
use crate::model::{
    Actor, Id, KnownToken, Networks, PlainToken, Token, TokenKind, TokenState, WayIn,
};
use crate::storage::StorageError;
use crate::storage::tokens;

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
    /// The service key works but is for something else.
    #[error("the service key lacks the scope")]
    InsufficientScope,
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
    scope: &str,
    address: Option<IpAddr>,
) -> Result<Service, Refusal> {
    let candidate = ctx.detector.whole(text.reveal());
    let candidate = candidate.ok_or(Refusal::InvalidKey)?;
    let candidate = candidate.text.as_bytes();
    let digests: Vec<_> = ctx.hash_keys.candidates(candidate).collect();
    let found = tokens::find_by_digests(&ctx.db, &digests).await?;
    let found = found.first().ok_or(Refusal::InvalidKey)?;
    check(ctx, &found.known, scope, address)?;
    let outdated = found.hash_key != *ctx.hash_keys.current().id();
    let digest = outdated.then(|| ctx.hash_keys.digest(text));
    let token = &found.known.token;
    provenance::act_as(Actor::Service(token.id));
    let now = ctx.clock.now();
    ctx.pending_uses.note_found(token, now, address, digest);
    Ok(Service { key: token.id })
}

/// Whether a token is a service key that works from this address and may do this.
pub(super) fn check(
    ctx: &Context,
    known: &KnownToken,
    scope: &str,
    address: Option<IpAddr>,
) -> Result<(), Refusal> {
    let now = ctx.clock.now();
    let is_key = known.token.kind == TokenKind::ServiceKey;
    if !is_key || known.state(now) != TokenState::Live {
        ctx.leaked_uses.note(known, WayIn::Service, address, now);
        return Err(Refusal::InvalidKey);
    }
    // Before its scopes: from elsewhere nobody learns what it may do.
    let networks = known.token.networks.as_ref();
    let inside = |networks: &Networks| address.is_some_and(|from| networks.contains(from));
    if !networks.is_none_or(inside) {
        tracing::warn!(
            service_key.id = %known.token.id,
            "a service key was used from outside of its networks"
        );
        return Err(Refusal::ForeignNetwork);
    }
    match known.token.scopes.contains(scope) {
        true => Ok(()),
        false => Err(Refusal::InsufficientScope),
    }
}
