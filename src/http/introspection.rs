//! `POST /v1/oauth2/introspect` (RFC 7662).

use actix_web::http::header::{CACHE_CONTROL, PRAGMA};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::extract::{AskedBy, FromParameters, Parameters, client_address};
use super::limiting;
use super::oauth_error::OAuthError;
use super::openapi::{IntrospectionForm, OAuthErrorBody};
use super::state::ApiState;
use crate::domain::introspection::{self, Answer, Question};
use crate::domain::service_keys::Refusal;
use crate::model::{ClientId, KnownToken, Limit, PlainToken, Timestamp, TokenKind};
use crate::telemetry::IntrospectionAnswer;

/// What is asked (RFC 7662 2.1). `token_type_hint` is accepted and not needed: every kind is found
/// by the same lookup.
pub(super) struct IntrospectionRequest {
    token: PlainToken,
    used_from: Option<std::net::IpAddr>,
}

impl FromParameters for IntrospectionRequest {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let token = parameters.find("token").filter(|token| !token.is_empty());
        let token = token.ok_or(OAuthError::InvalidRequest("the parameter token is missing"))?;
        let used_from = match parameters
            .find("ip_address")
            .filter(|text| !text.is_empty())
        {
            Some(text) => Some(text.parse().map_err(|_| {
                OAuthError::InvalidRequest("the parameter ip_address is not an IP address")
            })?),
            None => None,
        };
        Ok(Self {
            token: PlainToken::new(token.to_owned()),
            used_from,
        })
    }
}

/// Tells whether a token works (RFC 7662). A service key with the scope `tokens:introspect` may ask
/// about tokens of every kind, a client about those that were issued to it, and a client that is a
/// resource server about all. Why a token is inactive is never said.
#[utoipa::path(
    post,
    path = "/v1/oauth2/introspect",
    tag = "oauth",
    security(("service_key" = []), ("client_basic" = [])),
    request_body(
        content = IntrospectionForm,
        content_type = "application/x-www-form-urlencoded",
    ),
    responses(
        (status = 200, description = "Active with what it may do, or `{\"active\":false}`.",
            body = Told),
        (status = 400, description = "The request cannot be read.", body = OAuthErrorBody),
        (status = 401, description = "No service key or client, or one that does not work.",
            body = OAuthErrorBody),
        (status = 403, description = "The service key lacks the scope.", body = OAuthErrorBody),
        (status = 413, description = "The form is too large.", body = OAuthErrorBody),
        (status = 429, description = "Too many from this network address may not ask; see \
            `Retry-After`.", body = OAuthErrorBody),
        (status = 503, description = "The service cannot answer now.", body = OAuthErrorBody),
    )
)]
pub(super) async fn introspect(
    wire: HttpRequest,
    AskedBy { asker, form }: AskedBy<IntrospectionRequest>,
    state: Data<ApiState>,
) -> Result<HttpResponse, OAuthError> {
    let question = Question {
        asker,
        token: form.token,
        from: client_address(&wire, &state),
        used_from: form.used_from,
    };
    let asking = introspection::introspect(&state.ctx, &question);
    let answer = timeout(state.request_timeout, asking)
        .await
        .map_err(|_| OAuthError::too_slow())?;
    count(&state, &answer);
    let answer = answer.map_err(|refusal| match refusal {
        Refusal::InvalidKey | Refusal::ForeignNetwork => {
            let limit = Limit::FailedIntrospections;
            limiting::failed(&wire, &state, limit, OAuthError::InvalidToken)
        }
        other => other.into(),
    });
    Ok(render(&state, &answer?))
}

fn count(state: &ApiState, answer: &Result<Answer, Refusal>) {
    state.metrics.introspection(match answer {
        Ok(Answer::Active(_)) => IntrospectionAnswer::Active,
        Ok(Answer::Inactive) => IntrospectionAnswer::Inactive,
        Err(Refusal::ForeignNetwork) => {
            state.metrics.foreign_network();
            IntrospectionAnswer::Refused
        }
        Err(Refusal::InvalidKey | Refusal::InsufficientScope(_)) => IntrospectionAnswer::Refused,
        // Nobody was told anything; it is counted as a 5xx.
        Err(Refusal::Storage(_)) => return,
    });
}

