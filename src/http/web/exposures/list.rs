//! Every leak that concerns somebody, newest first.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::super::desk::Desk;
use super::super::error::PageError;
use super::super::page::{Page, Place, Policy, Sending};
use super::seen::{Fate, PlaceView, Reporter, SubjectView};
use crate::domain::access_tokens::kept::Home;
use crate::domain::exposures::SeenToken;
use crate::domain::exposures::owned;
use crate::domain::organizations;
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, PageQuery, Parameters};
use crate::http::state::ApiState;
use crate::model::{Exposure, Id, Organization, Timestamp};

/// How many there are on a page.
const PER_PAGE: u32 = 20;

/// Behind which exposure the page begins.
pub(in crate::http) struct ListQuery {
    after: Option<Id<Exposure>>,
}

impl FromParameters for ListQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let after = parameters.find("after").and_then(|id| id.parse().ok());
        Ok(Self { after })
    }
}

#[derive(Template)]
#[template(path = "exposures.html", config = "src/http/web/askama.toml")]
struct ExposuresPage {
    page: Page,
    base: String,
    organization: Option<String>,
    exposures: Vec<RowView>,
    first: Option<String>,
    next: Option<String>,
    managed: Vec<Organization>,
}

struct RowView {
    id: String,
    subject: SubjectView,
    place: PlaceView,
    tone: &'static str,
    fate: &'static str,
}

impl RowView {
    fn new(seen: &SeenToken, now: Timestamp) -> Self {
        let (tone, fate) = Fate::of(seen, now).badge();
        Self {
            id: seen.exposure.id.to_string(),
            subject: SubjectView::new(seen),
            place: PlaceView::new(&seen.exposure),
            tone,
            fate,
        }
    }
}

/// Lists where tokens were seen that concern them.
#[utoipa::path(
    get,
    path = "/settings/exposures",
    tag = "pages",
    params(("after" = Option<String>, Query, description = "The last one of the page before.")),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 403, description = "They do not manage it.", content_type = "text/html"),
        (status = 404, description = "There is no such organization.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn list(
    desk: Desk,
    query: PageQuery<ListQuery>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let after = query.0.after;
    // One more than is shown tells whether there is a next page.
    let listing = owned::list(&state.ctx, desk.owner(), after, PER_PAGE + 1);
    let mut seen = state.timely(listing).await.map_err(PageError::Other)??;
    let more = seen.len() > PER_PAGE as usize;
    seen.truncate(PER_PAGE as usize);
    let base = desk.base();
    let last = seen.last().filter(|_| more).map(|seen| seen.exposure.id);
    let managed = match desk.home {
        Home::Own => organizations::list_managed(&state.ctx, desk.session().user.id).await?,
        Home::Of(_) => Vec::new(),
    };
    let page = desk.page(&state, "exposures-title", Place::Exposures);
    let now = page.now();
    let template = ExposuresPage {
        exposures: seen.iter().map(|seen| RowView::new(seen, now)).collect(),
        first: after.map(|_| format!("{base}/exposures")),
        next: last.map(|id| format!("{base}/exposures?after={id}")),
        organization: desk.organization(),
        managed,
        base,
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}
