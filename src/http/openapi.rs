//! The interface as OpenAPI: `GET /openapi.json` and `tokenward openapi`.
//!
//! Each route is described beside its handler; this file gathers them and describes what only
//! crosses the wire.

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use super::access_tokens::{organizations, personal};
use super::problem::Problem;
use super::{
    authorization, introspection, operations, registration, reports, revocation, token, userinfo,
    web, well_known,
};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tokenward",
        description = "Issues, introspects and, the moment one leaks, revokes API tokens.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        reports::github,
        introspection::introspect,
        token::token,
        authorization::question,
        authorization::consent,
        revocation::revoke,
        registration::register,
        registration::show,
        registration::replace,
        registration::delete,
        registration::list,
        userinfo::by_get,
        userinfo::by_post,
        personal::list,
        personal::create,
        personal::delete,
        organizations::list,
        organizations::create,
        organizations::update,
        organizations::delete,
        well_known::openid_configuration,
        well_known::authorization_server,
        well_known::jwks,
        web::look::style_sheet,
        web::authorize::by_get,
        web::authorize::by_post,
        web::authorize::consent,
        web::applications::list,
        web::applications::withdraw,
        web::login::login,
        web::login::send_code,
        web::login::code,
        web::login::enter_code,
        web::login::sign_out,
        web::logout::end_session,
        web::logout::end_session_by_form,
        web::logout::confirm_sign_out,
        web::sessions::list,
        web::sessions::end,
        web::sessions::end_others,
        operations::healthz,
        operations::readyz,
        operations::metrics,
        document,
    ),
    components(schemas(
        ReportItem, FeedbackItem, Label, ErrorBody, OAuthErrorBody, IntrospectionForm,
        introspection::Introspection, introspection::Audience, TokenForm, RevocationForm, ConsentForm,
        registration::RegistrationRequest, registration::ClientAnswer, registration::ClientList,
        ProblemsBody, Problem, UserInfoForm, NewPersonalTokenBody, NewOrganizationTokenBody,
        ChangedOrganizationTokenBody, token::TokenAnswer, operations::Readiness, operations::OutboxLag,
    )),
    modifiers(&Credentials),
    tags(
        (name = "reports", description = "Where origins report leaked tokens."),
        (name = "oauth", description = "OAuth 2."),
        (name = "tokens", description = "Long-lived tokens, managed by whoever is signed in."),
        (name = "pages", description = "For people, as HTML."),
        (name = "operations", description = "For load balancers and dashboards."),
    ),
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("service_key", bearer);
        let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
        components.add_security_scheme("client_basic", basic);
        let access_token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("access_token", access_token);
        let registration_token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("registration_token", registration_token);
        let cookie = ApiKey::Cookie(ApiKeyValue::new("tokenward_session"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// The document as JSON.
///
/// # Errors
/// Never: all of it is known when this is compiled.
pub fn openapi() -> Result<Value, serde_json::Error> {
    serde_json::to_value(Document::openapi())
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operations",
    responses((status = 200, description = "The interface as OpenAPI 3.1."))
)]
pub(super) async fn document() -> HttpResponse {
    match openapi() {
        Ok(document) => HttpResponse::Ok().json(document),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// One string that an origin found.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `origins` reads leniently")]
pub(super) struct ReportItem {
    /// The string. A string that only contains a token counts for it.
    #[schema(example = "polar_pat_…")]
    token: String,
    /// What the origin takes it for; echoed, never believed.
    #[schema(example = "polar_personal_access_token")]
    r#type: String,
    /// Where it was found; may be empty or missing.
    url: Option<String>,
    /// In what kind of place; may be missing.
    #[schema(example = "commit")]
    source: Option<String>,
}

/// What became of one report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `origins` writes")]
pub(super) struct FeedbackItem {
    /// SHA-256 of the string as sent, in lower-case hexadecimal.
    token_hash: Option<String>,
    /// The string itself, instead of its hash, where that is configured.
    token_raw: Option<String>,
    /// The type as received.
    token_type: String,
    /// Whether we ever issued it.
    label: Label,
}

/// A verdict.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what `origins` writes")]
pub(super) enum Label {
    /// We issued it, whatever became of it since.
    TruePositive,
    /// We never did.
    FalsePositive,
}

/// What went wrong.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `ApiError` writes")]
pub(super) struct ErrorBody {
    /// For programs.
    #[schema(example = "invalid_signature")]
    error: String,
    /// For people. Never repeats what was sent.
    detail: String,
    /// To name when asking about it; also in `X-Request-Id`.
    request_id: Option<String>,
}

/// What went wrong (RFC 6749 5.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `OAuthError` writes")]
pub(super) struct OAuthErrorBody {
    /// For programs.
    #[schema(example = "invalid_request")]
    error: String,
    /// For people.
    error_description: String,
}

/// What is wrong with a request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `ApiError` writes")]
pub(super) struct ProblemsBody {
    /// For programs.
    #[schema(example = "validation_error")]
    error: String,
    /// Each thing that is wrong.
    detail: Vec<Problem>,
    /// To name when asking about it; also in `X-Request-Id`.
    request_id: Option<String>,
}

/// An access token in a form (RFC 6750 2.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `AccessToken` reads")]
pub(super) struct UserInfoForm {
    /// The access token, unless it is in the header.
    #[schema(example = "polar_at_u_…")]
    access_token: Option<String>,
}

/// A new personal access token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewAccessToken` reads")]
pub(super) struct NewPersonalTokenBody {
    /// What it is called. Must not hold a token.
    #[schema(example = "deployment", min_length = 1, max_length = 100)]
    comment: String,
    /// What it may do; may be empty.
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
    /// How long it lives.
    #[schema(required)]
    expires_in: Option<Lifetime>,
}

/// A new organization access token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewOrganizationToken` reads")]
pub(super) struct NewOrganizationTokenBody {
    /// Whose it is.
    #[schema(format = "uuid", example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c22")]
    organization_id: String,
    /// What it is called. Must not hold a token.
    #[schema(example = "deployment", min_length = 1, max_length = 100)]
    comment: String,
    /// What it may do; may be empty.
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
    /// How long it lives.
    #[schema(required)]
    expires_in: Option<Lifetime>,
}

/// Seconds, or an ISO 8601 duration; null is until it is revoked, where operators allow that.
#[derive(Serialize, ToSchema)]
#[schema(example = "P30D")]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what `NewAccessToken` reads")]
pub(super) enum Lifetime {
    Seconds(u64),
    Duration(String),
}

/// What shall be different about an organization access token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Change` reads")]
pub(super) struct ChangedOrganizationTokenBody {
    /// What it is called.
    #[schema(example = "deployment", min_length = 1, max_length = 100)]
    comment: Option<String>,
    /// What it may do.
    #[schema(example = json!(["orders:read"]))]
    scopes: Option<Vec<String>>,
}

/// A question about a token (RFC 7662 2.1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `IntrospectionRequest` reads")]
pub(super) struct IntrospectionForm {
    /// The token.
    token: String,
    /// Accepted and not needed.
    token_type_hint: Option<String>,
    /// From where the token was presented to you; its owner is told when it leaks.
    #[schema(example = "203.0.113.7")]
    ip_address: Option<String>,
}

/// A grant that is exchanged for tokens (RFC 6749 4). Clients without `Authorization: Basic` name
/// themselves with `client_id`, and prove it with `client_secret` unless they are public.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `TokenRequest` reads")]
pub(super) struct TokenForm {
    /// `authorization_code`, `refresh_token`, `client_credentials` or `web`.
    #[schema(example = "authorization_code")]
    grant_type: String,
    /// The code, for `authorization_code`.
    #[schema(example = "polar_ac_…")]
    code: Option<String>,
    /// The same as in the authorization request, for `authorization_code`.
    #[schema(example = "https://app.example/callback")]
    redirect_uri: Option<String>,
    /// What the code challenge was made from (RFC 7636), for `authorization_code`.
    code_verifier: Option<String>,
    /// The refresh token, for `refresh_token`.
    #[schema(example = "polar_rt_u_…")]
    refresh_token: Option<String>,
    /// What the access token shall do at most: names, separated by spaces.
    #[schema(example = "openid orders:read")]
    scope: Option<String>,
    /// For which resource (RFC 8707); may be repeated.
    resource: Option<String>,
    /// The session, for `web`.
    #[schema(example = "polar_us_…")]
    session_token: Option<String>,
    /// `user` or `organization`, for `web`.
    sub_type: Option<String>,
    /// The organization's id, for `web` with `sub_type=organization`.
    sub: Option<String>,
    /// Who asks, without `Authorization: Basic`.
    client_id: Option<String>,
    /// Its secret, without `Authorization: Basic`.
    client_secret: Option<String>,
}

/// What a person said to a client's request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Said` reads")]
pub(super) struct ConsentForm {
    /// `allow` or `deny`.
    #[schema(example = "allow")]
    action: String,
    /// The id of the organization that was chosen, where one had to be.
    organizations: Option<String>,
}

/// A token that is given back (RFC 7009 2.1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `RevocationRequest` reads")]
pub(super) struct RevocationForm {
    /// The token.
    token: String,
    /// Accepted and not needed.
    token_type_hint: Option<String>,
    /// Who asks, without `Authorization: Basic`.
    client_id: Option<String>,
    /// Its secret, without `Authorization: Basic`.
    client_secret: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_every_route_of_the_table() {
        let document = openapi().unwrap();
        let table = include_str!("routes.rs");
        let routes: Vec<_> = table
            .split('"')
            .filter(|piece| piece.starts_with('/') && !piece.contains(char::is_whitespace))
            .collect();
        assert!(routes.len() >= 6);
        for route in routes {
            assert!(document["paths"].get(route).is_some(), "{route}");
        }
    }
}
