//! One page: what every page has, and the headers that protect it.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, HeaderName, LOCATION, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS,
};
use askama::Template;

use super::error::PageError;
use super::look;
use crate::http::state::ApiState;

/// What every template shows around its own part.
pub(in crate::http) struct Page {
    pub(in crate::http) title: String,
    pub(in crate::http) brand: String,
    pub(in crate::http) style: String,
    /// The text that forms carry.
    pub(in crate::http) csrf: String,
    /// Who is signed in.
    pub(in crate::http) who: Option<String>,
}

/// Where forms of a page may send to, besides ourselves. A browser asks this of every address that
/// a sent form is redirected to as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) enum Sending {
    /// Nowhere else.
    Ourselves,
    /// To this source as well (CSP3 2.3.1), such as `https:`.
    Also(String),
    /// Anywhere: signing in may end at any client.
    Anywhere,
}

impl Page {
    /// The frame of a page with this title.
    pub(in crate::http) fn new(state: &ApiState, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            brand: state.look.brand.clone(),
            style: state.look.style.path(),
            csrf: String::new(),
            who: None,
        }
    }

    /// Renders a template that holds this page.
    pub(in crate::http) fn render(
        template: &impl Template,
        sending: &Sending,
        state: &ApiState,
    ) -> Result<HttpResponse, PageError> {
        Self::render_with(template, StatusCode::OK, sending, state)
    }

    /// As [`Page::render`], with another status.
    pub(in crate::http) fn render_with(
        template: &impl Template,
        status: StatusCode,
        sending: &Sending,
        state: &ApiState,
    ) -> Result<HttpResponse, PageError> {
        let html = template.render().map_err(|_| PageError::defect())?;
        Ok(guarded(
            html,
            status,
            &policy(sending, None, None),
            state.cookies.secure(),
        ))
    }

    /// As [`Page::render`], for a page with images from this source (CSP3 2.3.1), if any.
    pub(in crate::http) fn render_with_images(
        template: &impl Template,
        images: Option<&str>,
        sending: &Sending,
        state: &ApiState,
    ) -> Result<HttpResponse, PageError> {
        let html = template.render().map_err(|_| PageError::defect())?;
        let policy = policy(sending, None, images);
        Ok(guarded(
            html,
            StatusCode::OK,
            &policy,
            state.cookies.secure(),
        ))
    }

    /// As [`Page::render`], for a page whose only script has this nonce.
    pub(in crate::http) fn render_scripted(
        template: &impl Template,
        nonce: &str,
        sending: &Sending,
        state: &ApiState,
    ) -> Result<HttpResponse, PageError> {
        let html = template.render().map_err(|_| PageError::defect())?;
        let policy = policy(sending, Some(nonce), None);
        Ok(guarded(
            html,
            StatusCode::OK,
            &policy,
            state.cookies.secure(),
        ))
    }
}

fn policy(sending: &Sending, nonce: Option<&str>, images: Option<&str>) -> String {
    let mut policy = "default-src 'none'; style-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; img-src 'self'"
        .to_owned();
    if let Some(source) = images {
        let _ = write!(policy, " {source}");
    }
    match sending {
        Sending::Ourselves => policy.push_str("; form-action 'self'"),
        Sending::Also(source) => {
            let _ = write!(policy, "; form-action 'self' {source}");
        }
        Sending::Anywhere => {}
    }
    if let Some(nonce) = nonce {
        let _ = write!(policy, "; script-src 'nonce-{nonce}'");
    }
    policy
}

/// A page with the headers that keep it to whoever it is for.
pub(super) fn guarded(
    html: String,
    status: StatusCode,
    policy: &str,
    secure: bool,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response
        .insert_header(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ));
    if secure {
        response.insert_header((STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    response.body(html)
}

/// The page that says what went wrong.
pub(super) fn error_page(status: StatusCode, title: &str, detail: &str) -> HttpResponse {
    let look = look::current();
    let template = ErrorPage {
        page: Page {
            title: title.to_owned(),
            brand: look
                .as_ref()
                .map(|look| look.brand.clone())
                .unwrap_or_default(),
            style: look
                .as_ref()
                .map(|look| look.style.path())
                .unwrap_or_default(),
            csrf: String::new(),
            who: None,
        },
        detail,
        support: look
            .as_ref()
            .map(|look| look.support.as_str())
            .unwrap_or_default(),
        request_id: crate::http::request_id::current()
            .map(|id| id.to_string())
            .unwrap_or_default(),
    };
    let html = template.render().unwrap_or_else(|_| title.to_owned());
    guarded(
        html,
        status,
        &policy(&Sending::Ourselves, None, None),
        false,
    )
}

#[derive(Template)]
#[template(path = "error.html", config = "src/http/web/askama.toml")]
struct ErrorPage<'a> {
    page: Page,
    detail: &'a str,
    support: &'a str,
    request_id: String,
}

/// Sends the browser on with a GET, whatever it did (RFC 9700 4.12: never 307).
pub(in crate::http) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish()
}
