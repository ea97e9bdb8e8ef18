//! What a client may know about the person who signed in (OpenID Connect Core 5.3).

use std::net::IpAddr;

use serde_json::Value;

use super::{Context, bearers};
use crate::model::scope_catalog::{EMAIL, OPENID, PROFILE};
use crate::model::{Email, Id, PersonName, PlainToken, TokenKind, User};
use crate::storage::StorageError;
use crate::storage::tokens::GrantedToken;

/// What is told.
#[derive(Clone, Debug)]
pub struct UserInfo {
    /// Who.
    pub sub: Id<User>,
    /// What they are called.
    pub name: Option<PersonName>,
    /// Their address.
    pub email: Option<Email>,
    /// Whether they ever proved to read the mail that goes there.
    pub email_verified: Option<bool>,
}

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no access token that works.
    #[error("the access token is unknown, expired or revoked")]
    InvalidToken,
    /// It is one, but not for this.
    #[error("the access token lacks the scope {OPENID}, or acts for nobody")]
    InsufficientScope,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Tells whoever presents an access token about the person it acts for, as far as they allowed it.
///
/// # Errors
/// See [`Refusal`].
pub async fn tell(
    ctx: &Context,
    text: &PlainToken,
    address: Option<IpAddr>,
) -> Result<UserInfo, Refusal> {
    let found = bearers::find(ctx, text, address).await?;
    let token = found.ok_or(Refusal::InvalidToken)?;
    let known = &token.found.known;
    if known.token.kind != TokenKind::AccessToken {
        return Err(Refusal::InvalidToken);
    }
    if !known.token.scopes.contains(OPENID) {
        return Err(Refusal::InsufficientScope);
    }
    let user = known.user.as_ref().ok_or(Refusal::InsufficientScope)?;
    bearers::note(ctx, &token.found, text, address);
    let allowed = Allowed::of(&token);
    Ok(UserInfo {
        sub: user.id,
        name: token.user_name.clone().filter(|_| allowed.name),
        email: allowed.email.then(|| user.email.clone()),
        email_verified: allowed.email_verified.then_some(token.email_verified),
    })
}

/// What a token lets its bearer see.
struct Allowed {
    name: bool,
    email: bool,
    email_verified: bool,
}

impl Allowed {
    /// By scope (OpenID Connect Core 5.4), or asked for one by one (5.5): what was not to be had was
    /// taken out of the request before it was granted.
    fn of(token: &GrantedToken) -> Self {
        let scopes = &token.found.known.token.scopes;
        let claims = token
            .grant
            .as_ref()
            .and_then(|grant| grant.request.claims.as_ref());
        let claims: Option<Value> = claims.and_then(|text| serde_json::from_str(text).ok());
        let asked = |name: &str| {
            let wanted = claims.as_ref().and_then(|all| all.get("userinfo"));
            wanted.is_some_and(|wanted| wanted.get(name).is_some())
        };
        let by_email = scopes.contains(EMAIL);
        Self {
            name: scopes.contains(PROFILE) || asked("name"),
            email: by_email || asked("email"),
            email_verified: by_email || asked("email_verified"),
        }
    }
}
