//! `GET /v1/tokens/self`: what a token is, told to whoever presents it.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::extract::{BearerCredential, client_address};
use super::limiting;
use super::oauth_error::OAuthError;
use super::openapi::OAuthErrorBody;
use super::state::ApiState;
use crate::domain::bearers;
use crate::model::{KnownToken, Limit, Slug, Timestamp, TokenName};

/// What a token is.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnToken {
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11", format = "uuid")]
    id: String,
    #[schema(example = "personal_access_token")]
    kind: &'static str,
    /// What its owner calls it.
    #[schema(example = "deployment")]
    name: Option<String>,
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
    /// The organization that owns it, or to which it is limited.
    #[schema(example = json!(null))]
    organization: Option<String>,
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    created_at: String,
    /// Until when it works; null is until it is revoked.
    #[schema(example = "2026-12-25T08:00:00Z", format = "date-time")]
    expires_at: Option<String>,
}

impl OwnToken {
    fn new(known: &KnownToken) -> Self {
        let token = &known.token;
        let organization = known.organization.as_ref().map(|of| &of.slug);
        Self {
            id: token.id.to_string(),
            kind: token.kind.name(),
            name: token.name.as_ref().map(TokenName::to_string),
            scopes: token.scopes.iter().map(str::to_owned).collect(),
            organization: organization.map(Slug::to_string),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.as_ref().map(Timestamp::to_string),
        }
    }
}

/// Tells whoever presents a personal, organization or access token what that token is.
#[utoipa::path(
    get,
    path = "/v1/tokens/self",
    operation_id = "show_own_token",
    tag = "tokens",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "It.", body = OwnToken),
        (status = 400, description = "A header cannot be read.", body = OAuthErrorBody),
        (status = 401, description = "No token, or one that does not work here.",
            body = OAuthErrorBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = OAuthErrorBody),
        (status = 503, description = "The service cannot answer now.", body = OAuthErrorBody),
    )
)]
pub(super) async fn show(
    credential: BearerCredential,
    request: HttpRequest,
    state: Data<ApiState>,
) -> Result<HttpResponse, OAuthError> {
    let address = client_address(&request, &state);
    let text = credential.into_inner();
    let looking = bearers::look(&state.ctx, &text, address);
    let found = timeout(state.request_timeout, looking).await;
    let found = found.map_err(|_| OAuthError::too_slow())?;
    let known = found.map_err(|error| OAuthError::Other(error.into()))?;
    let known = known.ok_or_else(|| {
        limiting::failed(
            &request,
            &state,
            Limit::WrongTokens,
            OAuthError::InvalidToken,
        )
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(OwnToken::new(&known)))
}
