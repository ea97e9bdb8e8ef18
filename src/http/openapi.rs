//! The interface as OpenAPI: `GET /openapi.json` and `tokenward openapi`.
//!
//! Each route is described beside its handler; this file gathers them and describes what only
//! crosses the wire.

use actix_web::HttpResponse;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use super::access_tokens::{organizations, personal};
use super::problem::Problem;
use super::{
    authorization, gitlab, global_revocation, internal, introspection, operations, own_token,
    possession, registration, reports, revocation, streams, token, userinfo, web, well_known,
};

mod desks;
mod internal_bodies;
mod members;
mod names;
mod pages;
mod report_bodies;
mod stream_bodies;
mod token_bodies;
mod webhook_bodies;

use desks::Desks;
pub(super) use internal_bodies::{
    BulkRevocationBody, IssuedTokenBody, RevocationItem, RevocationsBody,
};
use names::Names;
use pages::Pages;
pub(super) use report_bodies::{
    CredentialsBody, Done, FeedbackItem, GitlabReportItem, GlobalRevocationBody, Label, Refusals,
    ReportItem,
};
pub(super) use stream_bodies::{
    ChangedStreamBody, NewStatusBody, NewStreamBody, PollBody, ReplacedStreamBody, SubjectBody,
    VerificationBody,
};
pub(super) use token_bodies::{
    ChangedOrganizationTokenBody, NewOrganizationTokenBody, NewPersonalTokenBody, UserInfoForm,
};
pub(super) use webhook_bodies::{ChangedWebhookBody, NewWebhookBody, ReplayBody, WebhookEvent};

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
        internal::revocations::revoke,
        internal::bulk::begin,
        internal::bulk::show,
        internal::tokens::issue,
        internal::exposures::list,
        internal::exposures::show,
        internal::policy::show,
        internal::webhooks::list,
        internal::webhooks::create,
        internal::webhooks::show,
        internal::webhooks::change,
        internal::webhooks::delete,
        internal::webhooks::messages::rotate_secret,
        internal::webhooks::messages::deliveries,
        internal::webhooks::messages::replay,
        internal::webhooks::messages::test,
        streams::metadata,
        streams::create,
        streams::read,
        streams::update,
        streams::replace,
        streams::delete,
        streams::status::read,
        streams::status::update,
        streams::status::verify,
        streams::subjects::add,
        streams::subjects::remove,
        streams::poll::poll,
        reports::gitlab,
        reports::depsdev,
        reports::in_house,
        gitlab::types,
        gitlab::revoke,
        possession::revoke,
        global_revocation::revoke,
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
        web::look::asset,
        web::look::favicon,
        web::language::choose,
        web::dev::letters::list,
        web::dev::letters::show,
        web::dev::letters::html,
        web::dev::components::show,
        web::settings::home,
        web::own_applications::create::new,
        web::own_applications::create::create,
        web::own_applications::change::show,
        web::own_applications::change::change,
        web::own_applications::change::confirm_deletion,
        web::own_applications::change::delete,
        web::own_applications::secrets::add,
        web::own_applications::secrets::revoke,
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
        own_token::show,
        web::tokens::list::list,
        web::tokens::new::form,
        web::tokens::new::create,
        web::tokens::change::ask_to_revoke,
        web::tokens::change::revoke,
        web::tokens::change::ask_for_name,
        web::tokens::change::rename,
        web::tokens::replace::form,
        web::tokens::replace::replace,
        web::exposures::list::list,
        web::exposures::story::show,
        web::sessions::list,
        web::sessions::end,
        web::sessions::end_others,
        operations::healthz,
        operations::readyz,
        operations::metrics,
        document,
    ),
    components(schemas(
        ReportItem, GitlabReportItem, CredentialsBody, GlobalRevocationBody, gitlab::RevocableTypes, FeedbackItem,
        NewStreamBody, ChangedStreamBody, ReplacedStreamBody, NewStatusBody, SubjectBody, VerificationBody,
        PollBody, NewWebhookBody, ChangedWebhookBody, ReplayBody, WebhookEvent, RevocationsBody,
        RevocationItem, BulkRevocationBody, IssuedTokenBody, Label, ErrorBody,
        OAuthErrorBody, IntrospectionForm,
        introspection::Told, introspection::Introspection, introspection::Inactive,
        introspection::Audience, TokenForm, RevocationForm, ConsentForm,
        registration::RegistrationRequest, registration::ClientAnswer, registration::ClientList,
        ProblemsBody, Problem, UserInfoForm, NewPersonalTokenBody, NewOrganizationTokenBody,
        ChangedOrganizationTokenBody, token::TokenAnswer, operations::Readiness, operations::OutboxLag,
    )),
    modifiers(&Credentials, &Desks),
    tags(
        (name = "reports", description = "Where origins report leaked tokens."),
        (name = "internal", description = "For internal services, with a service key."),
        (name = "streams", description = "For machines that receive security events."),
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
        let of_organization = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("organization_token", of_organization);
        let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
        components.add_security_scheme("client_basic", basic);
        let access_token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("access_token", access_token);
        let receiver = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("event_receiver", receiver);
        let registration_token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("registration_token", registration_token);
        let secret = ApiKey::Header(ApiKeyValue::new("Authorization"));
        components.add_security_scheme("gitlab_secret", SecurityScheme::ApiKey(secret));
        let cookie = ApiKey::Cookie(ApiKeyValue::new("tokenward_session"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// The document as JSON.
///
/// # Errors
/// Never: all of it is known when this is compiled.
pub fn openapi() -> Result<Value, serde_json::Error> {
    let mut document = Document::openapi();
    document.merge(Pages::openapi());
    Names.modify(&mut document);
    serde_json::to_value(document)
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

/// What is wrong with a body: what it says, or how it is built.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what `ApiError` writes")]
pub(super) enum MalformedBody {
    /// What it says.
    Meaning(ErrorBody),
    /// How it is built.
    Shape(ProblemsBody),
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
mod tests;
