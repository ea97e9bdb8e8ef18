//! The page after a token was made: its text, this once, and what to do with it.

use actix_web::HttpResponse;
use askama::Template;

use super::super::desk::Desk;
use super::super::error::PageError;
use super::super::page::{Page, Place, Policy, Sending};
use super::view::TokenView;
use crate::domain::access_tokens::kept::Outcome;
use crate::http::state::ApiState;
use crate::model::Timestamp;

#[derive(Template)]
#[template(path = "token_made.html", config = "src/http/web/askama.toml")]
struct MadePage<'a> {
    page: Page,
    base: String,
    organization: Option<String>,
    token: TokenView,
    /// Its text, and a command that tries it.
    secret: Option<(&'a str, String)>,
    /// The token that it replaces, and until when that works.
    replaced: Option<(String, Option<Timestamp>)>,
}

/// Shows what became of a form. `replaced` is the name of the token that the new one replaces, and
/// until when that works.
pub(super) fn show(
    desk: &Desk,
    state: &ApiState,
    outcome: Outcome,
    replaced: Option<(String, Option<Timestamp>)>,
) -> Result<HttpResponse, PageError> {
    let (known, text) = match outcome {
        Outcome::Made(made) => (made.known, Some(made.text)),
        Outcome::Earlier(known) => (known, None),
    };
    let title = match text {
        Some(_) => "token-made-title",
        None => "token-made-before-title",
    };
    let page = desk.page(state, title, Place::Tokens);
    let secret = text.as_ref().map(|text| {
        let text = text.reveal();
        (text, command(text, &state.ctx.public_url))
    });
    let template = MadePage {
        base: desk.base(),
        organization: desk.organization(),
        token: TokenView::new(&known, &page, state),
        secret,
        replaced,
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// A command that asks us what the token may do.
fn command(text: &str, public_url: &str) -> String {
    format!("curl -H \"Authorization: Bearer {text}\" {public_url}/v1/tokens/self")
}
