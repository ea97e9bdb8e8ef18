//! `POST /v1/oauth2/token` (RFC 6749 3.2).

use std::net::IpAddr;

use actix_web::http::header::{CACHE_CONTROL, PRAGMA};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::extract::{ClientRequest, FromParameters, Parameters, client_address};
use super::limiting;
use super::oauth_error::OAuthError;
use super::openapi::{OAuthErrorBody, TokenForm};
use super::state::ApiState;
use crate::domain::Context;
use crate::domain::exchange::{
    self, ClientCredentialsRequest, CodeExchange, ExchangeError, RefreshRequest, TokenSet,
    WebSessionRequest,
};
use crate::model::{Id, Limit, PlainToken, RegisteredClient, ScopeSet, SubType};

/// What a client asks for, by its grant.
pub(super) enum TokenRequest {
    Code(CodeExchange),
    Refresh(RefreshRequest),
    Client(ClientCredentialsRequest),
    Web(WebSessionRequest),
}

impl FromParameters for TokenRequest {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let grant_type = required(parameters, "grant_type", "grant_type is missing")?;
        let resources = || parameters.find_all("resource").map(str::to_owned).collect();
        Ok(match grant_type {
            "authorization_code" => Self::Code(CodeExchange {
                code: secret(parameters, "code", "code is missing")?,
                redirect_uri: optional(parameters, "redirect_uri").map(str::to_owned),
                code_verifier: parameters.find("code_verifier").map(str::to_owned),
                resources: resources(),
            }),
            "refresh_token" => Self::Refresh(RefreshRequest {
                refresh_token: secret(parameters, "refresh_token", "refresh_token is missing")?,
                scopes: scopes(parameters)?,
                resources: resources(),
            }),
            "client_credentials" => Self::Client(ClientCredentialsRequest {
                scopes: scopes(parameters)?,
                resources: resources(),
            }),
            "web" => Self::Web(web(parameters)?),
            _ => return Err(OAuthError::UnsupportedGrantType),
        })
    }
}

fn web(parameters: &Parameters) -> Result<WebSessionRequest, OAuthError> {
    let sub_type = match optional(parameters, "sub_type") {
        Some(text) => text
            .parse()
            .map_err(|_| OAuthError::InvalidRequest("sub_type is user or organization"))?,
        None => SubType::User,
    };
    let organization = match optional(parameters, "sub") {
        Some(text) => Some(
            text.parse::<Id<_>>()
                .map_err(|_| OAuthError::InvalidRequest("sub is the id of an organization"))?,
        ),
        None => None,
    };
    Ok(WebSessionRequest {
        session_token: secret(parameters, "session_token", "session_token is missing")?,
        sub_type,
        organization,
        scopes: scopes(parameters)?,
    })
}

fn optional<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    // RFC 6749 3.1: a parameter without a value is as good as missing.
    parameters.find(name).filter(|value| !value.is_empty())
}

fn required<'p>(
    parameters: &'p Parameters,
    name: &str,
    missing: &'static str,
) -> Result<&'p str, OAuthError> {
    optional(parameters, name).ok_or(OAuthError::InvalidRequest(missing))
}

fn secret(
    parameters: &Parameters,
    name: &str,
    missing: &'static str,
) -> Result<PlainToken, OAuthError> {
    required(parameters, name, missing).map(|text| PlainToken::new(text.to_owned()))
}

fn scopes(parameters: &Parameters) -> Result<Option<ScopeSet>, OAuthError> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| OAuthError::InvalidScope("scope is no list of scopes"))
    };
    optional(parameters, "scope").map(parse).transpose()
}

/// Exchanges a grant for tokens (RFC 6749 3.2): an authorization code, a refresh token, the client's
/// own credentials, or a session of the product's front end (`web`).
///
/// A code works once. A refresh token is replaced each time; one that comes again is answered with
/// fresh tokens only while nobody has used those that it was exchanged for, and otherwise ends
/// everything that was minted from its grant.
#[utoipa::path(
    post,
    path = "/v1/oauth2/token",
    tag = "oauth",
    security(("client_basic" = []), ()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Tokens, shown once.", body = TokenAnswer),
        (status = 400, description = "The grant does not work, or the request cannot be read.",
            body = OAuthErrorBody),
        (status = 401, description = "The client did not prove who it is.", body = OAuthErrorBody),
        (status = 413, description = "The form is too large.", body = OAuthErrorBody),
        (status = 429, description = "Too many from this network address failed; see `Retry-After`.",
            body = OAuthErrorBody),
        (status = 503, description = "The service cannot answer now.", body = OAuthErrorBody),
    )
)]
pub(super) async fn token(
    wire: HttpRequest,
    request: ClientRequest<TokenRequest>,
    state: Data<ApiState>,
) -> Result<HttpResponse, OAuthError> {
    let from = client_address(&wire, &state);
    let exchanging = exchange(&state.ctx, &request.client, request.form, from);
    let answer = timeout(state.request_timeout, exchanging).await;
    let answer = answer.map_err(|_| OAuthError::too_slow())?;
    let set = answer.map_err(|error| match error {
        ExchangeError::InvalidGrant(_) => {
            let limit = Limit::FailedTokenRequests;
            limiting::failed(&wire, &state, limit, OAuthError::from(error))
        }
        other => other.into(),
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(TokenAnswer::new(&set)))
}

async fn exchange(
    ctx: &Context,
    client: &RegisteredClient,
    request: TokenRequest,
    from: Option<IpAddr>,
) -> Result<TokenSet, ExchangeError> {
    match request {
        TokenRequest::Code(request) => exchange::redeem_code(ctx, client, &request, from).await,
        TokenRequest::Refresh(request) => exchange::refresh(ctx, client, &request, from).await,
        TokenRequest::Client(request) => exchange::issue_to_client(ctx, client, request).await,
        TokenRequest::Web(request) => exchange::issue_to_session(ctx, client, request).await,
    }
}

/// What a client gets (RFC 6749 5.1).
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer<'s> {
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// For calling the API.
    #[schema(example = "polar_at_u_…")]
    access_token: &'s str,
    /// Seconds for which the access token works.
    #[schema(example = 3600)]
    expires_in: u64,
    /// For getting fresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "polar_rt_u_…")]
    refresh_token: Option<&'s str>,
    /// What the access token may do: names, separated by spaces.
    scope: String,
    /// Who signed in, with the scope `openid` (OpenID Connect Core 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'s str>,
}

impl<'s> TokenAnswer<'s> {
    fn new(set: &'s TokenSet) -> Self {
        Self {
            token_type: "Bearer",
            access_token: set.access_token.reveal(),
            expires_in: set.expires_in.as_secs(),
            refresh_token: set.refresh_token.as_ref().map(PlainToken::reveal),
            scope: set.scopes.to_string(),
            id_token: set.id_token.as_deref(),
        }
    }
}
