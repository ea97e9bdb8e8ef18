//! The long-lived tokens that people manage themselves: their own and their organizations'. Only a
//! signed-in person may, and who makes or widens one must have signed in not long ago.

pub mod kept;
pub mod organizations;
pub mod personal;

use std::time::Duration;

use super::attempts::Transient;
use super::tokens::{self, NewTokenRequest};
use super::{Context, DomainError};
use crate::model::{
    Id, KnownToken, Owner, PageWindow, Revocation, RevocationReason, ScopeSet, Session, Sorting,
    Timestamp, Token, TokenName,
};
use crate::storage::tokens::{self as table, access_tokens};
use crate::storage::{Db, StorageError, Tx, users};

/// What a new token shall be.
#[derive(Clone, Debug)]
pub struct NewAccessToken {
    /// What it is called.
    pub comment: TokenName,
    /// What it may do.
    pub scopes: ScopeSet,
    /// How long it lives; `None` is until it is revoked.
    pub lifetime: Option<Duration>,
}

/// What shall be different about a token; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What it is called.
    pub comment: Option<TokenName>,
    /// What it may do.
    pub scopes: Option<ScopeSet>,
}

/// A token that was just made, and its text, which is shown once.
#[derive(Debug)]
pub struct Made {
    /// The token.
    pub known: KnownToken,
    /// Its text.
    pub text: crate::model::PlainToken,
}

/// Which part of a list, in which order.
#[derive(Clone, Debug)]
pub struct View {
    /// The order, most important first.
    pub sorting: Vec<Sorting>,
    /// The part.
    pub window: PageWindow,
}

/// Part of a list.
#[derive(Debug)]
pub struct Part {
    /// The tokens, as last used by everything that is known.
    pub tokens: Vec<KnownToken>,
    /// How many there are in all.
    pub total: u64,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Their session has ended meanwhile, or they are blocked.
    #[error("nobody is signed in")]
    SignedOut,
    /// They signed in too long ago.
    #[error("the session is too old")]
    Stale,
    /// Their role in the organization does not allow it, or it is blocked.
    #[error("the role does not allow this")]
    NotPermitted,
    /// There is no such token, or it is somebody else's.
    #[error("there is no such token")]
    NotFound,
    /// They are in no such organization.
    #[error("there is no such organization")]
    UnknownOrganization,
    /// The name holds a token.
    #[error("the name holds a token")]
    NameHoldsToken,
    /// A scope is not offered here.
    #[error("a scope is not offered here")]
    ScopeNotOffered,
    /// It would live longer than operators allow.
    #[error("the lifetime is longer than allowed")]
    LivesTooLong(Duration),
    /// There are as many as may be.
    #[error("there are too many tokens")]
    TooMany(u32),
    /// The form that asks for it was opened too long ago, or is not one of theirs.
    #[error("the form is too old")]
    FormTooOld,
    /// The token that shall be replaced does not work.
    #[error("the token does not work")]
    Ended,
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
            DomainError::Storage(error) => Self::Storage(error),
            // The only thing that is wrong with a request that came this far.
            DomainError::NotFound(_) | DomainError::Taken(_) | DomainError::Invalid(_) => {
                Self::NameHoldsToken
            }
        }
    }
}

/// Whether whoever is signed in did so recently enough to make tokens.
///
/// # Errors
/// [`Refusal::Stale`] when not.
pub fn demand_fresh(ctx: &Context, session: &Session) -> Result<(), Refusal> {
    let age = ctx.clock.now().since(session.auth_time);
    match age <= ctx.policy.sign_in.fresh_for {
        true => Ok(()),
        false => Err(Refusal::Stale),
    }
}

fn check_lifetime(ctx: &Context, lifetime: Option<Duration>) -> Result<(), Refusal> {
    match (ctx.policy.max_token_lifetime, lifetime) {
        (Some(most), None) => Err(Refusal::LivesTooLong(most)),
        (Some(most), Some(wanted)) if wanted > most => Err(Refusal::LivesTooLong(most)),
        _ => Ok(()),
    }
}

/// A signed-in person may do everything that is offered, so that is the limit of their tokens.
fn check_scopes(ctx: &Context, scopes: &ScopeSet) -> Result<(), Refusal> {
    match scopes.is_subset(ctx.policy.oauth.scopes.all()) {
        true => Ok(()),
        false => Err(Refusal::ScopeNotOffered),
    }
}

fn check_name(ctx: &Context, name: &TokenName) -> Result<(), Refusal> {
    match ctx.detector.finds_secret(name.as_str()) {
        true => Err(Refusal::NameHoldsToken),
        false => Ok(()),
    }
}

/// Holds the session and whoever is signed in until the transaction ends: a session that ends at
/// the same moment changes nothing.
async fn hold(tx: &mut Tx, session: &Session) -> Result<(), Refusal> {
    let live = table::hold(tx, session.token).await?;
    match live && users::hold(tx, session.user.id).await? {
        true => Ok(()),
        false => Err(Refusal::SignedOut),
    }
}

/// How many tokens that work an owner may have, if there are as many. Needs a hold on the owner, so that
/// there is not one more at the same moment.
pub(super) async fn most_reached(
    ctx: &Context,
    tx: &mut Tx,
    owner: Owner,
    now: Timestamp,
) -> Result<Option<u32>, StorageError> {
    let live = match owner {
        Owner::User(user) => access_tokens::count_live_of_user(tx, user, now).await?,
        Owner::Organization(organization) => {
            access_tokens::count_live_of_organization(tx, organization, now).await?
        }
    };
    let most = ctx.policy.max_tokens_per_owner;
    Ok((live >= i64::from(most)).then_some(most))
}

/// Refuses one token more than may be. Needs a hold on whoever owns them.
async fn check_count(
    ctx: &Context,
    tx: &mut Tx,
    owner: Owner,
    now: Timestamp,
) -> Result<(), Refusal> {
    match most_reached(ctx, tx, owner, now).await? {
        Some(most) => Err(Refusal::TooMany(most)),
        None => Ok(()),
    }
}

async fn make(
    ctx: &Context,
    mut tx: Tx,
    request: NewTokenRequest,
    now: Timestamp,
) -> Result<Made, Refusal> {
    let issued = tokens::create_within(&mut tx, ctx, request, now).await?;
    tx.commit().await?;
    Ok(Made {
        known: read_back(&ctx.db, issued.id).await?,
        text: issued.token,
    })
}

async fn read_back(db: &Db, id: Id<Token>) -> Result<KnownToken, Refusal> {
    table::find(db, id).await?.ok_or(Refusal::NotFound)
}

fn part(ctx: &Context, mut tokens: Vec<KnownToken>, total: i64) -> Part {
    for known in &mut tokens {
        with_latest_use(ctx, known);
    }
    let total = u64::try_from(total).unwrap_or(0);
    Part { tokens, total }
}

/// Adds what was seen of a token since uses were last written down.
pub(super) fn with_latest_use(ctx: &Context, known: &mut KnownToken) {
    let token = &mut known.token;
    let written = token.last_used_at.map(|at| (at, token.last_used_from));
    let latest = ctx.pending_uses.latest(token.id).max(written);
    token.last_used_at = latest.map(|(at, _)| at);
    token.last_used_from = latest.and_then(|(_, from)| from);
}

fn by_owner(now: Timestamp) -> Revocation {
    Revocation {
        at: now,
        reason: RevocationReason::Owner,
    }
}