fn render(state: &ApiState, answer: &Answer) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"));
    match answer {
        Answer::Active(known) => {
            let told = Introspection::new(known, &state.ctx.issuer);
            response.json(Told::Active(Box::new(told)))
        }
        // RFC 7662 2.2: say nothing about why it is inactive.
        Answer::Inactive => response.json(Told::Inactive(Inactive { active: false })),
    }
}

/// Whether a token works.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Told<'t> {
    Active(Box<Introspection<'t>>),
    Inactive(Inactive),
}

/// A token that does not work, or none. Why is never said.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Inactive {
    /// Always `false`.
    #[schema(example = false)]
    active: bool,
}

/// A token that works, as RFC 7662 2.2 describes it, with Polar's `sub_type` and `organizations`,
/// and `kind`, because any kind of token may be asked about.
#[derive(Serialize, ToSchema)]
pub(super) struct Introspection<'t> {
    active: bool,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Such as `personal_access_token`.
    kind: &'static str,
    /// Names, separated by spaces.
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'t str>,
    /// `user`, `organization`, `client`, `customer` or `service`.
    sub_type: &'static str,
    /// Whom it acts for.
    sub: String,
    /// The organizations it is limited to; empty is no limit.
    organizations: Vec<String>,
    /// The token's id.
    jti: String,
    /// This service.
    iss: &'t str,
    /// The client it was issued to, or the resource it is for; several resources are a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience<'t>>,
    /// Since when, in seconds since 1970.
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

impl<'t> Introspection<'t> {
    fn new(known: &'t KnownToken, issuer: &'t str) -> Self {
        let token = &known.token;
        let client_id = known.client.as_ref().map(|client| &client.client_id);
        let client_id = client_id.map(ClientId::as_str);
        let (sub_type, sub) = subject(known);
        let organization = known.organization.as_ref().map(|o| o.id.to_string());
        Self {
            active: true,
            token_type: "Bearer",
            kind: token.kind.name(),
            scope: token.scopes.to_string(),
            client_id,
            sub_type,
            sub,
            organizations: organization.into_iter().collect(),
            jti: token.id.to_string(),
            iss: issuer,
            aud: token.audience.as_deref().or(client_id).map(Audience::new),
            iat: token.created_at.as_seconds(),
            exp: token.expires_at.map(Timestamp::as_seconds),
        }
    }
}

/// One audience as a text, several as a list (RFC 7519 4.1.3).
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Audience<'t> {
    One(&'t str),
    Several(Vec<&'t str>),
}

impl<'t> Audience<'t> {
    fn new(text: &'t str) -> Self {
        match text.contains(' ') {
            true => Self::Several(text.split(' ').collect()),
            false => Self::One(text),
        }
    }
}

/// Whom a token acts for.
fn subject(known: &KnownToken) -> (&'static str, String) {
    let token = &known.token;
    let user = known.user.as_ref().map(|user| user.id.to_string());
    let organization = known.organization.as_ref().map(|o| o.id.to_string());
    let client = known
        .client
        .as_ref()
        .map(|client| client.client_id.to_string());
    let itself = || ("service", token.id.to_string());
    match token.kind {
        TokenKind::OrganizationAccessToken => organization.map(|id| ("organization", id)),
        TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => {
            client.map(|id| ("client", id))
        }
        TokenKind::CustomerSessionToken => token.customer.clone().map(|id| ("customer", id)),
        TokenKind::ServiceKey => None,
        _ => user
            .map(|id| ("user", id))
            .or_else(|| organization.map(|id| ("organization", id)))
            .or_else(|| client.map(|id| ("client", id))),
    }
    .unwrap_or_else(itself)
}
