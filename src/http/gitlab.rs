//! GitLab's Token Revocation API, as a GitLab of one's own calls it: first which types of token can
//! be revoked, then what its secret detection found.
//!
//! The contract is GitLab's (`doc/development/sec/token_revocation_api.md`).

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use super::api_error::ApiError;
use super::extract::{GitlabClient, GitlabDelivery};
use super::openapi::{ErrorBody, GitlabReportItem};
use super::reports;
use super::state::ApiState;

/// The types of token that can be revoked.
#[derive(Serialize, ToSchema)]
pub(super) struct RevocableTypes {
    /// As GitLab makes them: the kind of a finding's identifier, `_`, and its value.
    #[schema(example = json!(["gitleaks_rule_id_polar_personal_access_token"]))]
    types: Vec<String>,
}

/// Which types of token GitLab may send; it keeps everything else to itself.
#[utoipa::path(
    get,
    path = "/v1/integrations/gitlab/revocable_token_types",
    tag = "reports",
    security(("gitlab_secret" = [])),
    responses(
        (status = 200, description = "The types.", body = RevocableTypes),
        (status = 401, description = "The secret is missing or wrong.", body = ErrorBody),
        (status = 404, description = "No secret was agreed upon.", body = ErrorBody),
        (status = 429, description = "Too often; see `Retry-After`.", body = ErrorBody),
    )
)]
pub(super) async fn types(_: GitlabClient, state: Data<ApiState>) -> HttpResponse {
    let types = state.gitlab.as_deref().map(|intake| intake.types.clone());
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(RevocableTypes {
            types: types.unwrap_or_default(),
        })
}

/// GitLab reports tokens that its secret detection found. When this is answered, everything of
/// ours among them is dead, whatever it was said to be; with 400 it only says that something else
/// was there as well, which sending again does not change.
#[utoipa::path(
    post,
    path = "/v1/integrations/gitlab/revoke_tokens",
    tag = "reports",
    security(("gitlab_secret" = [])),
    request_body(content = Vec<GitlabReportItem>),
    responses(
        (status = 204, description = "Done."),
        (status = 400, description = "The body cannot be read, or a report is of a type that is \
            not revoked here; everything of ours in it is dead all the same.", body = ErrorBody),
        (status = 401, description = "The secret is missing or wrong.", body = ErrorBody),
        (status = 404, description = "No secret was agreed upon.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "Larger than is read.", body = ErrorBody),
        (status = 415, description = "The body is compressed.", body = ErrorBody),
        (status = 429, description = "Too often; see `Retry-After`.", body = ErrorBody),
        (status = 503, description = "Not possible now; see `Retry-After`.", body = ErrorBody),
    )
)]
pub(super) async fn revoke(
    reported: GitlabDelivery,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    reports::handle(&state, &reported.delivery, reported.deadline).await?;
    let intake = state.gitlab.as_deref().ok_or_else(ApiError::not_found)?;
    // One odd report never hurts its neighbours, so this is said when all the others are done.
    let odd = reported.received.iter().position(|report| {
        let claimed = report.claimed_type().text();
        let supported = claimed.is_some_and(|claimed| intake.supports(&claimed));
        !supported || report.text().reveal().is_empty()
    });
    match odd {
        Some(place) => Err(ApiError::unsupported_report(place)),
        None => Ok(HttpResponse::NoContent()
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish()),
    }
}
