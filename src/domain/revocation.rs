//! Tokens that a client gives back (RFC 7009).

use super::attempts::until_settled;
use super::{Context, families};
use crate::model::{PlainToken, RegisteredClient, Revocation, RevocationReason, Token, TokenKind};
use crate::storage::{StorageError, spent_tokens, tokens};

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevocationRefusal {
    /// It was issued to another client (RFC 7009 2.1).
    #[error("the token was not issued to this client")]
    Foreign,
    /// Credentials of the client itself are not given back here.
    #[error("tokens of this kind are not revoked here")]
    UnsupportedKind,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Revokes a token that was issued to this client. With a refresh token or code its whole family
/// dies (RFC 7009 2.1); an access token dies alone, because the client may want another one. A
/// string that is no token is as good as revoked.
///
/// # Errors
/// See [`RevocationRefusal`].
pub async fn give_back(
    ctx: &Context,
    client: &RegisteredClient,
    text: &PlainToken,
) -> Result<(), RevocationRefusal> {
    let Some(candidate) = ctx.detector.whole(text.reveal()) else {
        return Ok(());
    };
    let digests: Vec<_> = ctx
        .hash_keys
        .candidates(candidate.text.as_bytes())
        .collect();
    let issued = spent_tokens::find_issued(&ctx.db, &digests).await?;
    let Some(known) = issued.into_iter().next().map(|issued| issued.found.known) else {
        return Ok(());
    };
    if known
        .client
        .is_none_or(|issued_to| issued_to.id != client.id)
    {
        return Err(RevocationRefusal::Foreign);
    }
    let revocation = Revocation {
        at: ctx.clock.now(),
        reason: RevocationReason::Client,
    };
    until_settled(async || revoke(ctx, &known.token, revocation).await).await
}

async fn revoke(
    ctx: &Context,
    token: &Token,
    revocation: Revocation,
) -> Result<(), RevocationRefusal> {
    let mut tx = ctx.db.begin().await?;
    match (token.kind, token.grant) {
        (TokenKind::RefreshToken | TokenKind::AuthorizationCode, Some(grant)) => {
            families::end(&mut tx, &[grant], revocation).await?;
        }
        (TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode, _) => {
            tokens::revoke(&mut tx, token.id, revocation).await?;
        }
        _ => return Err(RevocationRefusal::UnsupportedKind),
    }
    tx.commit().await?;
    Ok(())
}
