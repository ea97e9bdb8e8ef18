//! Every route in one table.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource};

use super::access_tokens::{organizations, personal};
use super::api_error::ApiError;
use super::cors::any_origin;
use super::state::{ApiState, Intake};
use super::{
    gitlab, global_revocation, internal, introspection, openapi, operations, own_token, possession,
    registration, reports, revocation, streams, token, userinfo, well_known,
};
use crate::origins::OriginSpec;

mod pages;

/// The addresses, each with the methods it answers to.
pub fn configure(config: &mut ServiceConfig, state: &ApiState) {
    reporting(config, state);
    well_known_routes(config);
    oauth(config);
    access_tokens(config);
    services(config);
    webhooks(config);
    if state.ctx.policy.shared_signals.enabled {
        streams(config);
    }
    pages::all(config);
    if state.mailbox.is_some() {
        pages::developing(config);
    }
    running(config);
    config.default_service(web::to(not_found));
}

/// Where origins report leaks: an address for each that may.
fn reporting(config: &mut ServiceConfig, state: &ApiState) {
    if state.intake("github").is_some() {
        config.service(
            resource("/v1/integrations/github/secret-scanning", "POST")
                .route(web::post().to(reports::github)),
        );
    }
    if state.intake("gitlab").is_some() {
        config.service(
            resource("/v1/integrations/gitlab/secret-scanning", "POST")
                .route(web::post().to(reports::gitlab)),
        );
    }
    if state.intake("depsdev").is_some() {
        config.service(
            resource("/v1/integrations/depsdev/secret-scanning", "POST")
                .route(web::post().to(reports::depsdev)),
        );
    }
    if state.gitlab.is_some() {
        config
            .service(
                resource("/v1/integrations/gitlab/revocable_token_types", "GET")
                    .route(web::get().to(gitlab::types)),
            )
            .service(
                resource("/v1/integrations/gitlab/revoke_tokens", "POST")
                    .route(web::post().to(gitlab::revoke)),
            );
    }
    if state.possession {
        config.service(
            resource("/v1/credentials/revoke", "POST").route(web::post().to(possession::revoke)),
        );
    }
    config.service(
        resource("/v1/global-token-revocation", "POST")
            .route(web::post().to(global_revocation::revoke)),
    );
    let name = |intake: &Intake| intake.keys.spec().origin.clone();
    let in_house = |intake: &Intake| OriginSpec::find(name(intake).as_str()).is_none();
    if state.intakes.iter().any(in_house) {
        config.service(
            resource("/v1/integrations/{origin}/secret-scanning", "POST")
                .route(web::post().to(reports::in_house)),
        );
    }
}

/// What clients read before anything else.
fn well_known_routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/.well-known/openid-configuration", "GET")
                .route(web::get().to(well_known::openid_configuration))
                .wrap(any_origin()),
        )
        .service(
            resource("/.well-known/oauth-authorization-server", "GET")
                .route(web::get().to(well_known::authorization_server))
                .wrap(any_origin()),
        )
        .service(
            resource("/.well-known/jwks.json", "GET")
                .route(web::get().to(well_known::jwks))
                .wrap(any_origin()),
        );
}

/// What clients call.
fn oauth(config: &mut ServiceConfig) {
    config
        .service(
            resource("/v1/oauth2/token", "POST")
                .route(web::post().to(token::token))
                .wrap(any_origin()),
        )
        .service(
            resource("/v1/oauth2/revoke", "POST")
                .route(web::post().to(revocation::revoke))
                .wrap(any_origin()),
        )
        .service(
            resource("/v1/oauth2/introspect", "POST")
                .route(web::post().to(introspection::introspect)),
        )
        .service(
            resource("/v1/oauth2/register", "POST")
                .route(web::post().to(registration::register))
                .wrap(any_origin()),
        )
        .service(
            resource("/v1/oauth2/register/{client_id}", "GET, PUT, DELETE")
                .route(web::get().to(registration::show))
                .route(web::put().to(registration::replace))
                .route(web::delete().to(registration::delete))
                .wrap(any_origin()),
        )
        .service(list("/v1/oauth2/", "GET").route(web::get().to(registration::list)))
        .service(
            resource("/v1/oauth2/userinfo", "GET, POST")
                .route(web::get().to(userinfo::by_get))
                .route(web::post().to(userinfo::by_post))
                .wrap(any_origin()),
        );
}

/// The long-lived tokens that people manage themselves. Lists end with a slash, or without one.
fn access_tokens(config: &mut ServiceConfig) {
    config
        .service(
            list("/v1/personal_access_tokens/", "GET, POST")
                .route(web::get().to(personal::list))
                .route(web::post().to(personal::create)),
        )
        .service(
            resource("/v1/personal_access_tokens/{id}", "DELETE")
                .route(web::delete().to(personal::delete)),
        )
        .service(
            list("/v1/organization-access-tokens/", "GET, POST")
                .route(web::get().to(organizations::list))
                .route(web::post().to(organizations::create)),
        )
        .service(
            resource("/v1/organization-access-tokens/{id}", "PATCH, DELETE")
                .route(web::patch().to(organizations::update))
                .route(web::delete().to(organizations::delete)),
        );
}

