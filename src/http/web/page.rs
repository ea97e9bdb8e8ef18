//! One page: what every page has, and the headers that protect it.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, HeaderName, LOCATION, REFERRER_POLICY,
    X_FRAME_OPTIONS,
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

/// What a browser may do for a page.
#[derive(Clone, Debug)]
pub(in crate::http) struct Policy<'a> {
    /// Where its forms send to.
    pub(in crate::http) sending: Sending,
    /// The nonce of its only script.
    pub(in crate::http) script: Option<&'a str>,
    /// Where images come from (CSP3 2.3.1), besides ourselves.
    pub(in crate::http) images: Option<&'a str>,
}

impl Policy<'_> {
    /// No script, and nothing from elsewhere.
    pub(in crate::http) const fn new(sending: Sending) -> Self {
        Self {
            sending,
            script: None,
            images: None,
        }
    }

    fn content_security(&self) -> String {
        let mut policy = "default-src 'none'; style-src 'self'; base-uri 'none'; \
                          frame-ancestors 'none'; img-src 'self'"
            .to_owned();
        if let Some(source) = self.images {
            let _ = write!(policy, " {source}");
        }
        match &self.sending {
            Sending::Ourselves => policy.push_str("; form-action 'self'"),
            Sending::Also(source) => {
                let _ = write!(policy, "; form-action 'self' {source}");
            }
            Sending::Anywhere => {}
        }
        if let Some(nonce) = self.script {
            let _ = write!(policy, "; script-src 'nonce-{nonce}'");
        }
        policy
    }

    /// A client that opens a window to sign somebody in waits for it to come back; a page of our
    /// own has no business with whoever opened it.
    const fn opener(&self) -> &'static str {
        match self.sending {
            Sending::Ourselves => "same-origin",
            Sending::Also(_) | Sending::Anywhere => "unsafe-none",
        }
    }
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
        policy: &Policy<'_>,
    ) -> Result<HttpResponse, PageError> {
        Self::render_with(template, StatusCode::OK, policy)
    }

    /// As [`Page::render`], with another status.
    pub(in crate::http) fn render_with(
        template: &impl Template,
        status: StatusCode,
        policy: &Policy<'_>,
    ) -> Result<HttpResponse, PageError> {
        let html = template.render().map_err(|_| PageError::defect())?;
        Ok(guarded(html, status, policy))
    }
}

/// A page with the headers that keep it to whoever it is for.
fn guarded(html: String, status: StatusCode, policy: &Policy<'_>) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy.content_security()))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            HeaderName::from_static("cross-origin-opener-policy"),
            policy.opener(),
        ))
        .body(html)
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
    guarded(html, status, &Policy::new(Sending::Ourselves))
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
