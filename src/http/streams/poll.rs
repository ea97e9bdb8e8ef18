//! Fetching what waits (RFC 8936).

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::body::{Poll, stream_id};
use super::{PollAnswer, private};
use crate::domain::streams::polling::{self, MOST, PollError};
use crate::http::ApiError;
use crate::http::extract::{Reading, ReceivingJson};
use crate::http::openapi::{ErrorBody, MalformedBody, PollBody};
use crate::http::state::ApiState;

/// So many receivers may wait for something to come; others are answered at once.
const WAITING_AT_ONCE: usize = 256;
/// How often whoever waits looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Receivers that wait.
#[derive(Clone, Debug)]
pub struct Polls {
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Polls {
    /// Nobody waits, and nobody will when `stop` says so. Those who wait hold a quarter of all connections at
    /// most.
    #[must_use]
    pub fn until(stop: CancellationToken, connections: NonZeroUsize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(WAITING_AT_ONCE.min(connections.get() / 4))),
            stop,
        }
    }
}

impl From<PollError> for ApiError {
    fn from(error: PollError) -> Self {
        match error {
            PollError::Stream(error) => error.into(),
            PollError::Signing(error) => error.into(),
        }
    }
}

/// Hands out what waits in a stream, and hears what was taken or refused of what was handed out before
/// (RFC 8936 2). What is not acknowledged is handed out again, and so is what is sent back with
/// `invalid_key`, `invalid_issuer`, `invalid_audience`, `authentication_failed` or `access_denied`;
/// any other code refuses it for good. Unless `returnImmediately` is set, whoever finds nothing waits a
/// little for something to come. Needs `ssf.read` or `ssf.manage`, or a service key with
/// `events:receive`.
#[utoipa::path(
    post, path = "/v1/ssf/poll/{stream_id}", operation_id = "poll_stream", tag = "streams",
    security(("event_receiver" = [])),
    params(("stream_id" = String, Path, description = "Which.")),
    request_body = PollBody,
    responses(
        (status = 200, description = "What waits.", body = PollAnswer),
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
pub(in crate::http) async fn poll(
    request: ReceivingJson<Reading, Poll>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let ctx = &state.ctx;
    let Poll(asked) = request.body;
    let opening = polling::open(ctx, &request.who, stream_id(&path));
    let stream = state.timely(opening).await??;
    let heard = state
        .timely(polling::hear(ctx, stream.id, &asked))
        .await??;
    state.metrics.events_heard("fetched", heard.taken);
    state.metrics.events_heard("refused", heard.refused);
    state.metrics.events_heard("retried", heard.sent_back);
    let most = asked.max_events.unwrap_or(MOST);
    let place = state.polls.places.try_acquire();
    let waits = !asked.return_immediately && most > 0 && place.is_ok();
    let end = Instant::now() + ctx.policy.shared_signals.poll_wait;
    loop {
        let goes_on = waits && Instant::now() < end && !state.polls.stop.is_cancelled();
        let fetching = polling::fetch(ctx, &stream, most, goes_on);
        if let Some(polled) = state.timely(fetching).await?? {
            return Ok(private(StatusCode::OK, &PollAnswer::from(polled)));
        }
        let stop = &state.polls.stop;
        stop.run_until_cancelled(sleep(LOOK_AGAIN)).await;
    }
}
