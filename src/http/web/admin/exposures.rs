//! `/admin/exposures`: which token was seen where.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::deliveries::{owner, reacted};
use super::operator::{Operator, timely};
use super::query::{address, id, kind, portion, word};
use crate::domain::exposures::{self, ExposureFilter, SeenToken};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Place};
use crate::http::web::sheet::{Cell, Choice, Form, Input, Kind, Sheet, Table};
use crate::model::{Exposure, Id, TokenKind};

/// How many are on a page.
const SHOWN: u32 = 50;
const HERE: &str = "/admin/exposures";

/// What is wanted.
pub(in crate::http) struct Wanted {
    filter: ExposureFilter,
    before: Option<Id<Exposure>>,
}

impl FromParameters for Wanted {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            filter: ExposureFilter {
                origin: word(parameters, "origin")?,
                kind: kind(parameters)?,
                ..ExposureFilter::default()
            },
            before: id(parameters, "before")?,
        })
    }
}

/// The page.
#[utoipa::path(
    get,
    path = "/admin/exposures",
    tag = "pages",
    params(
        ("origin" = Option<String>, Query, description = "Of which origin."),
        ("kind" = Option<String>, Query, description = "Of which kind."),
        ("before" = Option<String>, Query, description = "From which one to look further back."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn list(
    operator: Operator<Wanted>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let Wanted { filter, before } = &operator.query;
    // One more than is shown tells whether there is more.
    let listing = exposures::list(&state.ctx, filter, *before, SHOWN + 1);
    let found = timely(&state, listing).await?;
    let (seen, last) = portion(found, SHOWN, |seen| seen.exposure.id.to_string());
    let page = operator.page(&state, "admin-exposures", Place::Operating(Desk::Exposures));
    let sheet = Sheet::new(page, "admin-title").lead("admin-exposures-lead");
    let mut kinds = vec![Choice::new("", sheet.say("any"))];
    kinds.extend(TokenKind::ALL.map(|kind| Choice::new(kind.name(), kind.name())));
    let chosen = filter.kind.map(TokenKind::name);
    let name = filter.origin.clone().unwrap_or_default();
    let form = Form::new(&sheet, "filter", HERE, "show")
        .input(Input::new(
            &sheet,
            ("origin", "column-origin"),
            Kind::Text,
            name,
        ))
        .input(Input::new(
            &sheet,
            ("kind", "column-kind"),
            Kind::Choices(kinds),
            chosen.unwrap_or_default(),
        ));
    let columns = [
        "column-seen",
        "column-origin",
        "column-kind",
        "column-owner",
        "column-outcome",
        "column-id",
    ];
    let table = Table::new(
        sheet.page(),
        "admin-exposures",
        &columns,
        "admin-exposures-none",
    );
    let at = |before: Option<&str>| {
        let origin = ("origin", filter.origin.as_deref());
        address(HERE, &[origin, ("kind", chosen), ("before", before)])
    };
    let latest = before.map(|_| at(None));
    let older = last.map(|id| at(Some(&id)));
    let table = table.rows(seen.iter().map(|seen| row(sheet.page(), seen)));
    sheet
        .filter(form)
        .table(table)
        .older(latest, older)
        .render()
}

fn row(page: &Page, seen: &SeenToken) -> Vec<Cell> {
    let exposure = &seen.exposure;
    vec![
        exposure.first_seen_at.into(),
        Cell::code(exposure.origin.as_str()),
        Cell::code(seen.known.token.kind.name()),
        owner(&seen.known),
        Cell::badges([reacted(page, exposure.decision)].into_iter()),
        Cell::id(HERE, exposure.id),
    ]
}

/// One of them. Attempts and other places are shown with the token.
#[utoipa::path(
    get,
    path = "/admin/exposures/{id}",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which exposure."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn show(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let found = timely(&state, exposures::find(&state.ctx, operator.id()?)).await?;
    let SeenToken { exposure, known } = found.ok_or(PageError::NotFound)?;
    let page = operator.page(&state, "admin-exposure", Place::Operating(Desk::Exposures));
    let token = known.token.id.to_string();
    let done = Cell::badges([reacted(&page, exposure.decision)].into_iter());
    Sheet::new(page, "admin-title")
        .back(HERE, "admin-exposures")
        .fact("column-id", exposure.id)
        .fact(
            "column-token",
            Cell::link(format!("/admin/tokens/{token}"), token),
        )
        .fact("column-kind", Cell::code(known.token.kind.name()))
        .perhaps("column-user", known.user.map(|user| user.email.to_string()))
        .fact("column-origin", Cell::code(exposure.origin.as_str()))
        .perhaps("column-place", exposure.url.or(exposure.source))
        .fact("column-seen", exposure.first_seen_at)
        .fact("column-before", Cell::code(exposure.state_before))
        .fact("column-outcome", done)
        .perhaps("column-rule", exposure.decided_by.map(Cell::code))
        .fact("column-verdict", Cell::code(exposure.verdict.name()))
        .perhaps("column-ended", exposure.revoked_at)
        .perhaps("column-scrubbed", exposure.scrubbed_at)
        .render()
}
