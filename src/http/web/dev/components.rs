//! `/dev/components`: every part that pages are made of, under its name.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::folder;
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Policy, Sending};
use crate::http::web::plot::{Plot, Series};
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
    plots: [Plot; 2],
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
        plots: plots(page.now().minus(24 * HOUR)),
        previous: Some("/dev/components?page=1"),
        next: Some("/dev/components?page=3"),
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

fn plots(from: Timestamp) -> [Plot; 2] {
    let series = |name: &str, values: &[u64], quiet| Series {
        name: name.to_owned(),
        values: values.into(),
        quiet,
    };
    let sent = series("sent", &[4, 9, 16, 12, 30, 24, 40, 21], false);
    let again = series("tried again", &[1, 0, 4, 2, 9, 3, 12, 0], true);
    let alone = series("died", &[0, 2, 7, 3, 0, 0, 1, 5], false);
    [
        Plot::new("Letters", from, sent, Some(again)),
        Plot::new("Tokens that died", from, alone, None),
    ]
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
