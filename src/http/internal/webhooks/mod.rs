//! `/v1/webhooks`: machines that are told of leaks and revocations. Internal services manage all of them,
//! an organization with a token of its own the organization's.

pub(in crate::http) mod messages;
mod reading;
mod refusals;
mod view;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde::Serialize;

use reading::Wanted;
pub(in crate::http) use reading::{ChangedWebhook, NewWebhook, ReplayRequest};
use refusals::{OfEndpoint, Refusals, WithBody, WithoutBody};
use view::{WebhookAnswer, WebhookPage};

use crate::domain::{DomainError, webhooks};
use crate::http::ApiError;
use crate::http::api_error::id_in_path;
use crate::http::extract::{ReadWebhooks, Subscribing, SubscribingJson, WriteWebhooks};
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

/// Lists endpoints: all, or an organization its own. Needs a service key with the scope `webhooks:manage`, or
/// an organization's token with `webhooks:read` or `webhooks:write`.
#[utoipa::path(
    get, path = "/v1/webhooks", operation_id = "list_webhooks", tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
    params(
        ("organization_id" = Option<String>, Query, description = "Only of this organization."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = WebhookPage),
        (status = 404, description = "It is not the organization of the token.", body = ErrorBody),
        (status = 422, description = "The query is not valid.", body = ProblemsBody),
        Refusals,
        WithoutBody,
    )
)]
pub(in crate::http) async fn list(
    caller: Subscribing<ReadWebhooks>,
    wanted: Wanted,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let Wanted {
        organization,
        after,
    } = wanted;
    // One more than is shown tells whether there is a next page.
    let listing = webhooks::list(&state.ctx, caller.who, organization, after, PAGE + 1);
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

/// Adds an endpoint. Needs a service key with the scope `webhooks:manage`, or an organization's token with
/// `webhooks:write`: what that adds is the organization's.
#[utoipa::path(
    post, path = "/v1/webhooks", operation_id = "create_webhook", tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
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
    request: SubscribingJson<WriteWebhooks, NewWebhook>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let NewWebhook {
        url,
        organization,
        events,
    } = request.body;
    let creating = webhooks::create(&state.ctx, request.who, organization, &url, events);
    let made = state.timely(creating).await?.map_err(refused)?;
    let answer = WebhookAnswer::with_secret(made, state.ctx.clock.now());
    Ok(private(StatusCode::CREATED, &answer))
}

/// Shows an endpoint. Needs a service key with the scope `webhooks:manage`, or the organization's token with
/// `webhooks:read` or `webhooks:write`.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", operation_id = "show_webhook", tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    responses(
        (status = 200, description = "It.", body = WebhookAnswer),
        Refusals,
        OfEndpoint,
    )
)]
pub(in crate::http) async fn show(
    caller: Subscribing<ReadWebhooks>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let finding = webhooks::find(&state.ctx, caller.who, id_in_path(&path)?);
    let found = state.timely(finding).await?.map_err(refused)?;
    let answer = WebhookAnswer::new(found, state.ctx.clock.now());
    Ok(private(StatusCode::OK, &answer))
}

/// Tells an endpoint nothing any more, or tells it again. Needs a service key with the scope
/// `webhooks:manage`, or the organization's token with `webhooks:write`.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", operation_id = "change_webhook", tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
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
    request: SubscribingJson<WriteWebhooks, ChangedWebhook>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let changing = webhooks::set_enabled(
        &state.ctx,
        request.who,
        id_in_path(&path)?,
        request.body.enabled,
    );
    let changed = state.timely(changing).await?.map_err(refused)?;
    let answer = WebhookAnswer::new(changed, state.ctx.clock.now());
    Ok(private(StatusCode::OK, &answer))
}

/// Deletes an endpoint. Needs a service key with the scope `webhooks:manage`, or the organization's token with
/// `webhooks:write`.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", operation_id = "delete_webhook", tag = "internal",
    security(("service_key" = []), ("organization_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "The endpoint's id.")),
    responses(
        (status = 204, description = "It is deleted."),
        Refusals,
        OfEndpoint,
    )
)]
pub(in crate::http) async fn delete(
    caller: Subscribing<WriteWebhooks>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let deleting = webhooks::delete(&state.ctx, caller.who, id_in_path(&path)?);
    state.timely(deleting).await?.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}
