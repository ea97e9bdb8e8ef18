//! `POST /v1/oauth2/revoke` (RFC 7009).

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde_json::json;
use tokio::time::timeout;

use super::extract::{ClientRequest, FromParameters, Parameters};
use super::oauth_error::OAuthError;
use super::openapi::{OAuthErrorBody, RevocationForm};
use super::state::ApiState;
use crate::domain::revocation;
use crate::model::PlainToken;

/// What is given back (RFC 7009 2.1). `token_type_hint` is accepted and not needed: every kind is
/// found by the same lookup, so a wrong hint does no harm.
pub(super) struct RevocationRequest {
    token: PlainToken,
}

impl FromParameters for RevocationRequest {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let token = parameters.find("token").filter(|token| !token.is_empty());
        let token = token.ok_or(OAuthError::InvalidRequest("the parameter token is missing"))?;
        Ok(Self {
            token: PlainToken::new(token.to_owned()),
        })
    }
}

/// Takes back a token of the client that asks (RFC 7009). With a refresh token or code everything
/// of its grant dies; an access token dies alone. A string that is no token is answered the same.
#[utoipa::path(
    post,
    path = "/v1/oauth2/revoke",
    tag = "oauth",
    security(("client_basic" = []), ()),
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is dead; `{}`.", body = serde_json::Value),
        (status = 400, description = "The token is another client's, or the request cannot be read.",
            body = OAuthErrorBody),
        (status = 401, description = "The client did not prove who it is.", body = OAuthErrorBody),
        (status = 413, description = "The form is too large.", body = OAuthErrorBody),
        (status = 429, description = "Too many from this network address failed; see `Retry-After`.",
            body = OAuthErrorBody),
        (status = 503, description = "The service cannot answer now.", body = OAuthErrorBody),
    )
)]
pub(super) async fn revoke(
    request: ClientRequest<RevocationRequest>,
    state: Data<ApiState>,
) -> Result<HttpResponse, OAuthError> {
    let revoking = revocation::give_back(&state.ctx, &request.client, &request.form.token);
    let done = timeout(state.request_timeout, revoking).await;
    done.map_err(|_| OAuthError::too_slow())??;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({})))
}
