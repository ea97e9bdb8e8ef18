//! Whether a stream sends (SSF 1.0 8.1.2), and whether what it sends arrives (8.1.4).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::body::{NewStatus, WantedId, WantedVerification};
use super::{StatusAnswer, empty, private};
use crate::domain::streams;
use crate::http::ApiError;
use crate::http::extract::{Managing, Reading, Receiving, ReceivingJson};
use crate::http::openapi::{ErrorBody, MalformedBody, NewStatusBody, VerificationBody};
use crate::http::state::ApiState;

/// Shows whether a stream sends (SSF 1.0 8.1.2.1). Needs `ssf.read` or `ssf.manage`, or a service key
/// with `events:receive`.
#[utoipa::path(
    get, path = "/v1/ssf/status", operation_id = "read_stream_status", tag = "streams",
    security(("event_receiver" = [])),
    params(("stream_id" = String, Query, description = "Which.")),
    responses(
        (status = 200, description = "The status.", body = StatusAnswer),
        (status = 400, description = "The request is not valid.", body = ErrorBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope.", body = ErrorBody),
        (status = 404, description = "The receiver has no such stream.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn read(
    receiving: Receiving<Reading>,
    wanted: WantedId,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let finding = streams::find(&state.ctx, &receiving.who, wanted.required()?);
    let found = state.timely(finding).await??;
    Ok(private(StatusCode::OK, &StatusAnswer::from(found)))
}

/// Enables, pauses or disables a stream (SSF 1.0 8.1.2.2). While it is paused, events are kept, up to a
/// number and an age; while it is disabled, they are not. Needs `ssf.manage`, or a service key with
/// `events:receive`.
#[utoipa::path(
    post, path = "/v1/ssf/status", operation_id = "update_stream_status", tag = "streams",
    security(("event_receiver" = [])),
    request_body = NewStatusBody,
    responses(
        (status = 200, description = "The status, as it is now.", body = StatusAnswer),
        (status = 400, description = "The request is not valid.", body = MalformedBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope, or an operator stopped it.",
            body = ErrorBody),
        (status = 404, description = "The receiver has no such stream.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not JSON, or compressed.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn update(
    request: ReceivingJson<Managing, NewStatus>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let NewStatus {
        stream,
        status,
        reason,
    } = request.body;
    let reason = reason.as_deref();
    let setting = streams::set_status(&state.ctx, &request.who, stream, status, reason);
    let changed = state.timely(setting).await??;
    Ok(private(StatusCode::OK, &StatusAnswer::from(changed)))
}

/// Sends a verification event in a stream, by which the receiver sees that events arrive (SSF 1.0
/// 8.1.4.2). Needs `ssf.manage`, or a service key with `events:receive`.
#[utoipa::path(
    post, path = "/v1/ssf/verify", operation_id = "verify_stream", tag = "streams",
    security(("event_receiver" = [])),
    request_body = VerificationBody,
    responses(
        (status = 204, description = "It waits, or was sent."),
        (status = 400, description = "The request is not valid.", body = MalformedBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope.", body = ErrorBody),
        (status = 404, description = "The receiver has no such stream.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not JSON, or compressed.", body = ErrorBody),
        (status = 429, description = "Sooner than `min_verification_interval`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn verify(
    request: ReceivingJson<Managing, WantedVerification>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let WantedVerification {
        stream,
        state: given,
    } = request.body;
    let verifying = streams::verify(&state.ctx, &request.who, stream, given.as_deref());
    state.timely(verifying).await??;
    Ok(empty(StatusCode::NO_CONTENT))
}
