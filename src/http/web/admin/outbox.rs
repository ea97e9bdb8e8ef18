//! `/admin/outbox`: letters that were not sent, and bringing dead ones back.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::operator::{Nothing, Operator, OperatorForm, timely};
use super::query::{DoneAfter, address, portion};
use crate::domain::outbox::{self, ListedLetter};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Place, see_other};
use crate::http::web::sheet::{Cell, Form, Sheet, Table};
use crate::model::{Id, Letter};

/// How many letters are on a page.
const SHOWN: u32 = 50;
const HERE: &str = "/admin/outbox";

/// The page.
#[utoipa::path(
    get,
    path = "/admin/outbox",
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
    operator: Operator<DoneAfter<Id<Letter>>>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let after = operator.query.after;
    let listing = outbox::list(&state.ctx, after, SHOWN + 1);
    let found = timely(&state, listing).await?;
    let (letters, next) = portion(found, SHOWN, |letter| letter.id.to_string());
    let lag = timely(&state, outbox::lag(&state.ctx)).await?;
    let page = operator.page(&state, "admin-outbox", Place::Operating(Desk::Outbox));
    let mut sheet = Sheet::new(page, "admin-title").lead("admin-outbox-lead");
    if operator.query.done.is_some() {
        let done = sheet.say("admin-outbox-requeued");
        sheet = sheet.note("good", done);
    }
    let columns = [
        "column-state",
        "column-to",
        "column-since",
        "column-tries",
        "column-next",
        "column-error",
    ];
    let table = Table::new(
        sheet.page(),
        "admin-outbox-letters",
        &columns,
        "admin-outbox-none",
    );
    let words = ["state-waiting", "state-dead", "admin-outbox-requeue"].map(|text| sheet.say(text));
    let table = table.rows(letters.into_iter().map(|letter| row(letter, &words)));
    sheet = sheet
        .fact("admin-outbox-waiting", lag.waiting)
        .fact("admin-outbox-dead", lag.dead)
        .table(table)
        .onward(
            after.map(|_| HERE.to_owned()),
            next.map(|id| address(HERE, &[("after", Some(id.as_str()))])),
        );
    if lag.dead > 0 {
        sheet = sheet.link(format!("{HERE}/requeue"), "admin-outbox-requeue-all");
    }
    sheet.render()
}

fn row(letter: ListedLetter, [waiting, dead, again]: &[String; 3]) -> Vec<Cell> {
    let (state, next) = match letter.dead_at {
        Some(_) => (
            Cell::badge("bad", dead.as_str()),
            Cell::link(format!("{HERE}/{}/requeue", letter.id), again),
        ),
        None => (Cell::badge("warn", waiting.as_str()), letter.due_at.into()),
    };
    vec![
        state,
        Cell::from(letter.recipient.to_string()).long(),
        letter.created_at.into(),
        letter.attempts.into(),
        next,
        Cell::or_nothing(letter.last_error).long(),
    ]
}

/// Asks whether every dead letter comes back.
#[utoipa::path(
    get,
    path = "/admin/outbox/requeue",
    tag = "pages",
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn confirm_all(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let words = ("admin-outbox-requeue-all", "admin-outbox-requeue-lead");
    let lag = timely(&state, outbox::lag(&state.ctx)).await?;
    let sheet = asked(&operator, &state, words).fact("admin-outbox-dead", lag.dead);
    asking(sheet, format!("{HERE}/requeue"))
}

/// Asks whether a dead letter comes back.
#[utoipa::path(
    get,
    path = "/admin/outbox/{id}/requeue",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which letter."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn confirm(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let words = ("admin-outbox-requeue-one", "admin-outbox-requeue-one-lead");
    let letter = timely(&state, outbox::find(&state.ctx, operator.id()?)).await?;
    let sheet = asked(&operator, &state, words)
        .fact("column-to", letter.recipient.to_string())
        .fact("column-since", letter.created_at)
        .fact("column-tries", letter.attempts)
        .fact("column-error", Cell::or_nothing(letter.last_error).long());
    asking(sheet, format!("{HERE}/{}/requeue", letter.id))
}

fn asked(operator: &Operator, state: &ApiState, (title, lead): (&str, &str)) -> Sheet {
    let page = operator.page(state, title, Place::Operating(Desk::Outbox));
    Sheet::new(page, "admin-title")
        .back(HERE, "admin-outbox")
        .lead(lead)
}

fn asking(sheet: Sheet, action: String) -> Result<HttpResponse, PageError> {
    let form = Form::new(&sheet, "requeue", action, "admin-outbox-requeue").cancel(HERE);
    sheet.form(form).render()
}

/// Brings every dead letter back, due at once.
#[utoipa::path(
    post,
    path = "/admin/outbox/requeue",
    tag = "pages",
    responses(
        (status = 303, description = "Done, or somebody did it before; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn requeue_all(
    _sent: OperatorForm<Nothing>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    timely(&state, outbox::requeue_all(&state.ctx)).await?;
    Ok(see_other(&format!("{HERE}?done=requeued")))
}

/// Brings a dead letter back, due at once.
#[utoipa::path(
    post,
    path = "/admin/outbox/{id}/requeue",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which letter."),
    ),
    responses(
        (status = 303, description = "Done, or somebody did it before; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn requeue(
    sent: OperatorForm<Nothing>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let letter = sent.operator.id()?;
    match timely(&state, outbox::requeue(&state.ctx, letter)).await {
        // Somebody brought it back before, as it was wanted.
        Ok(()) | Err(PageError::NotFound) => Ok(see_other(&format!("{HERE}?done=requeued"))),
        Err(error) => Err(error),
    }
}
