//! How pages look: the product's name and colour, and one small style sheet.

use std::future::Future;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::{Data, Path};
use sha2::{Digest, Sha256};

use crate::http::api_error::ApiError;
use crate::http::state::ApiState;

const STYLE: &str = include_str!("style.css");

tokio::task_local! {
    static CURRENT: Arc<Look>;
}

/// The product in the visitor's eyes.
#[derive(Debug)]
pub struct Look {
    /// Its name.
    pub brand: String,
    /// Where people get help.
    pub support: String,
    /// The style sheet.
    pub style: StyleSheet,
}

/// The style sheet under a name that changes with it, so that a browser may keep it for ever.
#[derive(Debug)]
pub struct StyleSheet {
    name: String,
    text: String,
}

impl StyleSheet {
    /// The style sheet in the product's colour, `#rrggbb`.
    #[must_use]
    pub fn new(accent: &str) -> Self {
        let text = format!(":root{{--accent:{accent}}}\n{STYLE}");
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        let name = format!("style-{}.css", digest.get(..16).unwrap_or(&digest));
        Self { name, text }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// Answers a request in this look.
pub(in crate::http) async fn within<T>(look: Arc<Look>, work: impl Future<Output = T>) -> T {
    CURRENT.scope(look, work).await
}

/// The look of the request under way.
pub(super) fn current() -> Option<Arc<Look>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// The style sheet of the pages.
#[utoipa::path(
    get,
    path = "/assets/{name}",
    tag = "pages",
    params(("name" = String, Path, description = "As pages link to it.")),
    responses(
        (status = 200, description = "The style sheet.", content_type = "text/css"),
        (status = 404, description = "There is no such file."),
    ),
)]
pub(in crate::http) async fn style_sheet(
    name: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let style = &state.look.style;
    if *name != style.name {
        return Err(ApiError::not_found());
    }
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header(ContentType(mime_css()))
        .body(style.text.clone()))
}

fn mime_css() -> actix_web::mime::Mime {
    actix_web::mime::TEXT_CSS_UTF_8
}
