//! ID tokens (OpenID Connect Core 2): who signed in, when, and for which client.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::Context;
use super::super::signing_keys::{self, SigningError};
use crate::model::scope_catalog::{EMAIL, OPENID};
use crate::model::{Grant, PlainToken, RegisteredClient, Timestamp, User};

/// What an ID token is about.
pub(super) struct Subject<'a> {
    pub(super) client: &'a RegisteredClient,
    pub(super) user: &'a User,
    /// Whether they ever proved to read the mail that goes to their address.
    pub(super) email_verified: bool,
    pub(super) grant: &'a Grant,
    /// A refreshed ID token carries no nonce (OpenID Connect Core 12.2).
    pub(super) nonce: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// The ID token for what was granted; none without the scope `openid`.
pub(super) async fn signed(
    ctx: &Context,
    subject: &Subject<'_>,
    access_token: &PlainToken,
    now: Timestamp,
) -> Result<Option<String>, SigningError> {
    let scopes = &subject.grant.scopes;
    if !scopes.contains(OPENID) {
        return Ok(None);
    }
    let email = scopes.contains(EMAIL).then_some(subject.user);
    let request = &subject.grant.request;
    let claims = Claims {
        iss: &ctx.issuer,
        sub: subject.user.id.to_string(),
        aud: subject.client.client_id.as_str(),
        exp: now.plus(ctx.policy.oauth.id_token_lifetime).as_seconds(),
        iat: now.as_seconds(),
        auth_time: request.auth_time.map(Timestamp::as_seconds),
        nonce: subject.nonce,
        at_hash: at_hash(access_token.reveal()),
        sid: request.sid,
        email: email.map(|user| user.email.as_str()),
        email_verified: email.map(|_| subject.email_verified),
    };
    let algorithm = subject.client.metadata.id_token_signed_response_alg;
    signing_keys::sign(ctx, algorithm, "JWT", &claims)
        .await
        .map(Some)
}

/// The left half of the access token's SHA-256 (OpenID Connect Core 3.1.3.6); both algorithms that
/// we sign with use SHA-256.
fn at_hash(access_token: &str) -> String {
    let digest = Sha256::digest(access_token.as_bytes());
    let half = digest.first_chunk::<16>().copied().unwrap_or_default();
    URL_SAFE_NO_PAD.encode(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_hash_matches_the_published_vector() {
        let token = "polar_at_u_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
        assert_eq!(at_hash(token), "eatIUeyq1nBuJUIMExEI0A");
    }
}
