//! A code for tokens (RFC 6749 4.1.3). A code works once; whoever brings it again, at any later
//! time, ends everything that was minted from it (RFC 6749 4.1.2, RFC 9700 2.1.1).

use std::net::IpAddr;

use super::super::attempts::until_settled;
use super::super::{Context, families};
use super::id_token::{self, Subject};
use super::mint::{Bearer, Minted, Reach};
use super::{ExchangeError, TokenSet, audience, find_issued};
use crate::model::{
    Grant, GrantType, PlainToken, RegisteredClient, Revocation, RevocationReason, Timestamp,
    TokenKind, TokenState, WayIn, pkce,
};
use crate::storage::StorageError;
use crate::storage::tokens::{self, GrantedToken};

/// What a client brings.
#[derive(Debug)]
pub struct CodeExchange {
    /// The code.
    pub code: PlainToken,
    /// The redirect URI of the authorization request, if it named one.
    pub redirect_uri: Option<String>,
    /// What the code challenge was made from (RFC 7636 4.5).
    pub code_verifier: Option<String>,
    /// For which of the granted resources (RFC 8707 2.2); none is all of them.
    pub resources: Vec<String>,
}

const NO_SUCH_CODE: ExchangeError =
    ExchangeError::InvalidGrant("the code is unknown, expired, used or not for this client");

/// Exchanges a code for tokens. Of any number of requests with the same code one succeeds.
///
/// # Errors
/// See [`ExchangeError`].
pub async fn redeem_code(
    ctx: &Context,
    client: &RegisteredClient,
    request: &CodeExchange,
    from: Option<IpAddr>,
) -> Result<TokenSet, ExchangeError> {
    if !client.metadata.may_use(GrantType::AuthorizationCode) {
        return Err(ExchangeError::UnauthorizedClient);
    }
    let now = ctx.clock.now();
    let (code, grant) = find(ctx, request).await?;
    let token = &code.found.known.token;
    ctx.leaked_uses
        .note(&code.found.known, WayIn::TokenEndpoint, from, now);
    // Somebody else has the code, or has it again: it is out of the client's hands.
    if grant.client != client.id || token.redeemed_at.is_some() {
        end_family(ctx, &grant, now).await?;
        return Err(NO_SUCH_CODE);
    }
    let user = match (&code.found.known.user, code.found.known.state(now)) {
        (Some(user), TokenState::Live) => user,
        _ => return Err(NO_SUCH_CODE),
    };
    check_redirect_uri(client, &grant, request)?;
    check_verifier(&grant, request)?;
    let audience = audience(&request.resources, &grant.request.resources)?;
    let minted = mint(ctx, client, &code, &grant, audience, now);
    let subject = Subject {
        client,
        user,
        email_verified: code.email_verified,
        grant: &grant,
        nonce: grant.request.nonce.as_deref(),
    };
    let id_token = id_token::signed(ctx, &subject, &minted.access_token, now).await?;
    if !until_settled(async || redeem(ctx, &code, &minted, now).await).await? {
        // Another request with this code was faster.
        end_family(ctx, &grant, now).await?;
        return Err(NO_SUCH_CODE);
    }
    tracing::info!(client.id = %client.id, grant.id = %grant.id, user.id = %user.id, "a code was exchanged");
    Ok(minted.into_set(id_token))
}

async fn find(
    ctx: &Context,
    request: &CodeExchange,
) -> Result<(GrantedToken, Grant), ExchangeError> {
    let text = ctx.detector.whole(request.code.reveal());
    let text = text.ok_or(NO_SUCH_CODE)?.text;
    let digests: Vec<_> = ctx.hash_keys.candidates(text.as_bytes()).collect();
    let found = find_issued(ctx, &digests).await?;
    let mut code = found
        .filter(|found| found.found.known.token.kind == TokenKind::AuthorizationCode)
        .ok_or(NO_SUCH_CODE)?;
    let grant = code.grant.take().ok_or(NO_SUCH_CODE)?;
    Ok((code, grant))
}

/// RFC 6749 4.1.3: the same URI as in the authorization request, if that named one.
fn check_redirect_uri(
    client: &RegisteredClient,
    grant: &Grant,
    request: &CodeExchange,
) -> Result<(), ExchangeError> {
    let fits = match (&grant.request.redirect_uri, &request.redirect_uri) {
        (Some(granted), Some(named)) => granted == named,
        (Some(_), None) => false,
        (None, None) => true,
        // The only one that is registered was used, and naming it changes nothing.
        (None, Some(named)) => {
            let registered = &client.metadata.redirect_uris;
            registered.len() == 1 && registered.iter().all(|uri| uri.as_str() == named)
        }
    };
    match fits {
        true => Ok(()),
        false => Err(ExchangeError::InvalidGrant(
            "redirect_uri is not that of the authorization request",
        )),
    }
}

