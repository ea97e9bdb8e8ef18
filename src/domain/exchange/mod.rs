//! The token endpoint (RFC 6749 3.2): one grant for tokens, one file per kind of grant.

mod authorization_code;
mod client_credentials;
mod id_token;
mod mint;
mod refresh_token;
mod web_session;

use std::time::Duration;

use super::Context;
use super::signing_keys::SigningError;
use crate::model::{PlainToken, ScopeSet, TokenDigest};
use crate::storage::tokens::{self, GrantedToken};
use crate::storage::{StorageError, spent_tokens};

pub use authorization_code::{CodeExchange, redeem_code};
pub use client_credentials::{ClientCredentialsRequest, issue_to_client};
pub use refresh_token::{RefreshRequest, refresh};
pub use web_session::{WebSessionRequest, issue_to_session};

/// What a client gets (RFC 6749 5.1).
#[derive(Debug)]
pub struct TokenSet {
    /// For calling the API.
    pub access_token: PlainToken,
    /// How long the access token works.
    pub expires_in: Duration,
    /// For getting fresh tokens.
    pub refresh_token: Option<PlainToken>,
    /// What the access token may do.
    pub scopes: ScopeSet,
    /// Who signed in (OpenID Connect Core 2), signed.
    pub id_token: Option<String>,
}

/// Why there are no tokens, in the words of RFC 6749 5.2.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The request makes no sense.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The code, refresh token or session is none that works for this client.
    #[error("{0}")]
    InvalidGrant(&'static str),
    /// More was asked for than may be had.
    #[error("{0}")]
    InvalidScope(&'static str),
    /// Tokens were asked for a resource that was not granted (RFC 8707 2).
    #[error("{0}")]
    InvalidTarget(&'static str),
    /// The client may not use this kind of grant.
    #[error("the client may not use this grant type")]
    UnauthorizedClient,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No ID token could be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// A code or refresh token that was issued once, with its grant. Of one that ended long ago only a few
/// facts are kept: enough to know that it comes again.
async fn find_issued(
    ctx: &Context,
    digests: &[TokenDigest],
) -> Result<Option<GrantedToken>, StorageError> {
    match tokens::find_with_grant(&ctx.db, digests).await? {
        Some(kept) => Ok(Some(kept)),
        None => spent_tokens::find_with_grant(&ctx.db, digests).await,
    }
}

/// The resources that were asked for, as an audience; none asks for all that were granted.
///
/// # Errors
/// [`ExchangeError::InvalidTarget`] when one of them was not granted.
fn audience(asked: &[String], granted: &[String]) -> Result<Option<String>, ExchangeError> {
    let chosen = match asked {
        [] => granted,
        some if some.iter().all(|one| granted.contains(one)) => some,
        _ => {
            return Err(ExchangeError::InvalidTarget(
                "a resource was not part of what was granted",
            ));
        }
    };
    Ok((!chosen.is_empty()).then(|| chosen.join(" ")))
}
