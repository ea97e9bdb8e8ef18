//! Clients that register themselves (RFC 7591) and look after their registration (RFC 7592).

use std::net::IpAddr;
use std::time::Duration;

use super::attempts::{Transient, until_settled};
use super::clients::{self, Birth, CreatedClient, NewClientRequest};
use super::limits::limited_by;
use super::tokens::Issued;
use super::{Context, DomainError, provenance};
use crate::model::{
    Actor, Client, ClientMetadata, ClientStanding, GrantRights, Id, Limit, MetadataRequest,
    PlainToken, RefusedMetadata, RegisteredClient, RegistrationPolicy, Timestamp, TokenDigest,
    TokenKind, TokenState, User, WayIn,
};
use crate::storage::clients as table;
use crate::storage::{StorageError, Tx, client_secrets, tokens, turns};

/// Who registers a client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registrant {
    /// The user who will own it, if somebody is signed in.
    pub user: Option<Id<User>>,
    /// From where.
    pub address: Option<IpAddr>,
    /// The form that they sent, whose id the client gets: sent twice, it makes one client.
    pub form: Option<Id<Client>>,
}

/// A client that was just registered.
#[derive(Debug)]
pub struct Registered {
    /// The client, with its secret unless it is public.
    pub created: CreatedClient,
    /// What it looks after its registration with. Shown once and kept nowhere.
    pub registration_token: Issued,
}

/// What somebody presents who looks after a registration.
#[derive(Debug)]
pub enum Manager {
    /// The token that came with the registration.
    Token(PlainToken),
    /// A session of the client's owner.
    Owner(Id<User>),
}

/// Why a registration did not happen.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationRefusal {
    /// Only operators make clients here.
    #[error("clients are registered by operators only")]
    Closed,
    /// Somebody must be signed in for that.
    #[error("whoever registers a client here must be signed in")]
    NotSignedIn,
    /// Too many were registered from this network address.
    #[error("too many clients were registered from this network address")]
    TooOften {
        /// When another one may be.
        retry_after: Duration,
    },
    /// The form was sent before, and its client was made then.
    #[error("the form was sent before")]
    SentBefore,
    /// The user owns as many as one may.
    #[error("you own as many clients as one user may: delete one first")]
    TooMany,
    /// The client is unknown, or is not for whoever asks to look after. Nobody learns which.
    #[error("the registration token does not work for this client")]
    NotTheirs,
    /// The client presents a secret that is not its own (RFC 7592 2.2).
    #[error("client_secret is not the client's")]
    WrongSecret,
    /// The metadata cannot be had.
    #[error(transparent)]
    Metadata(#[from] RefusedMetadata),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Transient for RegistrationRefusal {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

impl From<DomainError> for RegistrationRefusal {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Invalid(what) => RefusedMetadata::Member("client_name", what).into(),
            DomainError::Storage(error) => error.into(),
            // Deleted in the meantime.
            DomainError::NotFound(_) | DomainError::Taken(_) => Self::NotTheirs,
        }
    }
}

/// Registers a client for whoever asks, as far as operators allow.
///
/// # Errors
/// See [`RegistrationRefusal`].
pub async fn register(
    ctx: &Context,
    registrant: Registrant,
    asked: &MetadataRequest,
) -> Result<Registered, RegistrationRefusal> {
    match ctx.policy.oauth.registration {
        RegistrationPolicy::Open => {}
        RegistrationPolicy::SignedIn if registrant.user.is_some() => {}
        RegistrationPolicy::SignedIn => return Err(RegistrationRefusal::NotSignedIn),
        RegistrationPolicy::Closed => return Err(RegistrationRefusal::Closed),
    }
    let metadata = asked.read(&ctx.policy.oauth.scopes, &rights(registrant.user))?;
    let registered = until_settled(async || within_limits(ctx, registrant, &metadata).await);
    let registered = registered.await?;
    tracing::info!(
        client.id = %registered.created.client.client_id,
        owned = registrant.user.is_some(),
        "a client was registered"
    );
    Ok(registered)
}

async fn within_limits(
    ctx: &Context,
    registrant: Registrant,
    metadata: &ClientMetadata,
) -> Result<Registered, RegistrationRefusal> {
    let now = ctx.clock.now();
    let place = registrant.address.map(limited_by);
    let mut tx = ctx.db.begin().await?;
    check_limits(ctx, &mut tx, registrant, place.as_deref(), now).await?;
    let request = NewClientRequest {
        owner: registrant.user,
        metadata: metadata.clone(),
        standing: ClientStanding::default(),
    };
    let birth = Birth {
        id: registrant.form.unwrap_or_else(|| Id::new(now)),
        registered_from: place,
        at: now,
    };
    let created = clients::create_within(&mut tx, ctx, request, birth).await?;
    let kind = TokenKind::ClientRegistrationToken;
    let registration_token = clients::credential(&mut tx, ctx, created.client.id, kind, now);
    let registration_token = registration_token.await?;
    tx.commit().await?;
    Ok(Registered {
        created,
        registration_token,
    })
}

