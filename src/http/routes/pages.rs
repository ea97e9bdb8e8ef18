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

/// What developers look at while letters go into a folder.
pub(super) fn developing(config: &mut ServiceConfig) {
    use pages::dev::{components, letters};
    config
        .service(resource("/dev/mail", "GET").route(web::get().to(letters::list)))
        .service(resource("/dev/mail/{name}", "GET").route(web::get().to(letters::show)))
        .service(resource("/dev/mail/{name}/html", "GET").route(web::get().to(letters::html)))
        .service(resource("/dev/components", "GET").route(web::get().to(components::show)));
}
