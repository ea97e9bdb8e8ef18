//! The authorization endpoint (RFC 6749 3.1, OpenID Connect Core 3.1.2): a person allows a client to
//! act for them.

mod answer;
mod checks;
mod parameters;
mod reauthentication;
mod request;
mod seal;

use std::ops::ControlFlow;
use std::time::Duration;

use super::signing_keys::SigningError;
use super::{Context, audit};
use crate::model::{
    Deed, Grant, GrantRequest, Id, Organization, PlainToken, ScopeSet, Session, SubType, Timestamp,
    TokenKind,
};
use crate::storage::consents::{self, Parties, Remembered};
use crate::storage::tokens::{self, NewToken};
use crate::storage::{StorageError, Tx, grants, organizations};

pub use answer::{AuthorizationError, Destination, ErrorCode, Granted, ResponseMode};
pub use checks::Prompt;
pub use parameters::{Parameters, Unreadable};
pub use reauthentication::{MARK, mark};
pub use request::{AuthorizationRequest, RequestRefusal};
pub use seal::{is_sealed, seal};

/// What happens next with a request.
#[derive(Debug)]
pub enum Next {
    /// The client gets a code.
    Granted(Granted),
    /// The client is told that there is none.
    Refused(AuthorizationError),
    /// The person must sign in first.
    SignIn,
    /// The person is asked.
    Ask(Question),
}

/// What a person is asked.
#[derive(Debug)]
pub struct Question {
    /// What the client would be allowed, beyond what it is.
    pub fresh: ScopeSet,
    /// The organizations to choose from; empty when there is nothing to choose.
    pub organizations: Vec<Organization>,
}

/// Decides what happens next with a request of a browser in which `session` is signed in.
///
/// # Errors
/// When the database fails.
pub async fn decide(
    ctx: &Context,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    session: Option<&Session>,
) -> Result<Next, StorageError> {
    let session = match welcome(ctx, request, parameters, session) {
        ControlFlow::Continue(session) => session,
        ControlFlow::Break(next) => return Ok(next),
    };
    let remembered = consents::list_of_client(&ctx.db, session.user.id, request.client.id).await?;
    if let Some(organization) = may_skip(request, &remembered) {
        match grant(ctx, request, session, organization, Basis::Remembered).await? {
            Ok(granted) => return Ok(Next::Granted(granted)),
            Err(Ungranted::SignedOut) => return Ok(sign_in(request)),
            // Withdrawn a moment ago, or no member any more: the person is asked.
            Err(Ungranted::NotAllowed) => {}
        }
    }
    let organizations = match request.sub_type {
        SubType::User => Vec::new(),
        SubType::Organization => organizations::list_by_member(&ctx.db, session.user.id).await?,
    };
    let ours = request.client.standing.first_party && !request.must_be_asked();
    if ours
        && let Some(organization) = only_choice(request, &organizations)
        && let Ok(granted) = grant(ctx, request, session, organization, Basis::FirstParty).await?
    {
        return Ok(Next::Granted(granted));
    }
    if request.sub_type == SubType::Organization && organizations.is_empty() {
        let why = "the user is no member of an organization";
        return Ok(refused(request, ErrorCode::AccessDenied, why));
    }
    if request.prompt.none {
        return Ok(match ours {
            true => refused(
                request,
                ErrorCode::InteractionRequired,
                "the user must choose",
            ),
            false => refused(
                request,
                ErrorCode::ConsentRequired,
                "the user must allow it",
            ),
        });
    }
    let known = remembered.iter().map(|one| &one.scopes);
    let known = known.fold(ScopeSet::default(), |all, one| all.union(one));
    Ok(Next::Ask(Question {
        fresh: request.asked.difference(&known),
        organizations,
    }))
}

fn refused(request: &AuthorizationRequest, code: ErrorCode, why: &'static str) -> Next {
    Next::Refused(request.destination.refuse(code, why))
}

/// Sends the person to sign in, unless nothing may be shown.
fn sign_in(request: &AuthorizationRequest) -> Next {
    match request.prompt.none {
        true => refused(request, ErrorCode::LoginRequired, "the user must sign in"),
        false => Next::SignIn,
    }
}

/// The session if it will do, or what happens instead.
fn welcome<'s>(
    ctx: &Context,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    session: Option<&'s Session>,
) -> ControlFlow<Next, &'s Session> {
    let Some(session) = session else {
        return ControlFlow::Break(sign_in(request));
    };
    // Whoever signed in because this request demanded it has done what it demands.
    let done = || reauthentication::is_done(ctx, parameters, session);
    let is_user = |sub: &String| *sub == session.user.id.to_string();
    if !request.expected_subs.iter().all(is_user) {
        // OpenID Connect Core 3.1.2.1, id_token_hint: and if it was somebody else who signed in,
        // there MUST be an error.
        return ControlFlow::Break(match done() {
            true => refused(request, ErrorCode::LoginRequired, "another user signed in"),
            false => sign_in(request),
        });
    }
    let age = ctx.clock.now().since(session.auth_time);
    let too_old = |most: Duration| most.is_zero() || age > most;
    let demanded = request.prompt.login || request.max_age.is_some_and(too_old);
    match demanded && !done() {
        true => ControlFlow::Break(sign_in(request)),
        false => ControlFlow::Continue(session),
    }
}

