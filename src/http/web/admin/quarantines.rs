//! `/admin/quarantines`: what is dead until somebody decides, and deciding.

use std::fmt;
use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::operator::{Nothing, Operator, OperatorForm, timely};
use super::query::{DoneAfter, address, portion};
use crate::domain::quarantines::{self, Position, Quarantine};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Place, see_other};
use crate::http::web::sheet::{Cell, Form, Sheet, Table};
use crate::model::{QuarantineEnd, Timestamp};

/// How many are on a page.
const SHOWN: u32 = 50;
const HERE: &str = "/admin/quarantines";

/// The page.
#[utoipa::path(
    get,
    path = "/admin/quarantines",
    tag = "pages",
    params(
        ("done" = Option<String>, Query, description = "What was just done."),
        ("after" = Option<String>, Query, description = "Behind which one the list goes on."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn list(
    operator: Operator<DoneAfter<After>>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let after = operator.query.after.as_ref().map(|after| after.0);
    let listing = quarantines::list(&state.ctx, after, SHOWN + 1);
    let found = timely(&state, listing).await?;
    let (open, next) = portion(found, SHOWN, |open| {
        After((open.ends_at, open.id)).to_string()
    });
    let page = operator.page(
        &state,
        "admin-quarantines",
        Place::Operating(Desk::Quarantines),
    );
    let mut sheet = Sheet::new(page, "admin-title").lead("admin-quarantines-lead");
    if operator.query.done.is_some() {
        let done = sheet.say("admin-quarantines-ended");
        sheet = sheet.note("good", done);
    }
    let columns = [
        "column-until",
        "column-since",
        "column-origin",
        "column-rule",
        "column-token",
        "column-id",
    ];
    let caption = "admin-quarantines-open";
    let table = Table::new(sheet.page(), caption, &columns, "admin-quarantines-none");
    sheet
        .table(table.rows(open.into_iter().map(row)))
        .onward(
            after.map(|_| HERE.to_owned()),
            next.map(|place| address(HERE, &[("after", Some(place.as_str()))])),
        )
        .render()
}

/// Where one is in the list, as an address says it: when it ends and which it is.
pub(in crate::http) struct After(Position);

impl FromStr for After {
    type Err = PageError;

    fn from_str(text: &str) -> Result<Self, PageError> {
        let (ends_at, id) = text.split_once('_').ok_or(PageError::NotFound)?;
        let ends_at = ends_at.parse().map_err(|_| PageError::NotFound)?;
        let id = id.parse().map_err(|_| PageError::NotFound)?;
        Ok(Self((Timestamp::from_millis(ends_at), id)))
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ends_at, id) = self.0;
        write!(f, "{}_{id}", ends_at.as_millis())
    }
}

fn row(open: Quarantine) -> Vec<Cell> {
    vec![
        open.ends_at.into(),
        open.began_at.into(),
        Cell::code(open.origin.as_str()),
        Cell::code(open.decided_by).long(),
        Cell::id("/admin/tokens", open.token),
        Cell::id(HERE, open.id),
    ]
}

/// One of them, and how it may end.
#[utoipa::path(
    get,
    path = "/admin/quarantines/{id}",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which quarantine."),
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
    let open = timely(&state, quarantines::find_by_id(&state.ctx, operator.id()?)).await?;
    let page = operator.page(
        &state,
        "admin-quarantine",
        Place::Operating(Desk::Quarantines),
    );
    let here = format!("{HERE}/{}", open.id);
    let sheet = Sheet::new(page, "admin-title").back(HERE, "admin-quarantines");
    facts(sheet, open)
        .link(format!("{here}/release"), "admin-quarantine-release")
        .danger(format!("{here}/finish"), "admin-quarantine-finish")
        .render()
}

/// What it is about.
fn facts(sheet: Sheet, open: Quarantine) -> Sheet {
    let token = format!("/admin/tokens/{}", open.token);
    let ending = sheet.say(match open.ending {
        QuarantineEnd::Finish => "ending-finish",
        QuarantineEnd::Release => "ending-release",
    });
    sheet
        .fact("column-token", Cell::link(token, open.token.to_string()))
        .fact("column-origin", Cell::code(open.origin.as_str()))
        .fact("column-rule", Cell::code(open.decided_by))
        .fact("column-since", open.began_at)
        .fact("column-until", open.ends_at)
        .fact("column-ending", ending)
}

/// Asks whether the tokens come back.
#[utoipa::path(
    get,
    path = "/admin/quarantines/{id}/release",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which quarantine."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn confirm_release(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    confirm(&operator, &state, QuarantineEnd::Release).await
}

/// Asks whether the tokens die for good.
#[utoipa::path(
    get,
    path = "/admin/quarantines/{id}/finish",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which quarantine."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn confirm_finish(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    confirm(&operator, &state, QuarantineEnd::Finish).await
}

async fn confirm(
    operator: &Operator,
    state: &ApiState,
    ending: QuarantineEnd,
) -> Result<HttpResponse, PageError> {
    let open = timely(state, quarantines::find_by_id(&state.ctx, operator.id()?)).await?;
    let here = format!("{HERE}/{}", open.id);
    let (text, lead, action) = match ending {
        QuarantineEnd::Release => (
            "admin-quarantine-release",
            "admin-quarantine-release-lead",
            "release",
        ),
        QuarantineEnd::Finish => (
            "admin-quarantine-finish",
            "admin-quarantine-finish-lead",
            "finish",
        ),
    };
    let page = operator.page(state, text, Place::Operating(Desk::Quarantines));
    let sheet = Sheet::new(page, "admin-title")
        .back(here.as_str(), "admin-quarantine")
        .lead(lead);
    let form = Form::new(&sheet, action, format!("{here}/{action}"), text).danger(here);
    facts(sheet, open).form(form).render()
}

/// Brings the tokens back.
#[utoipa::path(
    post,
    path = "/admin/quarantines/{id}/release",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which quarantine."),
    ),
    responses(
        (status = 303, description = "Done, or somebody did it before; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn release(
    sent: OperatorForm<Nothing>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    end(&sent, &state, QuarantineEnd::Release).await
}

/// Revokes the tokens for good.
#[utoipa::path(
    post,
    path = "/admin/quarantines/{id}/finish",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which quarantine."),
    ),
    responses(
        (status = 303, description = "Done, or somebody did it before; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn finish(
    sent: OperatorForm<Nothing>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    end(&sent, &state, QuarantineEnd::Finish).await
}

async fn end(
    sent: &OperatorForm<Nothing>,
    state: &ApiState,
    ending: QuarantineEnd,
) -> Result<HttpResponse, PageError> {
    let settling = quarantines::settle(&state.ctx, sent.operator.id()?, ending);
    let settled = timely(state, settling).await?;
    for (kind, reason) in settled.revoked() {
        state.metrics.revocations(kind, reason, 1);
    }
    Ok(see_other(&format!("{HERE}?done=ended")))
}
