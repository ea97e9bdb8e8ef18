//! Signing in again because a request demands it (`prompt=login`, `max_age`): the way back carries
//! a mark that says since when, made so that nobody else can make one.

use std::time::Duration;

use subtle::ConstantTimeEq;

use super::super::Context;
use super::parameters::Parameters;
use crate::model::{HashKey, Session, Timestamp};

/// The parameter that carries the mark. It is ours alone: clients have no use for it.
pub const MARK: &str = "signed_in_since";

/// How long somebody may take to sign in.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The mark for a request that demands that somebody signs in from now on.
#[must_use]
pub fn mark(ctx: &Context, parameters: &Parameters) -> String {
    let now = ctx.clock.now();
    made(ctx.hash_keys.current(), parameters, now)
}

/// Whether the session began because this request demanded it.
pub(super) fn is_done(ctx: &Context, parameters: &Parameters, session: &Session) -> bool {
    let Some(text) = parameters.find(MARK) else {
        return false;
    };
    let since = text.split('.').next().and_then(|since| since.parse().ok());
    let Some(since) = since.map(Timestamp::from_millis) else {
        return false;
    };
    let genuine = ctx.hash_keys.iter().any(|key| {
        let expected = made(key, parameters, since);
        expected.as_bytes().ct_eq(text.as_bytes()).into()
    });
    let recent = ctx.clock.now().since(since) <= PATIENCE;
    genuine && recent && session.auth_time >= since
}

fn made(key: &HashKey, parameters: &Parameters, since: Timestamp) -> String {
    // For this request alone: the mark of another one would get around signing in again for it.
    let request = parameters.without(MARK).to_query();
    let since = since.as_millis();
    let proof = key.derive(&format!("tokenward sign in again {since} {request}"));
    format!("{since}.{}", hex::encode(proof.as_slice()))
}
