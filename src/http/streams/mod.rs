//! `/v1/ssf`: event streams, managed by their receivers (OpenID Shared Signals Framework 1.0).

mod body;
pub(in crate::http) mod poll;
pub(in crate::http) mod status;
pub(in crate::http) mod subjects;
mod view;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::Serialize;

use body::{ChangedStream, NewStatus, NewStream, OneSubject, Poll, WantedId, WantedVerification};
pub(super) use view::{PollAnswer, StatusAnswer, StreamAnswer, StreamsAnswer, TransmitterMetadata};

use super::ApiError;
use super::extract::{FromMembers, Managing, Members, Reading, Receiving, ReceivingJson};
use super::openapi::{
    ChangedStreamBody, ErrorBody, MalformedBody, NewStreamBody, ReplacedStreamBody,
};
use super::state::ApiState;
use crate::domain::streams::polling::PollRequest;
use crate::domain::streams::{self, Missing, StreamError};
use crate::model::EventStream;

/// For so long receivers may keep the metadata.
const KEEP: &str = "public, max-age=300";

/// What receivers say, as far as an object can be read as it: what a poll says, and whether it is a stream to
/// make, one to change, a status, a subject, a verification.
#[must_use]
pub fn bodies_of_receivers(members: &Members) -> (Option<PollRequest>, [bool; 5]) {
    let poll = Poll::read(members).ok().map(|Poll(request)| request);
    let others = [
        NewStream::read(members).is_ok(),
        ChangedStream::read(members).is_ok(),
        NewStatus::read(members).is_ok(),
        OneSubject::read(members).is_ok(),
        WantedVerification::read(members).is_ok(),
    ];
    (poll, others)
}

impl From<StreamError> for ApiError {
    fn from(error: StreamError) -> Self {
        let what = error.to_string();
        match error {
            StreamError::NotFound | StreamError::UnknownSubject => Self::no_such(what),
            StreamError::TooMany => Self::conflict("too_many_streams", what),
            StreamError::Invalid(_) => Self::malformed(what),
            StreamError::Forbidden(_) => Self::forbidden("not_permitted", what),
            StreamError::TooSoon(wait) => Self::too_often(wait),
            StreamError::Storage(error) => error.into(),
        }
    }
}

fn private(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

fn empty(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// What this server sends to machines, and where they ask for it (SSF 1.0 7.2). An issuer has no path here,
/// so there is one address.
#[utoipa::path(
    get,
    path = "/.well-known/ssf-configuration",
    tag = "streams",
    responses((status = 200, description = "The metadata.", body = TransmitterMetadata)),
)]
pub(super) async fn metadata(state: Data<ApiState>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEEP))
        .json(TransmitterMetadata::new(&state.ctx))
}

