//! `/dev/components`: every part that pages are made of, under its name.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::folder;
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Policy, Sending};
use crate::http::web::scopes::{ScopeGroup, ScopeView};
use crate::model::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);

#[derive(Template)]
#[template(path = "dev_components.html", config = "src/http/web/askama.toml")]
struct ComponentsPage {
    tones: [&'static str; 4],
    powers: Vec<ScopeGroup>,
    earlier: Timestamp,
    later: Timestamp,
    previous: Option<&'static str>,
    next: Option<&'static str>,
    page: Page,
}

/// The parts that pages are made of, in all their tones.
#[utoipa::path(
    get,
    path = "/dev/components",
    tag = "pages",
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 404, description = "Mail is real."),
    ),
)]
pub(in crate::http) async fn show(
    request: HttpRequest,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    folder(&request, &state).map_err(PageError::Other)?;
    let page = Page::new(&state, "dev-components-title");
    let template = ComponentsPage {
        tones: ["", "good", "warn", "bad"],
        powers: powers(),
        earlier: page.now().minus(5 * HOUR),
        later: page.now().plus(72 * HOUR),
        previous: Some("/dev/components?page=1"),
        next: Some("/dev/components?page=3"),
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

fn powers() -> Vec<ScopeGroup> {
    let scope = |name: &str, words: &str, risky, fresh| ScopeView {
        name: name.to_owned(),
        words: words.to_owned(),
        risky,
        fresh,
    };
    vec![
        ScopeGroup {
            title: "See".to_owned(),
            scopes: vec![scope("orders:read", "See your orders", false, false)],
        },
        ScopeGroup {
            title: "Change".to_owned(),
            scopes: vec![
                scope("orders:write", "Change your orders", false, true),
                scope("refunds:write", "Give money back", true, false),
            ],
        },
    ]
}
