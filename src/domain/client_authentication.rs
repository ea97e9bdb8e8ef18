//! Who is this client, and is it? (RFC 6749 2.3)

use std::net::IpAddr;

use super::{Context, provenance};
use crate::model::{
    Actor, AuthMethod, LeakedUse, PlainToken, RegisteredClient, RevocationReason, Timestamp,
    TokenDigest, WayIn,
};
use crate::storage::StorageError;
use crate::storage::client_secrets::{self, StoredSecret};

/// What a client presents.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// Whom it claims to be.
    pub client_id: String,
    /// How it proves that.
    pub proof: ClientProof,
    /// From which address it asks.
    pub from: Option<IpAddr>,
}

/// A proof of who a client is. A signed assertion (`private_key_jwt`) is another variant of this.
#[derive(Clone, Debug)]
pub enum ClientProof {
    /// A secret in the header (`Authorization: Basic`).
    Basic(PlainToken),
    /// A secret in the body.
    Post(PlainToken),
    /// None, as public clients do.
    None,
}

impl ClientProof {
    /// The method that a client must have registered for this.
    #[must_use]
    pub const fn method(&self) -> AuthMethod {
        match self {
            Self::Basic(_) => AuthMethod::ClientSecretBasic,
            Self::Post(_) => AuthMethod::ClientSecretPost,
            Self::None => AuthMethod::None,
        }
    }

    const fn secret(&self) -> Option<&PlainToken> {
        match self {
            Self::Basic(secret) | Self::Post(secret) => Some(secret),
            Self::None => None,
        }
    }
}

/// Why a client was not believed.
#[derive(Debug, thiserror::Error)]
pub enum ClientRefusal {
    /// Unknown, disabled, or not proven: nobody learns which.
    #[error("the client is unknown or did not prove who it is")]
    Invalid,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Believes a client that proves who it is in the way it registered. An unknown client, a wrong
/// secret and a wrong method cost the same and are answered the same.
///
/// # Errors
/// See [`ClientRefusal`].
pub async fn authenticate(
    ctx: &Context,
    credentials: &ClientCredentials,
) -> Result<RegisteredClient, ClientRefusal> {
    let now = ctx.clock.now();
    let secret = credentials.proof.secret();
    let digests: Vec<TokenDigest> = secret
        .iter()
        .flat_map(|secret| ctx.hash_keys.candidates(secret.reveal().as_bytes()))
        .collect();
    let found = client_secrets::find(&ctx.db, &credentials.client_id, &digests).await?;
    if let Some(stored) = &found.secret {
        note_leaked(ctx, stored, credentials.from, now);
    }
    let client = found.client.ok_or(ClientRefusal::Invalid)?;
    let method = credentials.proof.method();
    if client.disabled_at.is_some() || !client.metadata.accepts(method) {
        return Err(ClientRefusal::Invalid);
    }
    if let Some(text) = secret {
        let fits = |stored: &StoredSecret| {
            stored.client == client.id
                && stored.revoked_because.is_none()
                && stored.expires_at.is_none_or(|end| end > now)
        };
        let stored = found.secret.filter(fits).ok_or(ClientRefusal::Invalid)?;
        let outdated = stored.hash_key != *ctx.hash_keys.current().id();
        let digest = outdated.then(|| ctx.hash_keys.digest(text));
        ctx.pending_uses.note(stored.token, now, None, digest);
    }
    provenance::act_as(Actor::Client(client.id));
    Ok(client)
}

/// Somebody may try a secret that leaked with any client, or with none.
fn note_leaked(ctx: &Context, stored: &StoredSecret, from: Option<IpAddr>, now: Timestamp) {
    if stored
        .revoked_because
        .is_some_and(RevocationReason::was_seen)
    {
        ctx.leaked_uses.add(LeakedUse {
            token: stored.token,
            via: WayIn::Client,
            from,
            first_at: now,
            last_at: now,
            times: 1,
        });
    }
}
