//! Which pages of other sites may read our answers (Fetch 3.2).

use actix_cors::Cors;
use actix_web::http::header::{ETAG, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};

use super::limiting::{POLICY, STANDING};

/// For so many seconds a browser need not ask again.
const KEEP: usize = 3_600;

/// Pages of every origin, because clients that run in browsers are everywhere. Never with cookies:
/// what such a page gets, it must know a token, code or secret for.
pub(super) fn any_origin() -> Cors {
    Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allow_any_header()
        .expose_headers([ETAG, RETRY_AFTER, WWW_AUTHENTICATE])
        .expose_headers([POLICY, STANDING].map(HeaderName::from_static))
        .max_age(KEEP)
}
