//! A delivery whose signature was proven. Whoever takes one as an argument knows who sent it.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use crate::http::ApiError;
use crate::http::state::{ApiState, Intake};
use crate::model::{Delivery, Id, Report};
use crate::origins::{Envelope, KeyError, OriginKey, ReceivedReport, parse_reports, verify};
use crate::telemetry::DeliveryOutcome;

/// A delivery from GitHub: size, headers, key and signature were checked, in this order, over the
/// bytes as received, and only then was the body read.
#[derive(Debug)]
pub struct SignedDelivery {
    /// What the domain handles.
    pub delivery: Delivery,
    /// The items as received, for the answer.
    pub received: Vec<ReceivedReport>,
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
            let intake = state.github.as_ref().ok_or_else(ApiError::not_found)?;
            let delivery = receive(state, intake, &request, payload).await;
            if let Err(refusal) = &delivery {
                let origin = &intake.keys.spec().origin;
                state.metrics.delivery(origin, outcome(refusal));
            }
            delivery
        })
    }
}

async fn receive(
    state: &ApiState,
    intake: &Intake,
    request: &HttpRequest,
    payload: Payload,
) -> Result<SignedDelivery, ApiError> {
    let received_at = state.ctx.clock.now();
    let spec = intake.keys.spec();
    announced_size(request, intake.max_body_bytes)?;
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
    let body = tokio::time::timeout(state.request_timeout, body(payload, intake.max_body_bytes))
        .await
        .map_err(|_| ApiError::too_slow())??;
    verify(key.verifying_key(), &envelope.signature, &body)
        .map_err(|forged| ApiError::forbidden("invalid_signature", forged))?;
    count_former_key(state, intake, &key);
    let received = parse_reports(spec, &body).map_err(ApiError::malformed)?;
    let delivery = Delivery {
        id: Id::new(received_at),
        origin: spec.origin.clone(),
        key_id: key.id.as_str().to_owned(),
        body_digest: Sha256::digest(&body).into(),
        received_at,
        reports: received.iter().map(Report::from).collect(),
    };
    Ok(SignedDelivery { delivery, received })
}

/// Refuses an announced size before anything is read or asked.
fn announced_size(request: &HttpRequest, limit: usize) -> Result<(), ApiError> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    match announced.and_then(|text| text.parse::<usize>().ok()) {
        Some(length) if length > limit => Err(ApiError::too_large(limit)),
        _ => Ok(()),
    }
}

async fn body(mut payload: Payload, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::malformed("the body broke off"))?;
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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

fn outcome(refusal: &ApiError) -> DeliveryOutcome {
    match refusal.status().as_u16() {
        403 => DeliveryOutcome::Refused,
        413 => DeliveryOutcome::TooLarge,
        503 => DeliveryOutcome::Unavailable,
        500 => DeliveryOutcome::Failed,
        _ => DeliveryOutcome::Malformed,
    }
}