async fn check_limits(
    ctx: &Context,
    tx: &mut Tx,
    registrant: Registrant,
    place: Option<&str>,
    now: Timestamp,
) -> Result<(), RegistrationRefusal> {
    let policy = &ctx.policy.oauth;
    if let Some(user) = registrant.user {
        turns::take(tx, &format!("registrations of {user}")).await?;
    }
    // Before anything is counted: what was done is done, however often it is asked for.
    if let Some(form) = registrant.form
        && table::is_taken(tx, form).await?
    {
        return Err(RegistrationRefusal::SentBefore);
    }
    if let Some(place) = place {
        turns::take(tx, &format!("registrations from {place}")).await?;
        let limit = Limit::Registrations;
        let since = now.minus(ctx.limits.within(limit));
        let recent = table::list_by_address(tx, place, since).await?;
        if let Some(retry_after) = ctx.limits.wait(limit, &recent, now) {
            return Err(RegistrationRefusal::TooOften { retry_after });
        }
    }
    if let Some(user) = registrant.user {
        let owned = table::count_owned(tx, user).await?;
        if owned >= i64::from(policy.clients_per_user) {
            return Err(RegistrationRefusal::TooMany);
        }
    }
    Ok(())
}

/// The client, for whoever may look after its registration.
///
/// A token that had leaked and does not work is noted as tried from `address`.
///
/// # Errors
/// [`RegistrationRefusal::NotTheirs`] for everybody else, and when there is no such client.
pub async fn find(
    ctx: &Context,
    client_id: &str,
    manager: &Manager,
    address: Option<IpAddr>,
) -> Result<RegisteredClient, RegistrationRefusal> {
    // Both are looked up whether the other is there or not.
    let client = table::find(&ctx.db, client_id).await?;
    let theirs = match manager {
        Manager::Token(token) => holds(ctx, client_id, token, address).await?,
        Manager::Owner(user) => client.as_ref().is_some_and(|c| c.owner == Some(*user)),
    };
    client
        .filter(|_| theirs)
        .ok_or(RegistrationRefusal::NotTheirs)
}

async fn holds(
    ctx: &Context,
    client_id: &str,
    token: &PlainToken,
    address: Option<IpAddr>,
) -> Result<bool, StorageError> {
    let now = ctx.clock.now();
    let found = tokens::find_by_digests(&ctx.db, &digests(ctx, token)).await?;
    let theirs = found.iter().find(|found| {
        let known = &found.known;
        let client = known.client.as_ref();
        known.token.kind == TokenKind::ClientRegistrationToken
            && known.state(now) == TokenState::Live
            && client.is_some_and(|client| client.client_id.as_str() == client_id)
    });
    if theirs.is_none() {
        let tried = found.iter().map(|found| &found.known);
        tried.for_each(|known| ctx.leaked_uses.note(known, WayIn::Api, address, now));
    }
    if let Some(found) = theirs {
        if let Some(client) = &found.known.client {
            provenance::act_as(Actor::Client(client.id));
        }
        let outdated = found.hash_key != *ctx.hash_keys.current().id();
        let digest = outdated.then(|| ctx.hash_keys.digest(token));
        let used = found.known.token.id;
        ctx.pending_uses.note(used, now, None, digest);
    }
    Ok(theirs.is_some())
}

/// Replaces everything that a client says about itself (RFC 7592 2.2).
///
/// # Errors
/// See [`RegistrationRefusal`].
pub async fn replace(
    ctx: &Context,
    client: &RegisteredClient,
    asked: &MetadataRequest,
    presented: Option<&PlainToken>,
) -> Result<CreatedClient, RegistrationRefusal> {
    if let Some(secret) = presented
        && !owns_secret(ctx, client, secret).await?
    {
        return Err(RegistrationRefusal::WrongSecret);
    }
    let rights = rights(client.owner).and(&client.metadata.grant_types);
    let metadata = asked.read(&ctx.policy.oauth.scopes, &rights)?;
    let replacing = async || clients::replace(ctx, client, metadata.clone()).await;
    Ok(until_settled(replacing).await?)
}

/// Deletes a client, and everything it has with it (RFC 7592 2.3).
///
/// # Errors
/// See [`RegistrationRefusal`].
pub async fn delete(ctx: &Context, client: &RegisteredClient) -> Result<(), RegistrationRefusal> {
    until_settled(async || clients::delete(ctx, client).await).await?;
    tracing::info!(client.id = %client.client_id, "a client deleted its registration");
    Ok(())
}

async fn owns_secret(
    ctx: &Context,
    client: &RegisteredClient,
    secret: &PlainToken,
) -> Result<bool, StorageError> {
    let digests = digests(ctx, secret);
    let found = client_secrets::find(&ctx.db, client.client_id.as_str(), &digests).await?;
    Ok(found
        .secret
        .is_some_and(|secret| secret.client == client.id))
}

fn digests(ctx: &Context, token: &PlainToken) -> Vec<TokenDigest> {
    let text = token.reveal().as_bytes();
    ctx.hash_keys.candidates(text).collect()
}

fn rights(owner: Option<Id<User>>) -> GrantRights {
    match owner {
        Some(_) => GrantRights::of_owners(),
        None => GrantRights::of_strangers(),
    }
}