/// The organization of a consent that covers the request, when nobody need be asked: the outer
/// `None` asks.
fn may_skip(
    request: &AuthorizationRequest,
    remembered: &[Remembered],
) -> Option<Option<Id<Organization>>> {
    if request.must_be_asked() {
        return None;
    }
    let wanted = request.sub_type == SubType::Organization;
    let mut covering = remembered
        .iter()
        .filter(|one| one.organization.is_some() == wanted)
        .filter(|one| request.asked.is_subset(&one.scopes));
    let one = covering.next()?;
    // With several organizations, it is for the person to choose.
    covering.next().is_none().then_some(one.organization)
}

fn only_choice(
    request: &AuthorizationRequest,
    organizations: &[Organization],
) -> Option<Option<Id<Organization>>> {
    match (request.sub_type, organizations) {
        (SubType::User, _) => Some(None),
        (SubType::Organization, [only]) => Some(Some(only.id)),
        (SubType::Organization, _) => None,
    }
}

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, limited to this organization if there was one to choose.
    Allow(Option<Id<Organization>>),
    /// No.
    Deny,
}

/// Does what the person said.
///
/// # Errors
/// When the database fails.
pub async fn conclude(
    ctx: &Context,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    session: Option<&Session>,
    verdict: Verdict,
) -> Result<Next, StorageError> {
    let session = match welcome(ctx, request, parameters, session) {
        ControlFlow::Continue(session) => session,
        ControlFlow::Break(next) => return Ok(next),
    };
    let organization = match verdict {
        Verdict::Deny => {
            return Ok(refused(
                request,
                ErrorCode::AccessDenied,
                "the user said no",
            ));
        }
        Verdict::Allow(organization) => organization,
    };
    if organization.is_some() != (request.sub_type == SubType::Organization) {
        return decide(ctx, request, parameters, Some(session)).await;
    }
    match grant(ctx, request, session, organization, Basis::Allowed).await? {
        Ok(granted) => Ok(Next::Granted(granted)),
        Err(Ungranted::SignedOut) => Ok(sign_in(request)),
        Err(Ungranted::NotAllowed) => {
            let why = "the user is no member of this organization";
            Ok(refused(request, ErrorCode::AccessDenied, why))
        }
    }
}

/// On what a grant rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// The person allowed it just now.
    Allowed,
    /// They did so before.
    Remembered,
    /// Nobody is asked on behalf of our own clients.
    FirstParty,
}

/// Why nothing was granted.
enum Ungranted {
    /// The session has ended.
    SignedOut,
    /// Consent was withdrawn, or the person has left the organization.
    NotAllowed,
}

/// The transaction: consent, grant and code.
async fn grant(
    ctx: &Context,
    request: &AuthorizationRequest,
    session: &Session,
    organization: Option<Id<Organization>>,
    basis: Basis,
) -> Result<Result<Granted, Ungranted>, StorageError> {
    let now = ctx.clock.now();
    let parties = Parties {
        user: session.user.id,
        client: request.client.id,
        organization,
    };
    let mut tx = ctx.db.begin().await?;
    // A session that ends at the same moment mints nothing.
    if !tokens::hold(&mut tx, session.token).await? {
        return Ok(Err(Ungranted::SignedOut));
    }
    if let Some(organization) = organization
        && !organizations::admits(&mut tx, organization, session.user.id).await?
    {
        return Ok(Err(Ungranted::NotAllowed));
    }
    if basis == Basis::Remembered {
        let held = consents::hold(&mut tx, parties, now).await?;
        if !held.is_some_and(|scopes| request.asked.is_subset(&scopes)) {
            return Ok(Err(Ungranted::NotAllowed));
        }
    } else {
        consents::allow(&mut tx, parties, &request.asked, now).await?;
        audit::note(&mut tx, now, Deed::new("consent.given", parties.about()));
    }
    let code = write(ctx, &mut tx, request, session, organization, now).await?;
    tx.commit().await?;
    tracing::info!(client.id = %request.client.id, user.id = %session.user.id, "a code was issued");
    Ok(Ok(Granted {
        code,
        destination: request.destination.clone(),
    }))
}

async fn write(
    ctx: &Context,
    tx: &mut Tx,
    request: &AuthorizationRequest,
    session: &Session,
    organization: Option<Id<Organization>>,
    now: Timestamp,
) -> Result<PlainToken, StorageError> {
    let policy = &ctx.policy.oauth;
    let grant = Grant {
        id: Id::new(now),
        client: request.client.id,
        user: session.user.id,
        organization,
        scopes: request.scopes.clone(),
        created_at: now,
        request: GrantRequest {
            sid: Some(session.sid),
            auth_time: Some(session.auth_time),
            redirect_uri: request.named_redirect_uri.clone(),
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            claims: request.claims.clone(),
            resources: request.resources.clone(),
            ends_at: Some(now.plus(policy.refresh_token_lifetime)),
        },
    };
    grants::insert(tx, &grant).await?;
    let text = ctx.format.mint(TokenKind::AuthorizationCode, false);
    let code = NewToken {
        id: Id::new(now),
        kind: TokenKind::AuthorizationCode,
        digest: ctx.hash_keys.digest(&text),
        hash_key: ctx.hash_keys.current().id().clone(),
        grant: Some(grant.id),
        parent: None,
        client: Some(grant.client),
        user: Some(grant.user),
        organization,
        customer: None,
        name: None,
        scopes: grant.scopes,
        audience: None,
        hint: text.hint(),
        created_at: now,
        expires_at: Some(now.plus(policy.code_lifetime)),
    };
    tokens::insert(tx, &code).await?;
    Ok(text)
}

impl From<StorageError> for RequestRefusal {
    fn from(error: StorageError) -> Self {
        Self::Failed(SigningError::Storage(error))
    }
}
