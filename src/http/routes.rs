//! Every route in one table.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource};

use super::access_tokens::{organizations, personal};
use super::api_error::ApiError;
use super::cors::any_origin;
use super::state::{ApiState, Intake};
use super::{
    authorization, gitlab, global_revocation, internal, introspection, openapi, operations,
    own_token, possession, registration, reports, revocation, streams, token, userinfo,
    web as pages, well_known,
};
use crate::origins::OriginSpec;

/// The addresses, each with the methods it answers to.
pub fn configure(config: &mut ServiceConfig, state: &ApiState) {
    reporting(config, state);
    well_known_routes(config);
    oauth(config);
    authorizing(config);
    own_desk(config);
    organization_desk(config);
    access_tokens(config);
    services(config);
    webhooks(config);
    if state.ctx.policy.shared_signals.enabled {
        streams(config);
    }
    people(config);
    organizations_of_people(config);
    operating(config);
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

/// How internal services manage who is told by machine.
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

/// Where a person allows a client to act for them, and takes that back.
fn authorizing(config: &mut ServiceConfig) {
    config
        .service(
            resource("/oauth2/authorize", "GET, POST")
                .route(web::get().to(pages::authorize::by_get))
                .route(web::post().to(pages::authorize::by_post)),
        )
        .service(
            resource("/oauth2/authorize/consent", "POST")
                .route(web::post().to(pages::authorize::consent)),
        )
        .service(
            resource("/v1/oauth2/authorize", "GET").route(web::get().to(authorization::question)),
        )
        .service(
            resource("/v1/oauth2/consent", "POST").route(web::post().to(authorization::consent)),
        )
        .service(
            resource("/settings/applications", "GET")
                .route(web::get().to(pages::applications::list)),
        )
        .service(
            resource("/settings/applications/withdraw", "POST")
                .route(web::post().to(pages::applications::withdraw)),
        );
    own_applications(config);
}

/// What somebody makes to sign others in.
fn own_applications(config: &mut ServiceConfig) {
    use pages::own_applications::{change, create, secrets};
    config
        .service(
            resource("/settings/applications/new", "GET, POST")
                .route(web::get().to(create::new))
                .route(web::post().to(create::create)),
        )
        .service(
            resource("/settings/applications/{client_id}", "GET, POST")
                .route(web::get().to(change::show))
                .route(web::post().to(change::change)),
        )
        .service(
            resource("/settings/applications/{client_id}/delete", "GET, POST")
                .route(web::get().to(change::confirm_deletion))
                .route(web::post().to(change::delete)),
        )
        .service(
            resource("/settings/applications/{client_id}/secrets", "POST")
                .route(web::post().to(secrets::add)),
        )
        .service(
            resource("/settings/applications/{client_id}/secrets/revoke", "POST")
                .route(web::post().to(secrets::revoke)),
        );
}

/// What people keep themselves.
fn own_desk(config: &mut ServiceConfig) {
    use pages::{exposures, tokens};
    config
        .service(resource("/settings/tokens", "GET").route(web::get().to(tokens::list::list)))
        .service(
            resource("/settings/tokens/new", "GET, POST")
                .route(web::get().to(tokens::new::form))
                .route(web::post().to(tokens::new::create)),
        )
        .service(
            resource("/settings/tokens/{id}/rename", "GET, POST")
                .route(web::get().to(tokens::change::ask_for_name))
                .route(web::post().to(tokens::change::rename)),
        )
        .service(
            resource("/settings/tokens/{id}/revoke", "GET, POST")
                .route(web::get().to(tokens::change::ask_to_revoke))
                .route(web::post().to(tokens::change::revoke)),
        )
        .service(
            resource("/settings/tokens/{id}/replace", "GET, POST")
                .route(web::get().to(tokens::replace::form))
                .route(web::post().to(tokens::replace::replace)),
        )
        .service(resource("/settings/exposures", "GET").route(web::get().to(exposures::list::list)))
        .service(
            resource("/settings/exposures/{id}", "GET")
                .route(web::get().to(exposures::story::show)),
        );
}

/// What organizations keep, looked after by those who manage them.
fn organization_desk(config: &mut ServiceConfig) {
    use pages::{exposures, tokens};
    config
        .service(
            resource("/organizations/{slug}/tokens", "GET")
                .route(web::get().to(tokens::list::list)),
        )
        .service(
            resource("/organizations/{slug}/tokens/new", "GET, POST")
                .route(web::get().to(tokens::new::form))
                .route(web::post().to(tokens::new::create)),
        )
        .service(
            resource("/organizations/{slug}/tokens/{id}/rename", "GET, POST")
                .route(web::get().to(tokens::change::ask_for_name))
                .route(web::post().to(tokens::change::rename)),
        )
        .service(
            resource("/organizations/{slug}/tokens/{id}/revoke", "GET, POST")
                .route(web::get().to(tokens::change::ask_to_revoke))
                .route(web::post().to(tokens::change::revoke)),
        )
        .service(
            resource("/organizations/{slug}/tokens/{id}/replace", "GET, POST")
                .route(web::get().to(tokens::replace::form))
                .route(web::post().to(tokens::replace::replace)),
        )
        .service(
            resource("/organizations/{slug}/exposures", "GET")
                .route(web::get().to(exposures::list::list)),
        )
        .service(
            resource("/organizations/{slug}/exposures/{id}", "GET")
                .route(web::get().to(exposures::story::show)),
        );
}

/// Where people sign in and out.
fn people(config: &mut ServiceConfig) {
    config
        .service(resource("/assets/{name}", "GET").route(web::get().to(pages::look::asset)))
        .service(resource("/favicon.ico", "GET").route(web::get().to(pages::look::favicon)))
        .service(resource("/language", "POST").route(web::post().to(pages::language::choose)))
        .service(resource("/settings", "GET").route(web::get().to(pages::settings::home)))
        .service(
            resource("/login", "GET, POST")
                .route(web::get().to(pages::login::login))
                .route(web::post().to(pages::login::send_code)),
        )
        .service(
            resource("/login/code", "GET, POST")
                .route(web::get().to(pages::login::code))
                .route(web::post().to(pages::login::enter_code)),
        )
        .service(
            resource("/oauth2/logout", "GET, POST")
                .route(web::get().to(pages::logout::end_session))
                .route(web::post().to(pages::logout::end_session_by_form)),
        )
        .service(
            resource("/oauth2/logout/confirm", "POST")
                .route(web::post().to(pages::logout::confirm_sign_out)),
        )
        .service(resource("/logout", "POST").route(web::post().to(pages::login::sign_out)))
        .service(resource("/settings/sessions", "GET").route(web::get().to(pages::sessions::list)))
        .service(
            resource("/settings/sessions/end", "POST").route(web::post().to(pages::sessions::end)),
        )
        .service(
            resource("/settings/sessions/end-others", "POST")
                .route(web::post().to(pages::sessions::end_others)),
        );
}

/// Organizations, for those who are in them.
fn organizations_of_people(config: &mut ServiceConfig) {
    use pages::organizations as all;
    config
        .service(resource("/organizations", "GET").route(web::get().to(all::list)))
        .service(
            resource("/organizations/{slug}", "GET, POST")
                .route(web::get().to(all::show))
                .route(web::post().to(all::add)),
        )
        .service(
            resource("/organizations/{slug}/members/{user}", "GET, POST")
                .route(web::get().to(all::member))
                .route(web::post().to(all::set_role)),
        )
        .service(
            resource("/organizations/{slug}/members/{user}/remove", "GET, POST")
                .route(web::get().to(all::member))
                .route(web::post().to(all::remove)),
        );
}

/// What operators see and do.
fn operating(config: &mut ServiceConfig) {
    use pages::admin::{
        audit, deliveries, exposures, origins, outbox, overview, quarantines, revocations, tokens,
    };
    macro_rules! page {
        ($path:literal, $get:expr) => {
            config.service(resource($path, "GET").route(web::get().to($get)))
        };
        ($path:literal, $get:expr, $post:expr) => {
            config.service(
                resource($path, "GET, POST")
                    .route(web::get().to($get))
                    .route(web::post().to($post)),
            )
        };
    }
    page!("/admin", overview::show);
    page!("/admin/deliveries", deliveries::list);
    page!("/admin/deliveries/{id}", deliveries::show);
    page!("/admin/exposures", exposures::list);
    page!("/admin/exposures/{id}", exposures::show);
    page!("/admin/quarantines", quarantines::list);
    page!("/admin/quarantines/{id}", quarantines::show);
    page!(
        "/admin/quarantines/{id}/release",
        quarantines::confirm_release,
        quarantines::release
    );
    page!(
        "/admin/quarantines/{id}/finish",
        quarantines::confirm_finish,
        quarantines::finish
    );
    page!("/admin/outbox", outbox::list);
    page!("/admin/outbox/requeue", outbox::confirm, outbox::requeue);
    page!(
        "/admin/outbox/{id}/requeue",
        outbox::confirm,
        outbox::requeue
    );
    page!("/admin/tokens", tokens::ask, tokens::find);
    page!("/admin/tokens/{id}", tokens::show);
    page!("/admin/tokens/{id}/revoke", tokens::confirm, tokens::revoke);
    page!("/admin/revocations", revocations::list, revocations::choose);
    page!(
        "/admin/revocations/new",
        revocations::confirm,
        revocations::begin
    );
    page!("/admin/revocations/{id}", revocations::show);
    page!("/admin/origins", origins::list);
    page!(
        "/admin/origins/{id}/reset",
        origins::confirm,
        origins::reset
    );
    page!("/admin/audit", audit::list);
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
