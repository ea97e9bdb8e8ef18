//! `GET` and `POST /v1/oauth2/userinfo` (OpenID Connect Core 5.3).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::extract::{AccessToken, client_address};
use super::limiting;
use super::oauth_error::OAuthError;
use super::openapi::{OAuthErrorBody, UserInfoForm};
use super::state::ApiState;
use crate::domain::userinfo::{self, Refusal, UserInfo};
use crate::model::{Email, Limit, PersonName};

/// What is told about a person (OpenID Connect Core 5.1).
#[derive(Serialize, ToSchema)]
pub(super) struct UserInfoAnswer {
    /// The person's id, the same for every client.
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11")]
    sub: String,
    /// What they are called: with the scope `profile`, when it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Their address: with the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Whether they proved to read mail that goes there: with the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

impl From<UserInfo> for UserInfoAnswer {
    fn from(info: UserInfo) -> Self {
        Self {
            sub: info.sub.to_string(),
            name: info
                .name
                .as_ref()
                .map(PersonName::as_str)
                .map(str::to_owned),
            email: info.email.as_ref().map(Email::as_str).map(str::to_owned),
            email_verified: info.email_verified,
        }
    }
}

/// Tells about the person for whom an access token acts. Needs the scope `openid`.
#[utoipa::path(
    get,
    path = "/v1/oauth2/userinfo",
    operation_id = "userinfo",
    tag = "oauth",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "What the person allowed the client to know.",
            body = UserInfoAnswer),
        (status = 400, description = "The token comes in the query, or twice.",
            body = OAuthErrorBody),
        (status = 401, description = "No access token, or one that does not work.",
            body = OAuthErrorBody),
        (status = 403, description = "The token lacks the scope `openid`, or acts for nobody.",
            body = OAuthErrorBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = OAuthErrorBody),
        (status = 503, description = "The service cannot answer now.", body = OAuthErrorBody),
    )
)]
pub(super) async fn by_get(
    token: AccessToken,
    request: HttpRequest,
    state: Data<ApiState>,
) -> Result<HttpResponse, OAuthError> {
    tell(token, &request, &state).await
}

/// The same, with the access token in the header or in the form.
#[utoipa::path(
    post,
    path = "/v1/oauth2/userinfo",
    operation_id = "userinfo_by_post",
    tag = "oauth",
    security(("access_token" = []), ()),
    request_body(
        content = Option<UserInfoForm>,
        content_type = "application/x-www-form-urlencoded",
    ),
    responses(
        (status = 200, description = "What the person allowed the client to know.",
            body = UserInfoAnswer),
        (status = 400, description = "The form cannot be read, or the token comes twice.",
            body = OAuthErrorBody),
        (status = 401, description = "No access token, or one that does not work.",
            body = OAuthErrorBody),
        (status = 403, description = "The token lacks the scope `openid`, or acts for nobody.",
            body = OAuthErrorBody),
        (status = 413, description = "The form is too large.", body = OAuthErrorBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = OAuthErrorBody),
        (status = 503, description = "The service cannot answer now.", body = OAuthErrorBody),
    )
)]
pub(super) async fn by_post(
    token: AccessToken,
    request: HttpRequest,
    state: Data<ApiState>,
) -> Result<HttpResponse, OAuthError> {
    tell(token, &request, &state).await
}

async fn tell(
    AccessToken(token): AccessToken,
    request: &HttpRequest,
    state: &ApiState,
) -> Result<HttpResponse, OAuthError> {
    let address = client_address(request, state);
    let telling = userinfo::tell(&state.ctx, &token, address);
    let told = timeout(state.request_timeout, telling).await;
    let told = told.map_err(|_| OAuthError::too_slow())?;
    let info = told.map_err(|refusal| match refusal {
        Refusal::InvalidToken => {
            limiting::failed(request, state, Limit::WrongTokens, OAuthError::InvalidToken)
        }
        other => other.into(),
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(UserInfoAnswer::from(info)))
}
