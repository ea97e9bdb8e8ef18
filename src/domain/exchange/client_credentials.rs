//! A token for the client itself (RFC 6749 4.4).

use super::super::Context;
use super::mint::{Bearer, Minted, Reach};
use super::{ExchangeError, TokenSet};
use crate::model::scope_catalog::{EMAIL, OFFLINE_ACCESS, OPENID, PROFILE};
use crate::model::{GrantType, RegisteredClient, ScopeSet};

/// What a client asks for itself.
#[derive(Debug)]
pub struct ClientCredentialsRequest {
    /// What the token shall do; `None` is all that the client may.
    pub scopes: Option<ScopeSet>,
    /// For which resources (RFC 8707 2.2).
    pub resources: Vec<String>,
}

/// Issues an access token to the client itself. There is no refresh token: the client can always
/// come back (RFC 6749 4.4.3).
///
/// # Errors
/// See [`ExchangeError`].
pub async fn issue_to_client(
    ctx: &Context,
    client: &RegisteredClient,
    request: ClientCredentialsRequest,
) -> Result<TokenSet, ExchangeError> {
    // RFC 6749 4.4: only confidential clients.
    let may = client.metadata.may_use(GrantType::ClientCredentials);
    if !may || client.metadata.is_public() {
        return Err(ExchangeError::UnauthorizedClient);
    }
    let now = ctx.clock.now();
    let allowed = without_people(&client.metadata.scope);
    let scopes = match request.scopes {
        Some(asked) if !asked.is_subset(&allowed) => {
            return Err(ExchangeError::InvalidScope(
                "the client may not have one of these scopes for itself",
            ));
        }
        Some(asked) => asked,
        None => allowed,
    };
    let bearer = Bearer {
        client: client.id,
        user: None,
        organization: None,
        grant: None,
        parent: None,
    };
    let reach = Reach {
        scopes,
        audience: (!request.resources.is_empty()).then(|| request.resources.join(" ")),
    };
    let minted = Minted::access(ctx, bearer, reach, None, now);
    let mut tx = ctx.db.begin().await?;
    minted.write(&mut tx).await?;
    tx.commit().await?;
    Ok(minted.into_set(None))
}

/// Scopes about the person who signed in mean nothing where nobody did.
fn without_people(scopes: &ScopeSet) -> ScopeSet {
    let personal = [OPENID, PROFILE, EMAIL, OFFLINE_ACCESS].join(" ");
    scopes.difference(&ScopeSet::from_stored(&personal))
}
