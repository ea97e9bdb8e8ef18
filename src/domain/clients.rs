//! Clients: registered, changed, given secrets, shut out, deleted.

use super::tokens::{self as issuing, Issued, NewTokenRequest};
use super::{Context, DomainError, audit};
use crate::model::{
    About, Client, ClientId, ClientMetadata, ClientStanding, Deed, Id, KnownToken, PageWindow,
    RegisteredClient, Revocation, RevocationReason, Timestamp, Token, TokenKind, User,
};
use crate::storage::clients::{self, NewClient};
use crate::storage::{Tx, consents, grants, tokens};

const UNKNOWN: DomainError = DomainError::NotFound("there is no client with this client_id");

/// So many secrets of a client work at a time: the one in use, and the one that replaces it.
const SECRETS: i64 = 2;

/// What a new client shall be.
#[derive(Clone, Debug)]
pub struct NewClientRequest {
    /// Who owns it, if anybody of ours does.
    pub owner: Option<Id<User>>,
    /// What it says about itself.
    pub metadata: ClientMetadata,
    /// What operators decided about it.
    pub standing: ClientStanding,
}

/// A client that was just made.
#[derive(Debug)]
pub struct CreatedClient {
    /// The client.
    pub client: RegisteredClient,
    /// Its secret, unless it is public. Shown once and kept nowhere.
    pub secret: Option<Issued>,
}

/// Makes a client and, unless it is public, its secret.
///
/// # Errors
/// [`DomainError::Invalid`] when its name holds a token.
pub async fn create(
    ctx: &Context,
    request: NewClientRequest,
) -> Result<CreatedClient, DomainError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let birth = Birth {
        id: Id::new(now),
        registered_from: None,
        at: now,
    };
    let created = create_within(&mut tx, ctx, request, birth).await?;
    tx.commit().await?;
    Ok(created)
}

/// How a client comes into being.
pub(super) struct Birth {
    /// As which row.
    pub(super) id: Id<Client>,
    /// Where somebody registered it over the network.
    pub(super) registered_from: Option<String>,
    /// When.
    pub(super) at: Timestamp,
}

/// Makes a client together with something else.
pub(super) async fn create_within(
    tx: &mut Tx,
    ctx: &Context,
    request: NewClientRequest,
    birth: Birth,
) -> Result<CreatedClient, DomainError> {
    let now = birth.at;
    let NewClientRequest {
        owner,
        metadata,
        standing,
    } = request;
    check_name(ctx, &metadata)?;
    let new = NewClient {
        id: birth.id,
        client_id: ClientId::fresh(&ctx.format),
        owner,
        metadata,
        standing,
        registered_from: birth.registered_from,
        created_at: now,
    };
    clients::insert(tx, &new).await?;
    let about = About {
        user: owner,
        ..About::client(new.id)
    };
    audit::note(tx, now, Deed::new("client.created", about));
    let secret = match new.metadata.is_public() {
        true => None,
        false => Some(credential(tx, ctx, new.id, TokenKind::ClientSecret, now).await?),
    };
    let client = RegisteredClient {
        id: new.id,
        client_id: new.client_id,
        owner,
        metadata: new.metadata,
        standing,
        created_at: now,
        modified_at: None,
        disabled_at: None,
    };
    Ok(CreatedClient { client, secret })
}

/// The client with this identifier.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn find(ctx: &Context, client_id: &str) -> Result<RegisteredClient, DomainError> {
    clients::find(&ctx.db, client_id).await?.ok_or(UNKNOWN)
}

/// Up to `limit` clients behind `after`, in the order they were made.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    after: Option<Id<Client>>,
    limit: u32,
) -> Result<Vec<RegisteredClient>, DomainError> {
    Ok(clients::list(&ctx.db, after, i64::from(limit)).await?)
}

/// One page of a user's clients, and how many there are in all.
///
/// # Errors
/// When the database fails.
pub async fn list_by_owner(
    ctx: &Context,
    owner: Id<User>,
    window: PageWindow,
) -> Result<(Vec<RegisteredClient>, u64), DomainError> {
    let (offset, limit) = (window.offset(), i64::from(window.limit));
    let found = clients::list_by_owner(&ctx.db, owner, offset, limit).await?;
    let total = clients::count_by_owner(&ctx.db, owner).await?;
    Ok((found, u64::try_from(total).unwrap_or_default()))
}

/// Replaces what a client says about itself. A client that was public and no longer is gets its
/// first secret; one that becomes public loses those it had.
///
/// # Errors
/// [`DomainError::NotFound`] when it was deleted, [`DomainError::Invalid`] when its name holds a
/// token.
pub async fn replace(
    ctx: &Context,
    client: &RegisteredClient,
    metadata: ClientMetadata,
) -> Result<CreatedClient, DomainError> {
    let now = ctx.clock.now();
    check_name(ctx, &metadata)?;
    let mut tx = ctx.db.begin().await?;
    if !clients::replace(&mut tx, client.id, &metadata, now).await? {
        return Err(UNKNOWN);
    }
    let deed = Deed::new("client.changed", About::client(client.id));
    audit::note(&mut tx, now, deed);
    let mut secret = None;
    if metadata.is_public() {
        tokens::revoke_secrets(&mut tx, client.id, by_owner(now)).await?;
    } else if tokens::count_secrets(&mut tx, client.id, now).await? == 0 {
        secret = Some(credential(&mut tx, ctx, client.id, TokenKind::ClientSecret, now).await?);
    }
    tx.commit().await?;
    let client = RegisteredClient {
        metadata,
        modified_at: Some(now),
        ..client.clone()
    };
    Ok(CreatedClient { client, secret })
}

