//! `/admin/audit`: who did what, and whether the end of the log is whole.

use actix_web::HttpResponse;
use actix_web::web::Data;
use uuid::Uuid;

use super::Desk;
use super::operator::{Operator, timely};
use super::query::{address, given, id, word};
use crate::domain::audit::{self, End};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::Place;
use crate::http::web::sheet::{Cell, Form, Input, Kind, Sheet, Table};
use crate::model::{AuditRecord, Id, Token};

const HERE: &str = "/admin/audit";
/// How much of a row's detail is shown, in characters. `tokenward audit list --json` shows all of it.
const LONGEST_DETAIL: usize = 240;

/// What is wanted.
pub(in crate::http) struct Wanted {
    event: Option<String>,
    actor: Option<String>,
    token: Option<Id<Token>>,
    before: Option<Uuid>,
}

impl FromParameters for Wanted {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let wrong = |_| OAuthError::InvalidRequest("an id cannot be read");
        Ok(Self {
            event: word(parameters, "event")?,
            actor: word(parameters, "actor")?,
            token: id(parameters, "token")?,
            before: given(parameters, "before")
                .map(|text| text.parse().map_err(wrong))
                .transpose()?,
        })
    }
}

/// The page.
#[utoipa::path(
    get,
    path = "/admin/audit",
    tag = "pages",
    params(
        ("event" = Option<String>, Query, description = "Which event."),
        ("actor" = Option<String>, Query, description = "Of whom."),
        ("token" = Option<String>, Query, description = "About which token."),
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
    let wanted = &operator.query;
    let (event, actor) = (wanted.event.as_deref(), wanted.actor.as_deref());
    let (rows, next) = match wanted.token {
        Some(token) => (
            timely(&state, audit::of_token(&state.ctx, token)).await?,
            None,
        ),
        None => {
            let looking = audit::look_back(&state.ctx, (event, actor), wanted.before);
            let portion = timely(&state, looking).await?;
            (portion.items, portion.next)
        }
    };
    let end = timely(&state, audit::end(&state.ctx)).await;
    let page = operator.page(&state, "admin-audit", Place::Operating(Desk::Audit));
    let sheet = Sheet::new(page, "admin-title").lead("admin-audit-lead");
    let form = Form::new(&sheet, "filter", HERE, "show")
        .input(Input::new(
            &sheet,
            ("event", "column-event"),
            Kind::Text,
            event.unwrap_or(""),
        ))
        .input(Input::new(
            &sheet,
            ("actor", "column-actor"),
            Kind::Text,
            actor.unwrap_or(""),
        ));
    let columns = [
        "column-when",
        "column-event",
        "column-actor",
        "column-token",
        "column-detail",
    ];
    let table = Table::new(sheet.page(), "admin-audit", &columns, "admin-audit-none");
    let at = |before: Option<&str>| {
        address(
            HERE,
            &[("event", event), ("actor", actor), ("before", before)],
        )
    };
    let latest = wanted.before.map(|_| at(None));
    let older = next.map(|before| at(Some(&before.to_string())));
    let sheet = head(sheet, end)?;
    sheet
        .filter(form)
        .table(table.rows(rows.into_iter().map(row)))
        .older(latest, older)
        .render()
}

/// Whether the end of the log is whole, said first.
fn head(sheet: Sheet, end: Result<End, PageError>) -> Result<Sheet, PageError> {
    let end = match end {
        Ok(end) => end,
        Err(PageError::NotFound) => {
            let gone = sheet.say("admin-audit-gone");
            return Ok(sheet.note("bad", gone));
        }
        Err(error) => return Err(error),
    };
    let (tone, text) = match (end.fits, end.vouched) {
        (true, Some(true)) => ("good", "admin-audit-whole"),
        (true, None) => ("warn", "admin-audit-unknown"),
        _ => ("bad", "admin-audit-broken"),
    };
    let said = sheet.say(text);
    let anchor = Cell::code(end.anchor.to_string());
    let sheet = sheet.note(tone, said).fact("admin-audit-anchor", anchor);
    Ok(sheet.fact("admin-audit-waiting", end.waiting))
}

fn row(record: AuditRecord) -> Vec<Cell> {
    let summary = record.summary(LONGEST_DETAIL);
    let actor = match record.actor {
        Some(name) => format!("{} {}", record.actor_kind, short(&name)),
        None => record.actor_kind,
    };
    vec![
        record.at.into(),
        Cell::code(record.event),
        Cell::code(actor),
        record.token_id.map_or_else(Cell::default, |id| {
            Cell::id("/admin/tokens", Id::<Token>::from_uuid(id))
        }),
        summary.map_or_else(Cell::default, |summary| Cell::code(summary).long()),
    ]
}

/// The end of an id, which tells it from others; other names as they are.
fn short(name: &str) -> String {
    match name.parse::<Uuid>() {
        Ok(_) => format!("…{}", name.get(name.len() - 8..).unwrap_or_default()),
        Err(_) => name.to_owned(),
    }
}
