//! `/v1/personal_access_tokens/`: a person's own tokens.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::Asked;
use super::{Pagination, TokenFacts};
use crate::domain::access_tokens::{NewAccessToken, personal};
use crate::http::ApiError;
use crate::http::api_error::id_in_path;
use crate::http::extract::{FreshJson, OwnSession};
use crate::http::openapi::{ErrorBody, NewPersonalTokenBody, ProblemsBody};
use crate::http::state::ApiState;

/// A page of a person's tokens.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PersonalTokenPage {
    items: Vec<TokenFacts>,
    pagination: Pagination,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PersonalTokenMade {
    personal_access_token: TokenFacts,
    /// The token itself. It is shown this once and kept nowhere.
    #[schema(example = "polar_pat_…")]
    token: String,
}

/// Lists the tokens of whoever is signed in. Deleted and revoked ones are not among them.
#[utoipa::path(
    get,
    path = "/v1/personal_access_tokens/",
    operation_id = "list_personal_access_tokens",
    tag = "tokens",
    security(("session" = [])),
    params(
        ("page" = Option<u64>, Query, minimum = 1, description = "Which page, from 1."),
        ("limit" = Option<u64>, Query, minimum = 1,
            description = "How many on a page: 10 unless said, 100 at most."),
        ("sorting" = Option<Vec<String>>, Query, explode, description =
            "`created_at`, `comment` or `last_used_at`, or one of them after a `-`."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = PersonalTokenPage, links(
            ("delete" = (operation_id = "delete_personal_access_token",
                parameters(("id" = "$response.body#/items/0/id")))),
        )),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "A token was presented.", body = ErrorBody),
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
    let part = state
        .timely(personal::list(&state.ctx, &session, &asked.view))
        .await??;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(PersonalTokenPage {
            pagination: Pagination::new(&part, asked.view.window),
            items: part.tokens.iter().map(TokenFacts::new).collect(),
        }))
}

/// Makes a token. Needs somebody who signed in not long ago.
#[utoipa::path(
    post,
    path = "/v1/personal_access_tokens/",
    operation_id = "create_personal_access_token",
    tag = "tokens",
    security(("session" = [])),
    request_body = NewPersonalTokenBody,
    responses(
        (status = 201, description = "The token, which is shown this once.",
            body = PersonalTokenMade, links(
            ("delete" = (operation_id = "delete_personal_access_token",
                parameters(("id" = "$response.body#/personal_access_token/id")))),
        )),
        (status = 400, description = "The body broke off.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "They signed in too long ago (`session_not_fresh`), a page of \
            another site asks (`cross_site`), or a token was presented (`not_permitted`).",
            body = ErrorBody),
        (status = 408, description = "The body is late.", body = ErrorBody),
        (status = 409, description = "There are as many as one user may have.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not application/json, or compressed.", body = ErrorBody),
        (status = 422, description = "The body is not valid.", body = ProblemsBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn create(
    FreshJson { session, body }: FreshJson<NewAccessToken>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let made = state
        .timely(personal::create(&state.ctx, &session, &body))
        .await??;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(PersonalTokenMade {
            personal_access_token: TokenFacts::new(&made.known),
            token: made.text.reveal().to_owned(),
        }))
}

/// Revokes a token, for good.
#[utoipa::path(
    delete,
    path = "/v1/personal_access_tokens/{id}",
    operation_id = "delete_personal_access_token",
    tag = "tokens",
    security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The token's id.")),
    responses(
        (status = 204, description = "It no longer works."),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "A page of another site asks, or a token was presented.",
            body = ErrorBody),
        (status = 404, description = "They have no such token.", body = ErrorBody),
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
        .timely(personal::revoke(&state.ctx, &session, id))
        .await??;
    Ok(HttpResponse::NoContent().finish())
}
