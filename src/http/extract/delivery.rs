//! A delivery whose signature was proven. Whoever takes one as an argument knows who sent it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::http::ApiError;
use crate::http::bodies::{Body, Incoming, is_plain};
use crate::http::limiting;
use crate::http::state::{ApiState, Intake};
use crate::model::{Delivery, Id, Limit, Origin, Report, Timestamp};
use crate::origins::{
    Envelope, KeyError, MalformedBody, OriginKey, OriginSpec, ReceivedReport, TokenField,
    parse_reports, verify,
};
use crate::telemetry::DeliveryOutcome;

/// A delivery from the origin that its address belongs to: size, headers, key and signature were checked, in this order, over the
/// bytes as received, and only then was the body read.
#[derive(Debug)]
pub struct SignedDelivery {
    /// What the domain handles.
    pub delivery: Delivery,
    /// The items as received, for the answer.
    pub received: Vec<ReceivedReport>,
    /// How the origin wants tokens named in the answer, if it reads one.
    pub feedback: Option<TokenField>,
    /// When the origin must be answered.
    pub deadline: Instant,
}

impl FromRequest for SignedDelivery {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let state = request
                .app_data::<Data<ApiState>>()
                .ok_or_else(ApiError::not_found)?;
            let intake = addressed(&request).and_then(|origin| state.intake(origin));
            let intake = intake.ok_or_else(ApiError::not_found)?;
            let delivery = receive(state, intake, &request, payload).await;
            counted(state, &intake.keys.spec().origin, delivery)
        })
    }
}

/// The origin that an address belongs to: `/v1/integrations/NAME/secret-scanning`.
fn addressed(request: &HttpRequest) -> Option<&str> {
    request.path().split('/').nth(3)
}

async fn receive(
    state: &ApiState,
    intake: &Intake,
    request: &HttpRequest,
    payload: Payload,
) -> Result<SignedDelivery, ApiError> {
    let received_at = state.ctx.clock.now();
    let deadline = Instant::now() + state.request_timeout;
    let spec = intake.keys.spec();
    let body = Incoming::new(request, state, payload, intake.bodies.limit, deadline);
    let proven = match body {
        Ok(body) => prove(state, intake, request, body, received_at).await,
        Err(refused) => Err(refused.into()),
    };
    // Only here: whoever signs is never held up.
    let Proven { key, digest, body } =
        proven.map_err(|refusal| unproven(request, state, refusal))?;
    let reports = body.map_err(|why| match is_plain(request) {
        true => ApiError::malformed(why),
        false => ApiError::unsupported_encoding(),
    })?;
    count_former_key(state, intake, &key);
    let delivery = Delivery {
        id: Id::new(received_at),
        origin: spec.origin.clone(),
        key_id: key.id.as_str().to_owned(),
        body_digest: Some(digest),
        received_at,
        reports: reports.iter().map(Report::from).collect(),
    };
    Ok(SignedDelivery {
        delivery,
        received: reports,
        feedback: intake.feedback,
        deadline,
    })
}

/// A refusal of what is not proven counts as one of its network address, unless it is we who cannot
/// tell.
fn unproven(request: &HttpRequest, state: &ApiState, refusal: ApiError) -> ApiError {
    match refusal.status().is_server_error() {
        true => refusal,
        false => limiting::failed(request, state, Limit::UnverifiedDeliveries, refusal),
    }
}

async fn prove(
    state: &ApiState,
    intake: &Intake,
    request: &HttpRequest,
    body: Incoming,
    received_at: Timestamp,
) -> Result<Proven, ApiError> {
    let spec = intake.keys.spec();
    let headers = request.headers().iter();
    let envelope = Envelope::read(
        spec,
        headers.map(|(name, value)| (name.as_str(), value.as_bytes())),
    )
    .map_err(ApiError::malformed)?;
    let key = intake
        .keys
        .key(&envelope.key_id, received_at)
        .await
        .map_err(no_key)?;
    let body = body.of_origin(&state.room, &intake.bodies).await?;
    Proven::new(spec, key, envelope, body).await
}

/// From this size on, proving and reading a body is work for a thread of its own: connections of
/// other requests wait on this one.
pub(super) const HEAVY: usize = 64 * 1_024;

/// A body whose signature was proven.
struct Proven {
    key: Arc<OriginKey>,
    digest: [u8; 32],
    body: Result<Vec<ReceivedReport>, MalformedBody>,
}

impl Proven {
    async fn new(
        spec: &Arc<OriginSpec>,
        key: Arc<OriginKey>,
        envelope: Envelope,
        body: Body,
    ) -> Result<Self, ApiError> {
        if body.len() < HEAVY {
            return Self::prove(spec, key, &envelope.signature, &body);
        }
        let spec = Arc::clone(spec);
        spawn_blocking(move || Self::prove(&spec, key, &envelope.signature, &body))
            .await
            .unwrap_or_else(|_| Err(ApiError::unavailable("the body could not be read", 1)))
    }

    fn prove(
        spec: &OriginSpec,
        key: Arc<OriginKey>,
        signature: &[u8],
        body: &[u8],
    ) -> Result<Self, ApiError> {
        verify(key.verifying_key(), signature, body)
            .map_err(|forged| ApiError::forbidden("invalid_signature", forged))?;
        Ok(Self {
            key,
            digest: Sha256::digest(body).into(),
            body: parse_reports(&spec.body, body),
        })
    }
}

fn no_key(error: KeyError) -> ApiError {
    match error {
        KeyError::Unknown | KeyError::NotCurrent => ApiError::forbidden("unknown_key", error),
        KeyError::Unreachable { retry_after } => {
            ApiError::unavailable(error, retry_after.as_secs().max(1))
        }
    }
}

fn count_former_key(state: &ApiState, intake: &Intake, key: &OriginKey) {
    if !key.is_current {
        state.metrics.noncurrent_key(&intake.keys.spec().origin);
        tracing::warn!(key.id = %key.id, "a delivery was signed with a former key");
    }
}

/// What came of a delivery on its way in. A refusal counts as its origin's.
pub(super) fn counted<T>(
    state: &ApiState,
    origin: &Origin,
    received: Result<T, ApiError>,
) -> Result<T, ApiError> {
    received.inspect_err(|refusal| state.metrics.delivery(origin, outcome(refusal)))
}

fn outcome(refusal: &ApiError) -> DeliveryOutcome {
    match refusal.status().as_u16() {
        401 | 403 | 429 => DeliveryOutcome::Refused,
        413 => DeliveryOutcome::TooLarge,
        503 => DeliveryOutcome::Unavailable,
        500 => DeliveryOutcome::Failed,
        _ => DeliveryOutcome::Malformed,
    }
}
