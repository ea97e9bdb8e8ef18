//! What clients read before anything else: OpenID Connect Discovery 1.0, RFC 8414, and the public
//! keys (RFC 7517 5). Nothing here depends on the headers of a request.

use actix_web::http::header::{CACHE_CONTROL, ContentType, ETAG, IF_NONE_MATCH};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::api_error::ApiError;
use super::state::ApiState;
use crate::domain::{Context, signing_keys};
use crate::model::{AuthMethod, GrantType, RegistrationPolicy, SigningAlgorithm};

/// For so long a client may keep what it read; a new key is published for longer before it signs.
const KEEP: &str = "public, max-age=300";

/// What this server can do (OpenID Connect Discovery 3).
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "oauth",
    responses((status = 200, description = "The metadata.", body = Value)),
)]
pub(super) async fn openid_configuration(state: Data<ApiState>) -> HttpResponse {
    metadata(&state.ctx)
}

/// What this server can do (RFC 8414 2); the same as at the OpenID address.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    tag = "oauth",
    responses((status = 200, description = "The metadata.", body = Value)),
)]
pub(super) async fn authorization_server(state: Data<ApiState>) -> HttpResponse {
    metadata(&state.ctx)
}

/// The keys that sign ID tokens and logout tokens (RFC 7517 5).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "oauth",
    responses(
        (status = 200, description = "The public keys.", body = Value),
        (status = 304, description = "The keys are those that the caller has."),
        (status = 503, description = "The service cannot answer now.", body = Value),
    ),
)]
pub(super) async fn jwks(
    request: HttpRequest,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let document = signing_keys::document(&state.ctx).await?;
    let known = request.headers().get_all(IF_NONE_MATCH);
    let known = known.filter_map(|value| value.to_str().ok());
    let matches = known
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == document.etag || tag == "*");
    let mut response = match matches {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    response
        .insert_header((ETAG, document.etag.as_str()))
        .insert_header((CACHE_CONTROL, KEEP));
    Ok(match matches {
        true => response.finish(),
        false => response
            .insert_header(ContentType::json())
            .body(document.body.clone()),
    })
}

fn metadata(ctx: &Context) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEEP))
        .json(members(ctx))
}

/// The metadata; what operators closed is not in it.
fn members(ctx: &Context) -> Value {
    let mut members = all_members(ctx);
    let closed = ctx.policy.oauth.registration == RegistrationPolicy::Closed;
    if let Some(members) = members.as_object_mut().filter(|_| closed) {
        members.remove("registration_endpoint");
    }
    members
}

fn all_members(ctx: &Context) -> Value {
    let at = |path: &str| format!("{}{path}", ctx.public_url);
    let secret_methods = [
        AuthMethod::ClientSecretBasic.name(),
        AuthMethod::ClientSecretPost.name(),
    ];
    json!({
        "issuer": ctx.issuer,
        "authorization_endpoint": at("/oauth2/authorize"),
        "token_endpoint": at("/v1/oauth2/token"),
        "userinfo_endpoint": at("/v1/oauth2/userinfo"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "registration_endpoint": at("/v1/oauth2/register"),
        "revocation_endpoint": at("/v1/oauth2/revoke"),
        "introspection_endpoint": at("/v1/oauth2/introspect"),
        "end_session_endpoint": at("/oauth2/logout"),
        "global_token_revocation_endpoint": at("/v1/global-token-revocation"),
        "scopes_supported": ctx.policy.oauth.scopes.all().iter().collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": GrantType::ALL.map(GrantType::name),
        "token_endpoint_auth_methods_supported": AuthMethod::ALL.map(AuthMethod::name),
        "revocation_endpoint_auth_methods_supported": AuthMethod::ALL.map(AuthMethod::name),
        "introspection_endpoint_auth_methods_supported": secret_methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SigningAlgorithm::ALL.map(SigningAlgorithm::name),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "name",
            "email", "email_verified",
        ],
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    })
}