/// Replaces what operators decided about a client.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn set_standing(
    ctx: &Context,
    client: &RegisteredClient,
    standing: ClientStanding,
) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    if !clients::set_standing(&mut tx, client.id, standing, now).await? {
        return Err(UNKNOWN);
    }
    let deed = Deed::new("client.standing_set", About::client(client.id));
    audit::note(&mut tx, now, deed);
    tx.commit().await?;
    Ok(())
}

/// Shuts a client out (`true`): none of its tokens and secrets work until it is let in again.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn set_disabled(
    ctx: &Context,
    client: &RegisteredClient,
    disabled: bool,
) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let since = disabled.then_some(now);
    let mut tx = ctx.db.begin().await?;
    if !clients::set_disabled(&mut tx, client.id, since).await? {
        return Err(UNKNOWN);
    }
    let name = match disabled {
        true => "client.disabled",
        false => "client.enabled",
    };
    audit::note(&mut tx, now, Deed::new(name, About::client(client.id)));
    tx.commit().await?;
    Ok(())
}

/// Deletes a client: its secrets, all it was ever issued and what it was allowed end with it.
///
/// # Errors
/// [`DomainError::NotFound`] when it was deleted before.
pub async fn delete(ctx: &Context, client: &RegisteredClient) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let end = Revocation {
        at: now,
        reason: RevocationReason::ClientDeleted,
    };
    let mut tx = ctx.db.begin().await?;
    // In the order of a withdrawal and of a delivery, so that none waits for another.
    consents::delete_by_client(&mut tx, client.id).await?;
    tokens::revoke_by_client(&mut tx, client.id, end).await?;
    grants::revoke_by_client(&mut tx, client.id, now).await?;
    if !clients::delete(&mut tx, client.id, now).await? {
        return Err(UNKNOWN);
    }
    let deed = Deed::new("client.deleted", About::client(client.id));
    audit::note(&mut tx, now, deed);
    tx.commit().await?;
    Ok(())
}

/// The secrets of a client that were not revoked, never their text.
///
/// # Errors
/// When the database fails.
pub async fn list_secrets(
    ctx: &Context,
    client: &RegisteredClient,
) -> Result<Vec<KnownToken>, DomainError> {
    Ok(tokens::list_by_client(&ctx.db, client.id, TokenKind::ClientSecret).await?)
}

/// Gives a client another secret, which works beside the one it has until that is revoked.
///
/// # Errors
/// [`DomainError::Invalid`] when the client keeps no secrets or has two, [`DomainError::NotFound`]
/// when it was deleted.
pub async fn add_secret(ctx: &Context, client: &RegisteredClient) -> Result<Issued, DomainError> {
    if client.metadata.is_public() {
        return Err(DomainError::Invalid("a public client keeps no secret"));
    }
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    // Whoever adds another one at the same time waits here.
    if !clients::touch(&mut tx, client.id, now).await? {
        return Err(UNKNOWN);
    }
    if tokens::count_secrets(&mut tx, client.id, now).await? >= SECRETS {
        return Err(DomainError::Invalid(
            "the client has two secrets already: revoke one of them first",
        ));
    }
    let secret = credential(&mut tx, ctx, client.id, TokenKind::ClientSecret, now).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Revokes one secret of a client for good; `false` when it was dead already or is not the
/// client's.
///
/// # Errors
/// When the database fails.
pub async fn revoke_secret(
    ctx: &Context,
    client: &RegisteredClient,
    secret: Id<Token>,
    reason: RevocationReason,
) -> Result<bool, DomainError> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let done = tokens::revoke_secret(&mut tx, client.id, secret, Revocation { at, reason }).await?;
    tx.commit().await?;
    Ok(done)
}

/// Mints what a client proves something with.
pub(super) async fn credential(
    tx: &mut Tx,
    ctx: &Context,
    client: Id<Client>,
    kind: TokenKind,
    now: Timestamp,
) -> Result<Issued, DomainError> {
    let request = NewTokenRequest {
        client: Some(client),
        ..NewTokenRequest::new(kind)
    };
    issuing::create_within(tx, ctx, request, now).await
}

/// Names appear in letters, pages and logs, and a pasted token would be in all of them.
fn check_name(ctx: &Context, metadata: &ClientMetadata) -> Result<(), DomainError> {
    match ctx.detector.finds_secret(&metadata.client_name) {
        true => Err(DomainError::Invalid("a name must not hold a token")),
        false => Ok(()),
    }
}

fn by_owner(at: Timestamp) -> Revocation {
    Revocation {
        at,
        reason: RevocationReason::Owner,
    }
}
