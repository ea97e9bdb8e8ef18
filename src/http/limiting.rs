//! Limits, as callers meet them: `429` with `Retry-After`, and how one stands in the headers
//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use std::time::Duration;

use super::ApiError;
use super::extract::limited_address;
use super::state::ApiState;
use crate::domain::limits::{Standing, Subject};
use crate::model::Limit;

/// What is allowed (section 3 of the draft).
pub(super) const POLICY: &str = "ratelimit-policy";
/// What is left of it (section 4).
pub(super) const STANDING: &str = "ratelimit";

/// Counts a request as one of its network address.
///
/// # Errors
/// 429 when there were too many.
pub(super) fn count(request: &HttpRequest, state: &ApiState, limit: Limit) -> Result<(), ApiError> {
    let address = limited_address(request, state);
    count_for(request, state, limit, Subject::Address(address))
}

/// Counts a request as one of whoever it is.
///
/// # Errors
/// 429 when there were too many.
pub(super) fn count_for(
    request: &HttpRequest,
    state: &ApiState,
    limit: Limit,
    who: Subject,
) -> Result<(), ApiError> {
    let now = state.ctx.clock.now();
    let Some(standing) = state.ctx.limits.count(limit, who, now) else {
        return Ok(());
    };
    request.extensions_mut().insert(standing);
    match standing.wait {
        Some(wait) => Err(ApiError::too_often(wait)),
        None => Ok(()),
    }
}

/// Counts that a request of its network address failed like this, and says so; when there were too
/// many of those, says that instead. Whoever does not fail never comes here.
pub(super) fn failed<E: From<ApiError>>(
    request: &HttpRequest,
    state: &ApiState,
    limit: Limit,
    error: E,
) -> E {
    match count(request, state, limit) {
        Ok(()) => error,
        Err(too_often) => too_often.into(),
    }
}

/// Writes down how somebody stands whom a limit refused that is counted in the database.
pub(super) fn refused(request: &HttpRequest, state: &ApiState, limit: Limit, wait: Duration) {
    let allowance = state.ctx.policy.limits.of(limit);
    let standing = Standing::refused(limit, allowance, wait);
    request.extensions_mut().insert(standing);
}

/// Says in the headers of an answer how its caller stands, if a limit was asked.
pub(super) fn mark(response: &mut ServiceResponse<impl MessageBody>) {
    let standing = response.request().extensions().get::<Standing>().copied();
    let Some(standing) = standing else {
        return;
    };
    let name = standing.limit;
    let (quota, window) = (standing.allowance.most, standing.allowance.within.as_secs());
    let policy = format!("\"{name}\";q={quota};w={window}");
    let (left, reset) = (standing.remaining, seconds(standing.whole_in));
    let left = format!("\"{name}\";r={left};t={reset}");
    for (header, value) in [(POLICY, policy), (STANDING, left)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            let headers = response.headers_mut();
            headers.insert(HeaderName::from_static(header), value);
        }
    }
}

/// Whole seconds after which that time has certainly passed.
pub(super) fn seconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
}