/// Makes a stream (SSF 1.0 8.1.1.1). Needs a service key with the scope `events:receive`, or an
/// organization's token or a client's own access token with `ssf.manage`. A receiver sees what it may: a
/// service key everything, an organization its tokens and members, a client what concerns itself.
#[utoipa::path(
    post, path = "/v1/ssf/streams", operation_id = "create_stream", tag = "streams",
    security(("event_receiver" = [])),
    request_body = NewStreamBody,
    responses(
        (status = 201, description = "It.", body = StreamAnswer),
        (status = 400, description = "The request is not valid.", body = MalformedBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 409, description = "The receiver has as many streams as it may have.",
            body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not JSON, or compressed.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn create(
    request: ReceivingJson<Managing, NewStream>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let creating = streams::create(&state.ctx, &request.who, request.body.0);
    let made = state.timely(creating).await??;
    Ok(private(
        StatusCode::CREATED,
        &StreamAnswer::new(&state.ctx, &made),
    ))
}

/// Shows a stream, or without `stream_id` all streams of the receiver (SSF 1.0 8.1.1.2). Needs
/// `ssf.read` or `ssf.manage`, or a service key with `events:receive`.
#[utoipa::path(
    get, path = "/v1/ssf/streams", operation_id = "read_streams", tag = "streams",
    security(("event_receiver" = [])),
    params(("stream_id" = Option<String>, Query, description = "Only this one.")),
    responses(
        (status = 200, description = "It, or a list of them.", body = StreamsAnswer),
        (status = 400, description = "A header cannot be read.", body = ErrorBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope.", body = ErrorBody),
        (status = 404, description = "The receiver has no such stream.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn read(
    receiving: Receiving<Reading>,
    wanted: WantedId,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let view = |stream: &EventStream| StreamAnswer::new(&state.ctx, stream);
    let Some(id) = wanted.0 else {
        let listing = streams::list(&state.ctx, &receiving.who);
        let all = state.timely(listing).await??;
        let all = StreamsAnswer::All(all.iter().map(view).collect());
        return Ok(private(StatusCode::OK, &all));
    };
    let finding = streams::find(&state.ctx, &receiving.who, id);
    let found = state.timely(finding).await??;
    Ok(private(
        StatusCode::OK,
        &StreamsAnswer::One(Box::new(view(&found))),
    ))
}

/// Changes what is named of a stream (SSF 1.0 8.1.1.3). Needs `ssf.manage`, or a service key with
/// `events:receive`.
#[utoipa::path(
    patch, path = "/v1/ssf/streams", operation_id = "update_stream", tag = "streams",
    security(("event_receiver" = [])),
    request_body = ChangedStreamBody,
    responses(
        (status = 200, description = "It, as it is now.", body = StreamAnswer),
        (status = 400, description = "The request is not valid.", body = MalformedBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope.", body = ErrorBody),
        (status = 404, description = "The receiver has no such stream.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not JSON, or compressed.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn update(
    request: ReceivingJson<Managing, ChangedStream>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    change(request, Missing::Stays, &state).await
}

/// Replaces everything that the receiver decides about a stream; what is not named is taken away
/// (SSF 1.0 8.1.1.4). Needs `ssf.manage`, or a service key with `events:receive`.
#[utoipa::path(
    put, path = "/v1/ssf/streams", operation_id = "replace_stream", tag = "streams",
    security(("event_receiver" = [])),
    request_body = ReplacedStreamBody,
    responses(
        (status = 200, description = "It, as it is now.", body = StreamAnswer),
        (status = 400, description = "The request is not valid.", body = MalformedBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope.", body = ErrorBody),
        (status = 404, description = "The receiver has no such stream.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not JSON, or compressed.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn replace(
    request: ReceivingJson<Managing, ChangedStream>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    change(request, Missing::Goes, &state).await
}

async fn change(
    request: ReceivingJson<Managing, ChangedStream>,
    missing: Missing,
    state: &ApiState,
) -> Result<HttpResponse, ApiError> {
    let ctx = &state.ctx;
    let (stream, wanted, supplied) = request.body.into_parts();
    let expected = |stream: &EventStream| {
        let answer = serde_json::to_value(StreamAnswer::new(ctx, stream));
        ChangedStream::fits(&supplied, &answer.unwrap_or_default())
    };
    let asked = (wanted, missing);
    let changing = streams::change(ctx, &request.who, stream, asked, expected);
    let changed = state.timely(changing).await??;
    Ok(private(StatusCode::OK, &StreamAnswer::new(ctx, &changed)))
}

/// Deletes a stream, with what waits in it (SSF 1.0 8.1.1.5). Needs `ssf.manage`, or a service key with
/// `events:receive`.
#[utoipa::path(
    delete, path = "/v1/ssf/streams", operation_id = "delete_stream", tag = "streams",
    security(("event_receiver" = [])),
    params(("stream_id" = String, Query, description = "Which.")),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 400, description = "The request is not valid.", body = ErrorBody),
        (status = 401, description = "No credential that works.", body = ErrorBody),
        (status = 403, description = "The credential lacks the scope.", body = ErrorBody),
        (status = 404, description = "The receiver has no such stream.", body = ErrorBody),
        (status = 429, description = "Too many requests of this receiver.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn delete(
    receiving: Receiving<Managing>,
    wanted: WantedId,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let deleting = streams::delete(&state.ctx, &receiving.who, wanted.required()?);
    state.timely(deleting).await??;
    Ok(empty(StatusCode::NO_CONTENT))
}
