//! Whom a stream is about (SSF 1.0 8.1.3).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::body::OneSubject;
use super::empty;
use crate::domain::streams::subjects::{self, Change};
use crate::http::ApiError;
use crate::http::extract::{Managing, ReceivingJson};
use crate::http::openapi::{ErrorBody, MalformedBody, SubjectBody};
use crate::http::state::ApiState;

/// Adds a subject to a stream (SSF 1.0 8.1.3.2). Of somebody whom nobody here knows, the answer is the
/// same. Needs `ssf.manage`, or a service key with `events:receive`.
#[utoipa::path(
    post, path = "/v1/ssf/subjects/add", operation_id = "add_subject", tag = "streams",
    security(("event_receiver" = [])),
    request_body = SubjectBody,
    responses(
        (status = 200, description = "The receiver hears of it, as far as it may."),
        (status = 400, description = "The request is not valid.", body = MalformedBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope, or there are too many subjects.",
            body = ErrorBody),
        (status = 404, description = "No such stream, or no such kind of subject.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not JSON, or compressed.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn add(
    request: ReceivingJson<Managing, OneSubject>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    change(request, Change::Add, &state).await?;
    Ok(empty(StatusCode::OK))
}

/// Removes a subject from a stream (SSF 1.0 8.1.3.3). Of somebody whom nobody here knows, the answer is
/// the same. Needs `ssf.manage`, or a service key with `events:receive`.
#[utoipa::path(
    post, path = "/v1/ssf/subjects/remove", operation_id = "remove_subject", tag = "streams",
    security(("event_receiver" = [])),
    request_body = SubjectBody,
    responses(
        (status = 204, description = "The receiver hears of it no more."),
        (status = 400, description = "The request is not valid.", body = MalformedBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope, or there are too many subjects.",
            body = ErrorBody),
        (status = 404, description = "No such stream, or no such kind of subject.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not JSON, or compressed.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn remove(
    request: ReceivingJson<Managing, OneSubject>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    change(request, Change::Remove, &state).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

async fn change(
    request: ReceivingJson<Managing, OneSubject>,
    change: Change,
    state: &ApiState,
) -> Result<(), ApiError> {
    let OneSubject { stream, subject } = request.body;
    let asked = (change, &subject);
    let changing = subjects::change(&state.ctx, &request.who, stream, asked);
    Ok(state.timely(changing).await??)
}