/// What internal services call with a service key.
fn services(config: &mut ServiceConfig) {
    config
        .service(
            resource("/v1/revocations", "POST")
                .route(web::post().to(internal::revocations::revoke)),
        )
        .service(
            resource("/v1/revocations/bulk", "POST").route(web::post().to(internal::bulk::begin)),
        )
        .service(
            resource("/v1/revocations/bulk/{id}", "GET").route(web::get().to(internal::bulk::show)),
        )
        .service(resource("/v1/tokens", "POST").route(web::post().to(internal::tokens::issue)))
        .service(resource("/v1/tokens/self", "GET").route(web::get().to(own_token::show)))
        .service(resource("/v1/policy", "GET").route(web::get().to(internal::policy::show)))
        .service(resource("/v1/exposures", "GET").route(web::get().to(internal::exposures::list)))
        .service(
            resource("/v1/exposures/{id}", "GET").route(web::get().to(internal::exposures::show)),
        );
}

/// How internal services and organizations manage who is told by machine.
fn webhooks(config: &mut ServiceConfig) {
    use internal::webhooks::{self, messages};
    config
        .service(
            resource("/v1/webhooks", "GET, POST")
                .route(web::get().to(webhooks::list))
                .route(web::post().to(webhooks::create)),
        )
        .service(
            resource("/v1/webhooks/{id}", "GET, PATCH, DELETE")
                .route(web::get().to(webhooks::show))
                .route(web::patch().to(webhooks::change))
                .route(web::delete().to(webhooks::delete)),
        )
        .service(
            resource("/v1/webhooks/{id}/secret", "POST")
                .route(web::post().to(messages::rotate_secret)),
        )
        .service(
            resource("/v1/webhooks/{id}/deliveries", "GET")
                .route(web::get().to(messages::deliveries)),
        )
        .service(
            resource("/v1/webhooks/{id}/replay", "POST").route(web::post().to(messages::replay)),
        )
        .service(resource("/v1/webhooks/{id}/test", "POST").route(web::post().to(messages::test)));
}

/// How machines receive security events.
fn streams(config: &mut ServiceConfig) {
    config.service(
        resource("/.well-known/ssf-configuration", "GET")
            .route(web::get().to(streams::metadata))
            .wrap(any_origin()),
    );
    config
        .service(
            resource("/v1/ssf/streams", "GET, POST, PATCH, PUT, DELETE")
                .route(web::get().to(streams::read))
                .route(web::post().to(streams::create))
                .route(web::patch().to(streams::update))
                .route(web::put().to(streams::replace))
                .route(web::delete().to(streams::delete)),
        )
        .service(
            resource("/v1/ssf/status", "GET, POST")
                .route(web::get().to(streams::status::read))
                .route(web::post().to(streams::status::update)),
        )
        .service(
            resource("/v1/ssf/subjects/add", "POST").route(web::post().to(streams::subjects::add)),
        )
        .service(
            resource("/v1/ssf/subjects/remove", "POST")
                .route(web::post().to(streams::subjects::remove)),
        )
        .service(resource("/v1/ssf/verify", "POST").route(web::post().to(streams::status::verify)))
        .service(
            resource("/v1/ssf/poll/{stream_id}", "POST").route(web::post().to(streams::poll::poll)),
        );
}

/// For load balancers and dashboards.
fn running(config: &mut ServiceConfig) {
    config
        .service(
            resource("/healthz", "GET, HEAD")
                .route(web::get().to(operations::healthz))
                .route(web::head().to(operations::healthz)),
        )
        .service(
            resource("/readyz", "GET, HEAD")
                .route(web::get().to(operations::readyz))
                .route(web::head().to(operations::readyz)),
        )
        .service(resource("/metrics", "GET").route(web::get().to(operations::metrics)))
        .service(resource("/openapi.json", "GET").route(web::get().to(openapi::document)));
}

/// An address that answers to these methods and names them to whoever tries another.
fn resource(path: &str, methods: &'static str) -> Resource {
    refusing_others(web::resource(path), methods)
}

fn list(path: &str, methods: &'static str) -> Resource {
    refusing_others(web::resource([path, path.trim_end_matches('/')]), methods)
}

fn refusing_others(resource: Resource, methods: &'static str) -> Resource {
    let refuse =
        move || async move { Err::<HttpResponse, _>(ApiError::method_not_allowed(methods)) };
    resource.default_service(web::to(refuse))
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found())
}
