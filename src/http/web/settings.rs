//! `/settings`: the front page of whoever is signed in.

use actix_web::HttpResponse;

use super::page::see_other;
use super::return_to::ReturnTo;

/// On to the first of the settings.
#[utoipa::path(
    get,
    path = "/settings",
    tag = "pages",
    responses((status = 303, description = "On to the first of the settings.")),
)]
pub(in crate::http) async fn home() -> HttpResponse {
    see_other(ReturnTo::home().as_str())
}
