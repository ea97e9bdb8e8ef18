//! Who may manage endpoints, and whose.

use std::net::IpAddr;

use super::SCOPE;
use crate::domain::service_keys::{self, Refusal};
use crate::domain::{Context, DomainError, bearers};
use crate::model::{
    Id, KnownToken, Organization, PlainToken, ScopeSet, TokenKind, TokenState, WayIn,
};

/// What an organization's token needs to see the organization's endpoints.
const READ: &str = "webhooks:read";
/// What it needs to make, change and delete them; seeing them is part of it.
const WRITE: &str = "webhooks:write";

/// What somebody wants to do with endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// See them, and what was sent to them.
    Read,
    /// Make, change and delete them, and have something sent.
    Write,
}

impl Access {
    /// The scope by which an organization's token may.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Read => READ,
            Self::Write => WRITE,
        }
    }

    fn is_in(self, scopes: &ScopeSet) -> bool {
        scopes.contains(WRITE) || (self == Self::Read && scopes.contains(READ))
    }
}

/// Whose endpoints somebody manages. Whatever is beyond that does not exist for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's: operators, and services in their name.
    Everything,
    /// Those of an organization.
    Organization(Id<Organization>),
}

impl Reach {
    /// The organization whose endpoints alone are within reach; `None` is no limit.
    #[must_use]
    pub const fn organization(self) -> Option<Id<Organization>> {
        match self {
            Self::Everything => None,
            Self::Organization(id) => Some(id),
        }
    }

    /// The organization that is meant by whoever names this one, or none.
    ///
    /// # Errors
    /// [`DomainError::NotFound`] when it is beyond reach, whether it exists or not.
    pub(super) fn narrow(
        self,
        named: Option<Id<Organization>>,
    ) -> Result<Option<Id<Organization>>, DomainError> {
        match (self.organization(), named) {
            (Some(own), Some(other)) if own != other => Err(super::UNKNOWN_ORGANIZATION),
            (own, named) => Ok(own.or(named)),
        }
    }
}

/// Lets in whoever presents a credential for managing endpoints: a service key, which reaches
/// everybody's, or an organization's token, which reaches the organization's.
///
/// # Errors
/// See [`Refusal`].
pub async fn admit(
    ctx: &Context,
    text: &PlainToken,
    access: Access,
    address: Option<IpAddr>,
) -> Result<Reach, Refusal> {
    let found = service_keys::find(ctx, text).await?;
    let known = &found.known;
    if known.token.kind != TokenKind::OrganizationAccessToken {
        // Nobody is told which kind it is.
        service_keys::check(ctx, known, SCOPE, address)?;
        service_keys::enter(ctx, &found, text, address);
        return Ok(Reach::Everything);
    }
    check(ctx, known, access, address)?;
    let organization = bearers::act_for_organization(known);
    let organization = organization.ok_or(Refusal::InsufficientScope(access.scope()))?;
    bearers::note(ctx, &found, text, address);
    Ok(Reach::Organization(organization))
}

/// Whether an organization's token works from this address and may do this.
fn check(
    ctx: &Context,
    known: &KnownToken,
    access: Access,
    address: Option<IpAddr>,
) -> Result<(), Refusal> {
    let now = ctx.clock.now();
    if known.state(now) != TokenState::Live {
        ctx.leaked_uses.note(known, WayIn::Api, address, now);
        return Err(Refusal::InvalidKey);
    }
    if !known.token.works_from(address) {
        return Err(Refusal::ForeignNetwork);
    }
    match access.is_in(&known.token.scopes) {
        true => Ok(()),
        false => Err(Refusal::InsufficientScope(access.scope())),
    }
}
