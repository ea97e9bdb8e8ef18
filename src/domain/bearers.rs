//! Tokens as a caller presents them to us, instead of to a service that asks us about them.

use std::net::IpAddr;

use super::{Context, provenance};
use crate::model::{Actor, Id, KnownToken, Organization, PlainToken, TokenKind, TokenState, WayIn};
use crate::storage::StorageError;
use crate::storage::tokens::{self, FoundToken, GrantedToken};

/// The token that somebody presents with what it was granted for, if it works.
///
/// # Errors
/// When the database fails.
pub async fn find(
    ctx: &Context,
    text: &PlainToken,
    address: Option<IpAddr>,
) -> Result<Option<GrantedToken>, StorageError> {
    let Some(candidate) = ctx.detector.whole(text.reveal()) else {
        return Ok(None);
    };
    let candidate = candidate.text.as_bytes();
    let digests: Vec<_> = ctx.hash_keys.candidates(candidate).collect();
    let found = tokens::find_with_grant(&ctx.db, &digests).await?;
    let now = ctx.clock.now();
    let Some(token) = found else {
        return Ok(None);
    };
    let known = &token.found.known;
    if known.state(now) == TokenState::Live {
        if let Some(user) = &known.user {
            provenance::act_as(Actor::User(user.id));
        }
        return Ok(Some(token));
    }
    ctx.leaked_uses.note(known, WayIn::Api, address, now);
    Ok(None)
}

/// Looks at a token that somebody presents to learn what it is, which counts as a use; `None` when it
/// does not work, or is of a kind that is presented elsewhere only.
///
/// # Errors
/// When the database fails.
pub async fn look(
    ctx: &Context,
    text: &PlainToken,
    address: Option<IpAddr>,
) -> Result<Option<KnownToken>, StorageError> {
    let kinds = [
        TokenKind::PersonalAccessToken,
        TokenKind::OrganizationAccessToken,
        TokenKind::AccessToken,
    ];
    let found = find(ctx, text, address).await?;
    let fits = |token: &GrantedToken| kinds.contains(&token.found.known.token.kind);
    Ok(found.filter(fits).map(|token| {
        note(ctx, &token.found, text, address);
        token.found.known
    }))
}

/// Notes that a token was used, from where.
pub(super) fn note(ctx: &Context, found: &FoundToken, text: &PlainToken, address: Option<IpAddr>) {
    let outdated = found.hash_key != *ctx.hash_keys.current().id();
    let digest = outdated.then(|| ctx.hash_keys.digest(text));
    let (token, now) = (&found.known.token, ctx.clock.now());
    ctx.pending_uses.note_found(token, now, address, digest);
}

/// The organization whose own token this is; from here on it acts.
pub(super) fn act_for_organization(known: &KnownToken) -> Option<Id<Organization>> {
    let of_organization = known.token.kind == TokenKind::OrganizationAccessToken;
    let organization = known.organization.as_ref().filter(|_| of_organization)?;
    provenance::act_as(Actor::Organization(organization.id));
    Some(organization.id)
}

/// Whether a token is one that a user gives to programs, to act in the user's name.
#[must_use]
pub fn acts_for_user(known: &KnownToken) -> bool {
    let kinds = [TokenKind::PersonalAccessToken, TokenKind::AccessToken];
    known.user.is_some() && kinds.contains(&known.token.kind)
}
