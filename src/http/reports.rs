//! Where origins report leaks.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::Data;
use tokio::time::{Instant, timeout_at};

use super::api_error::ApiError;
use super::extract::SignedDelivery;
use super::openapi::{Done, Refusals, ReportItem};
use super::state::ApiState;
use crate::domain::exposures::{self, Handled};
use crate::model::{Delivery, Verdict};
use crate::origins::feedback;
use crate::telemetry::DeliveryOutcome;

/// GitHub reports strings that look like our tokens. Answered means done: every token of ours among
/// them is dead with its family, and its owner's letter is on its way.
#[utoipa::path(
    post,
    path = "/v1/integrations/github/secret-scanning",
    tag = "reports",
    params(
        ("Github-Public-Key-Identifier" = String, Header, description = "Which key signed."),
        ("Github-Public-Key-Signature" = String, Header,
            description = "ECDSA P-256 over SHA-256 of the raw body: DER in base64."),
    ),
    request_body(content = Vec<ReportItem>),
    responses(
        Done,
        Refusals,
    )
)]
pub(super) async fn github(
    signed: SignedDelivery,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    deliver(signed, &state).await
}

/// GitLab.com reports strings that look like our tokens, by its partner API. Answered means done,
/// as for GitHub.
#[utoipa::path(
    post,
    path = "/v1/integrations/gitlab/secret-scanning",
    tag = "reports",
    params(
        ("Gitlab-Public-Key-Identifier" = String, Header, description = "Which key signed."),
        ("Gitlab-Public-Key-Signature" = String, Header,
            description = "ECDSA P-256 over SHA-256 of the raw body: DER in base64."),
    ),
    request_body(content = Vec<ReportItem>),
    responses(
        Done,
        Refusals,
    )
)]
pub(super) async fn gitlab(
    signed: SignedDelivery,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    deliver(signed, &state).await
}

/// Google's deps.dev reports strings in published packages that look like our tokens. Answered
/// means done, as for GitHub. The headers may be called `GOSST-PUBLIC-KEY-…` as well.
#[utoipa::path(
    post,
    path = "/v1/integrations/depsdev/secret-scanning",
    tag = "reports",
    params(
        ("DepsDev-Public-Key-Identifier" = String, Header, description = "Which key signed."),
        ("DepsDev-Public-Key-Signature" = String, Header,
            description = "ECDSA P-256 over SHA-256 of the raw body: DER in base64."),
    ),
    request_body(content = Vec<ReportItem>),
    responses(
        Done,
        Refusals,
    )
)]
pub(super) async fn depsdev(
    signed: SignedDelivery,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    deliver(signed, &state).await
}

/// A scanner of one's own reports strings that look like our tokens. Answered means done, as for
/// GitHub. Which headers carry key and signature, and how the members of a report are called, is
/// configured for each (`origins.in_house`).
#[utoipa::path(
    post,
    path = "/v1/integrations/{origin}/secret-scanning",
    tag = "reports",
    params(("origin" = String, Path, description = "How the scanner is called.")),
    request_body(content = Vec<ReportItem>),
    responses(
        Done,
        Refusals,
    )
)]
pub(super) async fn in_house(
    signed: SignedDelivery,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    deliver(signed, &state).await
}

async fn deliver(signed: SignedDelivery, state: &ApiState) -> Result<HttpResponse, ApiError> {
    let SignedDelivery {
        delivery,
        received,
        feedback: wanted,
        deadline,
    } = signed;
    let handled = handle(state, &delivery, deadline).await?;
    let Some(field) = wanted else {
        return Ok(HttpResponse::NoContent()
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish());
    };
    let body = feedback(&received, &handled.verdicts, field).map_err(|error| {
        tracing::error!(error = %error, "a delivery was handled and cannot be answered");
        ApiError::unavailable("the answer could not be written", 1)
    })?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::json())
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body))
}

pub(super) async fn handle(
    state: &ApiState,
    delivery: &Delivery,
    deadline: Instant,
) -> Result<Handled, ApiError> {
    let outcome = timeout_at(deadline, exposures::handle(&state.ctx, delivery)).await;
    let handled = match outcome {
        Ok(Ok(handled)) => handled,
        Ok(Err(error)) => {
            let error = ApiError::from(error);
            let failed = error.status().as_u16() == 500;
            let outcome = if failed {
                DeliveryOutcome::Failed
            } else {
                DeliveryOutcome::Unavailable
            };
            state.metrics.delivery(&delivery.origin, outcome);
            return Err(error);
        }
        Err(_) => {
            state
                .metrics
                .delivery(&delivery.origin, DeliveryOutcome::Unavailable);
            tracing::error!(delivery.id = %delivery.id, "a delivery took too long");
            return Err(ApiError::unavailable("the delivery took too long", 5));
        }
    };
    count(state, delivery, &handled);
    Ok(handled)
}

fn count(state: &ApiState, delivery: &Delivery, handled: &Handled) {
    let origin = &delivery.origin;
    let took = state.ctx.clock.now().since(delivery.received_at);
    let genuine = handled
        .verdicts
        .iter()
        .filter(|v| **v == Verdict::TruePositive)
        .count();
    let outcome = if handled.repeated {
        DeliveryOutcome::Repeated
    } else {
        DeliveryOutcome::Handled
    };
    let metrics = &state.metrics;
    metrics.delivery(origin, outcome);
    metrics.delivery_to_commit(origin, took);
    metrics.reports(origin, Verdict::TruePositive, number(genuine));
    metrics.reports(
        origin,
        Verdict::FalsePositive,
        number(handled.verdicts.len() - genuine),
    );
    for (kind, reason) in &handled.revoked {
        metrics.revocations(*kind, *reason, 1);
    }
    tracing::info!(
        delivery.id = %delivery.id,
        delivery.origin = %origin,
        delivery.key = %delivery.key_id,
        delivery.reports = handled.verdicts.len(),
        delivery.true_positives = genuine,
        delivery.revoked = handled.revoked.len(),
        delivery.exposures = handled.new_exposures,
        delivery.letters = handled.letters,
        delivery.repeated = handled.repeated,
        delivery.milliseconds = took.as_millis(),
        "delivery handled",
    );
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
