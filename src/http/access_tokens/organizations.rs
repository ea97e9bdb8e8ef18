//! `/v1/organization-access-tokens/`: the tokens of organizations, for their owners and admins.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::NewOrganizationToken;
use super::view::Asked;
use super::{Pagination, TokenFacts};
use crate::domain::access_tokens::{Change, organizations};
use crate::http::ApiError;
use crate::http::api_error::id_in_path;
use crate::http::extract::{FreshJson, OwnSession};
use crate::http::openapi::{
    ChangedOrganizationTokenBody, ErrorBody, NewOrganizationTokenBody, ProblemsBody,
};
use crate::http::state::ApiState;
use crate::model::KnownToken;

/// A token of an organization.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OrganizationTokenFacts {
    #[serde(flatten)]
    facts: TokenFacts,
    /// Whose it is.
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c22", format = "uuid")]
    organization_id: Option<String>,
}

impl OrganizationTokenFacts {
    fn new(known: &KnownToken) -> Self {
        Self {
            facts: TokenFacts::new(known),
            organization_id: known.organization.as_ref().map(|o| o.id.to_string()),
        }
    }
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OrganizationTokenPage {
    items: Vec<OrganizationTokenFacts>,
    pagination: Pagination,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OrganizationTokenMade {
    organization_access_token: OrganizationTokenFacts,
    /// The token itself. It is shown this once and kept nowhere.
    #[schema(example = "polar_oat_…")]
    token: String,
}

/// Lists the tokens of all organizations that whoever is signed in manages.
#[utoipa::path(
    get,
    path = "/v1/organization-access-tokens/",
    operation_id = "list_organization_access_tokens",
    tag = "tokens",
    security(("session" = [])),
    params(
        ("organization_id" = Option<Vec<String>>, Query, explode,
            description = "Only of these."),
        ("page" = Option<u64>, Query, minimum = 1, description = "Which page, from 1."),
        ("limit" = Option<u64>, Query, minimum = 1,
            description = "How many on a page: 10 unless said, 100 at most."),
        ("sorting" = Option<Vec<String>>, Query, explode, description =
            "`created_at`, `comment`, `last_used_at` or `organization_id`, or one of them after \
             a `-`."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = OrganizationTokenPage, links(
            ("update" = (operation_id = "update_organization_access_token",
                parameters(("id" = "$response.body#/items/0/id")))),
            ("delete" = (operation_id = "delete_organization_access_token",
                parameters(("id" = "$response.body#/items/0/id")))),
        )),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "Their role in an organization they ask for does not allow \
            it, or a token was presented.", body = ErrorBody),
        (status = 422, description = "The query is not valid.", body = ProblemsBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn list(
    OwnSession(session): OwnSession,
    asked: Asked,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let Asked {
        view,
        organizations: wanted,
    } = asked;
    let part = state
        .timely(organizations::list(&state.ctx, &session, &wanted, &view))
        .await??;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(OrganizationTokenPage {
            pagination: Pagination::new(&part, view.window),
            items: part
                .tokens
                .iter()
                .map(OrganizationTokenFacts::new)
                .collect(),
        }))
}

/// Makes a token for an organization. Needs an owner or admin who signed in not long ago.
#[utoipa::path(
    post,
    path = "/v1/organization-access-tokens/",
    operation_id = "create_organization_access_token",
    tag = "tokens",
    security(("session" = [])),
    request_body = NewOrganizationTokenBody,
    responses(
        (status = 201, description = "The token, which is shown this once.",
            body = OrganizationTokenMade, links(
            ("update" = (operation_id = "update_organization_access_token",
                parameters(("id" = "$response.body#/organization_access_token/id")))),
            ("delete" = (operation_id = "delete_organization_access_token",
                parameters(("id" = "$response.body#/organization_access_token/id")))),
        )),
        (status = 400, description = "The body broke off.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "They signed in too long ago (`session_not_fresh`), their \
            role does not allow it or a token was presented (`not_permitted`), or a page of \
            another site asks (`cross_site`).", body = ErrorBody),
        (status = 408, description = "The body is late.", body = ErrorBody),
        (status = 409, description = "There are as many as one organization may have.",
            body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not application/json, or compressed.", body = ErrorBody),
        (status = 422, description = "The body is not valid, or they are in no such organization.",
            body = ProblemsBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn create(
    FreshJson { session, body }: FreshJson<NewOrganizationToken>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let NewOrganizationToken { organization, new } = body;
    let made = state
        .timely(organizations::create(
            &state.ctx,
            &session,
            organization,
            &new,
        ))
        .await??;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(OrganizationTokenMade {
            organization_access_token: OrganizationTokenFacts::new(&made.known),
            token: made.text.reveal().to_owned(),
        }))
}

/// Changes what a token is called and what it may do. When it expires cannot be changed.
#[utoipa::path(
    patch,
    path = "/v1/organization-access-tokens/{id}",
    operation_id = "update_organization_access_token",
    tag = "tokens",
    security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The token's id.")),
    request_body = ChangedOrganizationTokenBody,
    responses(
        (status = 200, description = "The token as it is now.", body = OrganizationTokenFacts, links(
            ("update" = (operation_id = "update_organization_access_token",
                parameters(("id" = "$response.body#/id")))),
            ("delete" = (operation_id = "delete_organization_access_token",
                parameters(("id" = "$response.body#/id")))),
        )),
        (status = 400, description = "The body broke off.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "They signed in too long ago (`session_not_fresh`), their \
            role does not allow it or a token was presented (`not_permitted`), or a page of \
            another site asks (`cross_site`).", body = ErrorBody),
        (status = 404, description = "None of their organizations has such a token.",
            body = ErrorBody),
        (status = 408, description = "The body is late.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not application/json, or compressed.", body = ErrorBody),
        (status = 422, description = "Id or body are not valid.", body = ProblemsBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn update(
    FreshJson { session, body }: FreshJson<Change>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let id = id_in_path(&path)?;
    let changed = state
        .timely(organizations::change(&state.ctx, &session, id, &body))
        .await??;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(OrganizationTokenFacts::new(&changed)))
}

/// Revokes a token of an organization, for good.
#[utoipa::path(
    delete,
    path = "/v1/organization-access-tokens/{id}",
    operation_id = "delete_organization_access_token",
    tag = "tokens",
    security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The token's id.")),
    responses(
        (status = 204, description = "It no longer works."),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "Their role does not allow it, a token was presented, or a \
            page of another site asks.", body = ErrorBody),
        (status = 404, description = "None of their organizations has such a token.",
            body = ErrorBody),
        (status = 422, description = "The id is none.", body = ProblemsBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn delete(
    OwnSession(session): OwnSession,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let id = id_in_path(&path)?;
    state
        .timely(organizations::revoke(&state.ctx, &session, id))
        .await??;
    Ok(HttpResponse::NoContent().finish())
}
