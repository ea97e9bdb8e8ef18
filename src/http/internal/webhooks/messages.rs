//! What an endpoint is sent, and what signs it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::reading::ReplayRequest;
use super::refusals::{OfEndpoint, Refusals, WithBody};
use super::view::{ReplayAnswer, TestAnswer, Tries, TryAnswer, WebhookAnswer};
use super::{PAGE, private, refused};
use crate::domain::{DomainError, webhooks};
use crate::http::ApiError;
use crate::http::api_error::id_in_path;
use crate::http::extract::{ReadWebhooks, Subscribing, SubscribingJson, WriteWebhooks};
use crate::http::openapi::{ErrorBody, ReplayBody};
use crate::http::state::ApiState;

/// Gives an endpoint a new secret; the one before signs as well for a while. Needs a service key with the scope
/// `webhooks:manage`, or the organization's token with `webhooks:write`.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/secret", operation_id = "rotate_webhook_secret",
    tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    responses(
        (status = 200, description = "It, with its secret.", body = WebhookAnswer),
        Refusals,
        OfEndpoint,
    )
)]
pub(in crate::http) async fn rotate_secret(
    caller: Subscribing<WriteWebhooks>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let rotating = webhooks::rotate_secret(&state.ctx, caller.who, id_in_path(&path)?);
    let made = state.timely(rotating).await?.map_err(refused)?;
    let answer = WebhookAnswer::with_secret(made, state.ctx.clock.now());
    Ok(private(StatusCode::OK, &answer))
}

/// Lists the last tries at an endpoint. Needs a service key with the scope `webhooks:manage`, or the
/// organization's token with `webhooks:read` or `webhooks:write`.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", operation_id = "list_webhook_deliveries",
    tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    responses(
        (status = 200, description = "The latest first.", body = Tries),
        Refusals,
        OfEndpoint,
    )
)]
pub(in crate::http) async fn deliveries(
    caller: Subscribing<ReadWebhooks>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let listing = webhooks::deliveries(&state.ctx, caller.who, id_in_path(&path)?, PAGE);
    let all = state.timely(listing).await?.map_err(refused)?;
    let items = all.into_iter().map(TryAnswer::from).collect();
    Ok(private(StatusCode::OK, &Tries { items }))
}

/// Sends messages of an endpoint again, under the same ids: one, or all since a moment. That ends a pause.
/// Needs a service key with the scope `webhooks:manage`, or the organization's token with `webhooks:write`.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", operation_id = "replay_webhook", tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    request_body = ReplayBody,
    responses(
        (status = 202, description = "They wait.", body = ReplayAnswer),
        (status = 404, description = "There is no such endpoint or message.", body = ErrorBody),
        Refusals,
        WithBody,
    )
)]
pub(in crate::http) async fn replay(
    request: SubscribingJson<WriteWebhooks, ReplayRequest>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let endpoint = id_in_path(&path)?;
    let replaying = async {
        match request.body {
            ReplayRequest::Message(id) => webhooks::replay(&state.ctx, request.who, endpoint, id)
                .await
                .map(|()| 1),
            ReplayRequest::Since(at) => {
                webhooks::replay_since(&state.ctx, request.who, endpoint, at).await
            }
        }
    };
    let replayed = state.timely(replaying).await?.map_err(refused)?;
    Ok(private(StatusCode::ACCEPTED, &ReplayAnswer { replayed }))
}

/// Sends an endpoint a message without news, which ends a pause. Needs a service key with the scope
/// `webhooks:manage`, or the organization's token with `webhooks:write`.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/test", operation_id = "test_webhook", tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    responses(
        (status = 202, description = "It waits.", body = TestAnswer),
        (status = 409, description = "The endpoint is disabled.", body = ErrorBody),
        Refusals,
        OfEndpoint,
    )
)]
pub(in crate::http) async fn test(
    caller: Subscribing<WriteWebhooks>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let testing = webhooks::test(&state.ctx, caller.who, id_in_path(&path)?);
    let message = state.timely(testing).await?.map_err(|error| match error {
        DomainError::Invalid(what) => ApiError::conflict("webhook_disabled", what),
        other => refused(other),
    })?;
    let message_id = message.to_string();
    Ok(private(StatusCode::ACCEPTED, &TestAnswer { message_id }))
}
