//! What operators and members of organizations see: pages that no program asks for.

use utoipa::OpenApi;

use super::members;
use crate::http::web::admin;

/// The part of the document that describes them.
#[derive(OpenApi)]
#[openapi(paths(
    admin::audit::list,
    admin::deliveries::list,
    admin::deliveries::show,
    admin::exposures::list,
    admin::exposures::show,
    admin::origins::confirm,
    admin::origins::list,
    admin::origins::reset,
    admin::outbox::confirm,
    admin::outbox::confirm_all,
    admin::outbox::list,
    admin::outbox::requeue,
    admin::outbox::requeue_all,
    admin::overview::show,
    admin::quarantines::confirm_finish,
    admin::quarantines::confirm_release,
    admin::quarantines::finish,
    admin::quarantines::list,
    admin::quarantines::release,
    admin::quarantines::show,
    admin::revocations::begin,
    admin::revocations::choose,
    admin::revocations::confirm,
    admin::revocations::list,
    admin::revocations::show,
    admin::tokens::ask,
    admin::tokens::confirm,
    admin::tokens::find,
    admin::tokens::revoke,
    admin::tokens::show,
    members::list,
    members::show,
    members::add,
    members::member,
    members::set_role,
    members::confirm_removal,
    members::remove,
))]
pub(super) struct Pages;
