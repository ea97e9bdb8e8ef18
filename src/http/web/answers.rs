//! Answers of the authorization endpoint, on their way to the client: in the query of its redirect
//! URI, or as a form that the browser posts. Each says who answers (RFC 9207).

use actix_web::HttpResponse;
use askama::Template;

use super::error::PageError;
use super::page::{Page, Policy, Sending, see_other};
use crate::domain::authorization::{AuthorizationError, Destination, Granted, ResponseMode};
use crate::http::state::ApiState;
use crate::model::random;

#[derive(Template)]
#[template(path = "form_post.html", config = "src/http/web/askama.toml")]
struct FormPost<'a> {
    page: Page,
    action: &'a str,
    fields: &'a [(&'a str, &'a str)],
    nonce: &'a str,
}

pub(in crate::http) fn granted(
    granted: &Granted,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    deliver(
        &granted.destination,
        &[("code", granted.code.reveal())],
        state,
    )
}

pub(in crate::http) fn refused(
    refusal: &AuthorizationError,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let fields = [
        ("error", refusal.code.name()),
        ("error_description", refusal.description),
    ];
    deliver(&refusal.destination, &fields, state)
}

fn deliver(
    destination: &Destination,
    fields: &[(&str, &str)],
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let issuer = &state.ctx.issuer;
    let uri = &destination.redirect_uri;
    match destination.mode {
        ResponseMode::Query => Ok(see_other(&destination.location(fields, issuer))),
        ResponseMode::FormPost => {
            let nonce = random::alphanumeric(22);
            // Nobody stays here long enough to choose a language.
            let mut page = Page::new(state, "continue-title");
            page.switchable = false;
            let template = FormPost {
                page,
                action: uri.as_str(),
                fields: &destination.members(fields, issuer),
                nonce: &nonce,
            };
            let policy = Policy {
                script: Some(&nonce),
                ..Policy::new(Sending::Also(uri.source()))
            };
            Page::render(&template, &policy)
        }
    }
}
