//! What a person was shown, sealed into the form that they send: a client that changes its
//! registration while they read is allowed what they read, not what it has become.

use subtle::ConstantTimeEq;

use super::super::Context;
use super::parameters::Parameters;
use super::request::AuthorizationRequest;
use crate::model::{HashKey, Session};

/// The seal on a question, for the session that is asked.
#[must_use]
pub fn seal(
    ctx: &Context,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    session: &Session,
) -> String {
    made(ctx.hash_keys.current(), request, parameters, session)
}

/// Whether the request still is what this seal was put on.
#[must_use]
pub fn is_sealed(
    ctx: &Context,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    session: &Session,
    text: &str,
) -> bool {
    ctx.hash_keys.iter().any(|key| {
        let expected = made(key, request, parameters, session);
        expected.as_bytes().ct_eq(text.as_bytes()).into()
    })
}

fn made(
    key: &HashKey,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    session: &Session,
) -> String {
    // A request that leaves scope, redirect URI or sub_type out means what the client registered.
    let shown = (
        session.token.to_string(),
        parameters.to_query(),
        request.client.client_id.as_str(),
        &request.client.metadata,
        &request.destination.redirect_uri,
        request.scopes.to_string(),
        request.sub_type.name(),
    );
    let shown = serde_json::to_string(&shown).unwrap_or_default();
    hex::encode(key.derive(&format!("tokenward consent {shown}")).as_slice())
}