fn check_verifier(grant: &Grant, request: &CodeExchange) -> Result<(), ExchangeError> {
    let (challenge, verifier) = (&grant.request.code_challenge, &request.code_verifier);
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(ExchangeError::InvalidGrant("code_verifier is missing")),
        // RFC 9700 4.8.2: a challenge that got lost on the way is an attack.
        (None, Some(_)) => Err(ExchangeError::InvalidGrant(
            "there was no code_challenge in the authorization request",
        )),
        (Some(challenge), Some(verifier)) => {
            if !pkce::is_well_formed(verifier) {
                return Err(ExchangeError::InvalidRequest(
                    "code_verifier is 43 to 128 unreserved characters",
                ));
            }
            match pkce::fits(verifier, challenge) {
                true => Ok(()),
                false => Err(ExchangeError::InvalidGrant(
                    "code_verifier does not fit the code_challenge",
                )),
            }
        }
    }
}

fn mint(
    ctx: &Context,
    client: &RegisteredClient,
    code: &GrantedToken,
    grant: &Grant,
    audience: Option<String>,
    now: Timestamp,
) -> Minted {
    let bearer = Bearer {
        client: client.id,
        user: Some(grant.user),
        organization: grant.organization,
        grant: Some(grant.id),
        parent: Some(code.found.known.token.id),
    };
    let reach = Reach {
        scopes: grant.scopes.clone(),
        audience,
    };
    let ends = grant.request.ends_at;
    let minted = Minted::access(ctx, bearer, reach, ends, now);
    match client.metadata.may_use(GrantType::RefreshToken) {
        true => minted.with_refresh(ctx, bearer, grant.scopes.clone(), ends, now),
        false => minted,
    }
}

/// The transaction: `false` when the code was used or revoked meanwhile.
async fn redeem(
    ctx: &Context,
    code: &GrantedToken,
    minted: &Minted,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let mut tx = ctx.db.begin().await?;
    if !tokens::redeem(&mut tx, code.found.known.token.id, now).await? {
        return Ok(false);
    }
    minted.write(&mut tx).await?;
    tx.commit().await?;
    Ok(true)
}

async fn end_family(ctx: &Context, grant: &Grant, now: Timestamp) -> Result<(), StorageError> {
    let revocation = Revocation {
        at: now,
        reason: RevocationReason::Replayed,
    };
    let end = async || {
        let mut tx = ctx.db.begin().await?;
        let revoked = families::end(&mut tx, &[grant.id], revocation).await?;
        tx.commit().await?;
        Ok::<_, StorageError>(revoked)
    };
    let revoked = until_settled(end).await?;
    tracing::warn!(
        client.id = %grant.client,
        grant.id = %grant.id,
        tokens = revoked.len(),
        "a code was brought again or by another client: its family is dead"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GrantRequest, Id, ScopeSet, User};

    fn grant(challenge: Option<&str>) -> Grant {
        let now = Timestamp::from_millis(0);
        Grant {
            id: Id::new(now),
            client: Id::new(now),
            user: Id::<User>::new(now),
            organization: None,
            scopes: ScopeSet::default(),
            created_at: now,
            request: GrantRequest {
                code_challenge: challenge.map(str::to_owned),
                ..GrantRequest::default()
            },
        }
    }

    #[test]
    fn a_verifier_is_wanted_exactly_when_there_was_a_challenge() {
        let request = |verifier: Option<&str>| CodeExchange {
            code: PlainToken::new(String::new()),
            redirect_uri: None,
            code_verifier: verifier.map(str::to_owned),
            resources: Vec::new(),
        };
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(check_verifier(&grant(None), &request(None)).is_ok());
        assert!(check_verifier(&grant(Some(challenge)), &request(Some(verifier))).is_ok());
        for (challenge, verifier) in [
            (None, Some(verifier)),
            (Some(challenge), None),
            (Some(challenge), Some("short")),
            (Some(challenge), Some(challenge)),
        ] {
            assert!(check_verifier(&grant(challenge), &request(verifier)).is_err());
        }
    }
}
