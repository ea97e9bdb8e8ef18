//! One leak: what happened, whether anybody tried the token afterwards, and what to do now.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::desk::Desk;
use super::super::error::PageError;
use super::super::page::{Page, Place, Policy, Sending};
use super::super::scopes::{ScopeGroup, groups};
use super::seen::{Fate, SubjectView};
use super::steps::{self, Step};
use super::timeline::{self, Moment, More};
use crate::domain::exposures::owned;
use crate::http::state::ApiState;
use crate::model::{Exposure, Id};

#[derive(Template)]
#[template(path = "exposure.html", config = "src/http/web/askama.toml")]
struct StoryPage {
    page: Page,
    id: String,
    base: String,
    organization: Option<String>,
    subject: SubjectView,
    tone: &'static str,
    fate: &'static str,
    lead: &'static str,
    /// How often somebody tried it afterwards.
    attempts: i64,
    scopes: Vec<ScopeGroup>,
    moments: Vec<Moment>,
    left_out: usize,
    steps: Vec<Step>,
}

/// Tells what happened to a token that was seen.
#[utoipa::path(
    get,
    path = "/settings/exposures/{id}",
    tag = "pages",
    params(("id" = String, Path, format = "uuid", description = "The exposure's id.")),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 403, description = "They do not manage it.", content_type = "text/html"),
        (status = 404, description = "There is no such exposure, or it concerns others.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn show(
    request: HttpRequest,
    desk: Desk,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let id = request.match_info().get("id");
    let id: Option<Id<Exposure>> = id.and_then(|id| id.parse().ok());
    let telling = owned::tell(&state.ctx, desk.owner(), id.ok_or(PageError::NotFound)?);
    let told = state.timely(telling).await.map_err(PageError::Other)??;
    let story = told.ok_or(PageError::NotFound)?;
    let page = desk.page(&state, "exposure-title", Place::Exposures);
    let base = desk.base();
    let fate = Fate::of(&story.seen, page.now());
    let (tone, badge) = fate.badge();
    let template = StoryPage {
        id: story.seen.exposure.id.to_string(),
        subject: SubjectView::new(&story.seen),
        tone,
        fate: badge,
        lead: match fate {
            Fate::Revoked => "exposure-lead-revoked",
            Fate::DeadBefore => "exposure-lead-dead",
            Fate::Quarantined => "exposure-lead-quarantined",
            Fate::Spared => "exposure-lead-spared",
        },
        attempts: story.attempts.iter().map(|attempt| attempt.times).sum(),
        scopes: groups(&story.seen.known.token.scopes, &page, &state),
        moments: timeline::of(&story, &page),
        left_out: timeline::left_out(&story),
        steps: steps::of(&story, fate, &base),
        organization: desk.organization(),
        base,
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}
