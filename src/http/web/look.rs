//! How pages look: the product's name, colour and mark, one small style sheet and a little script.

use std::future::Future;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::{Bytes, Data, Path};
use sha2::{Digest, Sha256};

use super::color::Color;
use super::eyes::Eyes;
use crate::http::api_error::ApiError;
use crate::http::state::ApiState;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("site.js");
const MARK: &str = include_str!("mark.svg");

tokio::task_local! {
    static CURRENT: Arc<Eyes>;
}

/// The product in the visitor's eyes.
#[derive(Debug)]
pub struct Look {
    /// Its name.
    pub brand: String,
    /// Where people get help.
    pub support: String,
    /// The style sheet.
    pub style: Asset,
    /// The script.
    pub script: Asset,
    /// The product's mark.
    pub logo: Asset,
}

/// What a product looks like, as its operators say it.
#[derive(Debug)]
pub struct BrandLook<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where people get help.
    pub support: &'a str,
    /// Its colour, `#rrggbb`.
    pub accent: &'a str,
    /// Its mark and what that is: `image/svg+xml` or `image/png`. None is a mark in its colour.
    pub logo: Option<(Vec<u8>, &'static str)>,
}

impl Look {
    /// The look of this brand.
    #[must_use]
    pub fn new(brand: BrandLook<'_>) -> Self {
        let accent = Color::parse(brand.accent).unwrap_or(Color::BLACK);
        let style = format!("{}{STYLE}", accents(accent));
        let (logo, kind) = brand
            .logo
            .unwrap_or_else(|| (mark(accent), "image/svg+xml"));
        let ending = match kind {
            "image/png" => "png",
            _ => "svg",
        };
        Self {
            brand: brand.name.to_owned(),
            support: brand.support.to_owned(),
            style: Asset::new(
                "style",
                "css",
                "text/css; charset=utf-8",
                style.into_bytes(),
            ),
            script: Asset::new(
                "site",
                "js",
                "text/javascript; charset=utf-8",
                SCRIPT.into(),
            ),
            logo: Asset::new("logo", ending, kind, logo),
        }
    }

    fn asset(&self, name: &str) -> Option<&Asset> {
        let all = [&self.style, &self.script, &self.logo];
        all.into_iter().find(|asset| asset.name == name)
    }
}

/// The brand's colour as the style sheet uses it: to fill, on what is filled, and to write with.
fn accents(accent: Color) -> String {
    let variables = |behind: Color| {
        format!(
            ":root{{--accent:{accent};--on-accent:{};--accent-ink:{}}}",
            accent.ink(),
            accent.readable_on(behind),
        )
    };
    format!(
        "{}\n@media (prefers-color-scheme:dark){{{}}}\n",
        variables(Color::LIGHT),
        variables(Color::DARK),
    )
}

fn mark(accent: Color) -> Vec<u8> {
    let mark = MARK.replace("ACCENT", &accent.to_string());
    mark.replace("ON", &accent.ink().to_string()).into_bytes()
}

/// A file under a name that changes with it, so that a browser may keep it for ever.
#[derive(Debug)]
pub struct Asset {
    name: String,
    kind: &'static str,
    content: Bytes,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, content: Vec<u8>) -> Self {
        let digest = hex::encode(Sha256::digest(&content));
        let digest = digest.get(..16).unwrap_or(&digest);
        Self {
            name: format!("{stem}-{digest}.{ending}"),
            kind,
            content: content.into(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// Answers a request as somebody looks at it.
pub(in crate::http) async fn within<T>(eyes: Eyes, work: impl Future<Output = T>) -> T {
    CURRENT.scope(Arc::new(eyes), work).await
}

/// Who looks at the answer to the request under way.
pub(super) fn current() -> Option<Arc<Eyes>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// The style sheet, the script and the mark of the pages.
#[utoipa::path(
    get,
    path = "/assets/{name}",
    tag = "pages",
    params(("name" = String, Path, description = "As pages link to it.")),
    responses(
        (status = 200, description = "The file."),
        (status = 404, description = "There is no such file."),
    ),
)]
pub(in crate::http) async fn asset(
    name: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let asset = state.look.asset(&name).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((CONTENT_TYPE, asset.kind))
        // A picture that is opened by itself is a document, and could hold script.
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(asset.content.clone()))
}

/// Browsers ask for it whatever a page says.
#[utoipa::path(
    get,
    path = "/favicon.ico",
    tag = "pages",
    responses((status = 303, description = "On to the product's mark.")),
)]
pub(in crate::http) async fn favicon(state: Data<ApiState>) -> HttpResponse {
    super::page::see_other(&state.look.logo.path())
}
