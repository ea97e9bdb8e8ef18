//! `/v1/webhooks`: machines that are told of leaks and revocations, managed by internal services.

pub(in crate::http) mod messages;
mod reading;
mod refusals;
mod view;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde::Serialize;

use reading::{ChangedWebhook, NewWebhook, Wanted};
use refusals::{OfEndpoint, Refusals, WithBody, WithoutBody};
use view::{WebhookAnswer, WebhookPage};

use crate::domain::{DomainError, webhooks};
use crate::http::ApiError;
use crate::http::api_error::id_in_path;
use crate::http::extract::{AuthorizedService, ManageWebhooks, ServiceJson};
use crate::http::openapi::{ChangedWebhookBody, ErrorBody, NewWebhookBody, ProblemsBody};
use crate::http::problem::Problem;
use crate::http::state::ApiState;

/// How many there are on a page.
const PAGE: u32 = 100;

fn refused(error: DomainError) -> ApiError {
    match error {
        DomainError::NotFound(what) => ApiError::no_such(what),
        DomainError::Taken(what) => ApiError::conflict("too_many_webhooks", what),
        // Of what is asked for, only the address is looked at this late.
        DomainError::Invalid(what) => {
            ApiError::invalid(vec![Problem::in_body("url", "url_forbidden", what)])
        }
        DomainError::Storage(error) => error.into(),
    }
}

fn private(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

/// Lists endpoints. Needs the scope `webhooks:manage`.
#[utoipa::path(
    get, path = "/v1/webhooks", operation_id = "list_webhooks", tag = "internal",
    security(("service_key" = [])),
    params(
        ("organization_id" = Option<String>, Query, description = "Only of this organization."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = WebhookPage),
        (status = 422, description = "The query is not valid.", body = ProblemsBody),
        Refusals,
        WithoutBody,
    )
)]
pub(in crate::http) async fn list(
    _: AuthorizedService<ManageWebhooks>,
    wanted: Wanted,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let Wanted {
        organization,
        after,
    } = wanted;
    // One more than is shown tells whether there is a next page.
    let listing = webhooks::list(&state.ctx, organization, after, PAGE + 1);
    let mut all = state.timely(listing).await?.map_err(refused)?;
    let more = all.len() > PAGE as usize;
    all.truncate(PAGE as usize);
    let last = all.last().filter(|_| more);
    let next_cursor = last.map(|last| last.id.to_string());
    let now = state.ctx.clock.now();
    let items = all.into_iter();
    let items = items.map(|one| WebhookAnswer::new(one, now)).collect();
    Ok(private(StatusCode::OK, &WebhookPage { items, next_cursor }))
}

/// Adds an endpoint. Needs the scope `webhooks:manage`.
#[utoipa::path(
    post, path = "/v1/webhooks", operation_id = "create_webhook", tag = "internal",
    security(("service_key" = [])),
    request_body = NewWebhookBody,
    responses(
        (status = 201, description = "It, with its secret.", body = WebhookAnswer),
        (status = 404, description = "There is no such organization.", body = ErrorBody),
        (status = 409, description = "There are 16 endpoints already.", body = ErrorBody),
        Refusals,
        WithBody,
    )
)]
pub(in crate::http) async fn create(
    request: ServiceJson<ManageWebhooks, NewWebhook>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let NewWebhook {
        url,
        organization,
        events,
    } = request.body;
    let creating = webhooks::create(&state.ctx, organization, &url, events);
    let made = state.timely(creating).await?.map_err(refused)?;
    let answer = WebhookAnswer::with_secret(made, state.ctx.clock.now());
    Ok(private(StatusCode::CREATED, &answer))
}

/// Shows an endpoint. Needs the scope `webhooks:manage`.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", operation_id = "show_webhook", tag = "internal",
    security(("service_key" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    responses(
        (status = 200, description = "It.", body = WebhookAnswer),
        Refusals,
        OfEndpoint,
    )
)]
pub(in crate::http) async fn show(
    _: AuthorizedService<ManageWebhooks>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let finding = webhooks::find(&state.ctx, id_in_path(&path)?);
    let found = state.timely(finding).await?.map_err(refused)?;
    let answer = WebhookAnswer::new(found, state.ctx.clock.now());
    Ok(private(StatusCode::OK, &answer))
}

/// Tells an endpoint nothing any more, or tells it again. Needs the scope `webhooks:manage`.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", operation_id = "change_webhook", tag = "internal",
    security(("service_key" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    request_body = ChangedWebhookBody,
    responses(
        (status = 200, description = "It, as it is now.", body = WebhookAnswer),
        (status = 404, description = "There is no such endpoint.", body = ErrorBody),
        Refusals,
        WithBody,
    )
)]
pub(in crate::http) async fn change(
    request: ServiceJson<ManageWebhooks, ChangedWebhook>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let changing = webhooks::set_enabled(&state.ctx, id_in_path(&path)?, request.body.enabled);
    let changed = state.timely(changing).await?.map_err(refused)?;
    let answer = WebhookAnswer::new(changed, state.ctx.clock.now());
    Ok(private(StatusCode::OK, &answer))
}

/// Deletes an endpoint. Needs the scope `webhooks:manage`.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", operation_id = "delete_webhook", tag = "internal",
    security(("service_key" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    responses(
        (status = 204, description = "It is deleted."),
        Refusals,
        OfEndpoint,
    )
)]
pub(in crate::http) async fn delete(
    _: AuthorizedService<ManageWebhooks>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let deleting = webhooks::delete(&state.ctx, id_in_path(&path)?);
    state.timely(deleting).await?.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}
