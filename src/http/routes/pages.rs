//! Where people go.

use actix_web::web::{self, ServiceConfig};

use super::resource;
use crate::http::{authorization, web as pages};

/// Every page.
pub(super) fn all(config: &mut ServiceConfig) {
    authorizing(config);
    own_desk(config);
    organization_desk(config);
    people(config);
    organizations_of_people(config);
    operating(config);
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

/// What operators see.
fn operating(config: &mut ServiceConfig) {
    use pages::admin::{
        audit, deliveries, exposures, origins, outbox, overview, quarantines, revocations, tokens,
    };
    // What has a name of its own goes before what is named by an id.
    deciding(config);
    config
        .service(resource("/admin", "GET").route(web::get().to(overview::show)))
        .service(resource("/admin/deliveries", "GET").route(web::get().to(deliveries::list)))
        .service(resource("/admin/deliveries/{id}", "GET").route(web::get().to(deliveries::show)))
        .service(resource("/admin/exposures", "GET").route(web::get().to(exposures::list)))
        .service(resource("/admin/exposures/{id}", "GET").route(web::get().to(exposures::show)))
        .service(resource("/admin/quarantines", "GET").route(web::get().to(quarantines::list)))
        .service(resource("/admin/quarantines/{id}", "GET").route(web::get().to(quarantines::show)))
        .service(resource("/admin/outbox", "GET").route(web::get().to(outbox::list)))
        .service(resource("/admin/tokens/{id}", "GET").route(web::get().to(tokens::show)))
        .service(resource("/admin/revocations/{id}", "GET").route(web::get().to(revocations::show)))
        .service(resource("/admin/origins", "GET").route(web::get().to(origins::list)))
        .service(resource("/admin/audit", "GET").route(web::get().to(audit::list)));
}

/// What operators decide: each is asked by GET, and done by POST.
fn deciding(config: &mut ServiceConfig) {
    use pages::admin::{origins, outbox, quarantines, revocations, tokens};
    config
        .service(
            resource("/admin/quarantines/{id}/release", "GET, POST")
                .route(web::get().to(quarantines::confirm_release))
                .route(web::post().to(quarantines::release)),
        )
        .service(
            resource("/admin/quarantines/{id}/finish", "GET, POST")
                .route(web::get().to(quarantines::confirm_finish))
                .route(web::post().to(quarantines::finish)),
        )
        .service(
            resource("/admin/outbox/requeue", "GET, POST")
                .route(web::get().to(outbox::confirm_all))
                .route(web::post().to(outbox::requeue_all)),
        )
        .service(
            resource("/admin/outbox/{id}/requeue", "GET, POST")
                .route(web::get().to(outbox::confirm))
                .route(web::post().to(outbox::requeue)),
        )
        .service(
            resource("/admin/tokens", "GET, POST")
                .route(web::get().to(tokens::ask))
                .route(web::post().to(tokens::find)),
        )
        .service(
            resource("/admin/tokens/{id}/revoke", "GET, POST")
                .route(web::get().to(tokens::confirm))
                .route(web::post().to(tokens::revoke)),
        )
        .service(
            resource("/admin/revocations", "GET, POST")
                .route(web::get().to(revocations::list))
                .route(web::post().to(revocations::choose)),
        )
        .service(
            resource("/admin/revocations/new", "GET, POST")
                .route(web::get().to(revocations::confirm))
                .route(web::post().to(revocations::begin)),
        )
        .service(
            resource("/admin/origins/{id}/reset", "GET, POST")
                .route(web::get().to(origins::confirm))
                .route(web::post().to(origins::reset)),
        );
}

/// What developers look at while letters go into a folder.
pub(super) fn developing(config: &mut ServiceConfig) {
    use pages::dev::{components, letters};
    config
        .service(resource("/dev/mail", "GET").route(web::get().to(letters::list)))
        .service(resource("/dev/mail/{name}", "GET").route(web::get().to(letters::show)))
        .service(resource("/dev/mail/{name}/html", "GET").route(web::get().to(letters::html)))
        .service(resource("/dev/components", "GET").route(web::get().to(components::show)));
}
