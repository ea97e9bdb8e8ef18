//! `/admin/origins`: who may report leaks, how far they are trusted, their keys, and our own that sign.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::operator::{Nothing, Operator, OperatorForm, timely};
use super::query::Done;
use crate::domain::origin_keys::StoredKeySet;
use crate::domain::{breakers, origin_keys, signing_keys};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Place, see_other};
use crate::http::web::sheet::{Cell, Form, Sheet, Table};
use crate::model::Origin;

const HERE: &str = "/admin/origins";

/// The page.
#[utoipa::path(
    get,
    path = "/admin/origins",
    tag = "pages",
    params(
        ("done" = Option<String>, Query, description = "What was just done."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn list(
    operator: Operator<Done>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let known = timely(&state, breakers::list(&state.ctx)).await?;
    let keys = timely(&state, origin_keys::list(&state.ctx, &state.reporting)).await?;
    let page = operator.page(&state, "admin-origins", Place::Operating(Desk::Origins));
    let (policy, now) = (state.ctx.leak_policy.current(), state.ctx.clock.now());
    let columns = [
        "column-origin",
        "column-breaker",
        "column-revoked",
        "column-since",
        "column-deed",
    ];
    let table = Table::new(
        &page,
        "admin-origins-breakers",
        &columns,
        "admin-origins-none",
    );
    let words = ["state-open", "state-closed", "admin-origin-reset"];
    let words = words.map(|text| page.say(text).to_string());
    let table = table.rows(state.reporting.iter().map(|origin| {
        let breaker = known.iter().find(|breaker| breaker.origin == *origin);
        let open = breaker.is_some_and(|breaker| breaker.is_open(&policy, now));
        let reset = format!("{HERE}/{}/reset", origin.as_str());
        let [opened, closed, again] = &words;
        vec![
            Cell::code(origin.as_str()),
            match open {
                true => Cell::badge("bad", opened.as_str()),
                false => Cell::badge("good", closed.as_str()),
            },
            breaker.map_or(0, |breaker| breaker.revoked).into(),
            Cell::moment(breaker.map(|breaker| breaker.window_began_at)),
            match open {
                true => Cell::link(reset, again.as_str()),
                false => Cell::default(),
            },
        ]
    }));
    let their_keys = their_keys(&page, &keys);
    let our_keys = our_keys(&page, &state).await?;
    let mut sheet = Sheet::new(page, "admin-title").lead("admin-origins-lead");
    if operator.query.0.is_some() {
        let done = sheet.say("admin-origins-done");
        sheet = sheet.note("good", done);
    }
    sheet
        .table(table)
        .table(their_keys)
        .table(our_keys)
        .render()
}

fn their_keys(page: &Page, keys: &[(Origin, Option<StoredKeySet>)]) -> Table {
    let columns = [
        "column-origin",
        "column-key",
        "column-state",
        "column-fetched",
    ];
    let table = Table::new(
        page,
        "admin-origins-keys",
        &columns,
        "admin-origins-keys-none",
    );
    let words = [
        page.say("state-current").to_string(),
        page.say("state-retired").to_string(),
    ];
    let each = keys.iter().flat_map(|(origin, set)| {
        let keys = set
            .iter()
            .flat_map(|set| set.keys.iter().map(move |key| (set, key)));
        keys.map(move |(set, key)| (origin, set, key))
    });
    table.rows(each.map(|(origin, set, key)| {
        let [current, retired] = &words;
        vec![
            Cell::code(origin.as_str()),
            Cell::code(key.key_id.as_str()).long(),
            match key.is_current {
                true => Cell::badge("good", current.as_str()),
                false => Cell::badge("plain", retired.as_str()),
            },
            set.fetched_at.into(),
        ]
    }))
}

async fn our_keys(page: &Page, state: &ApiState) -> Result<Table, PageError> {
    let listing = async {
        let all = signing_keys::list(&state.ctx).await;
        all.map_err(|error| PageError::Other(error.into()))
    };
    let all = timely(state, listing).await?;
    let columns = [
        "column-key",
        "column-algorithm",
        "column-state",
        "column-signs",
    ];
    let table = Table::new(
        page,
        "admin-signing-keys",
        &columns,
        "admin-signing-keys-none",
    );
    Ok(table.rows(all.into_iter().map(|status| {
        vec![
            Cell::code(status.key.kid),
            Cell::code(status.key.algorithm.name()),
            Cell::code(status.state.name()),
            status.key.active_from.into(),
        ]
    })))
}

/// The origin in the address, if it may report.
fn named<Q>(operator: &Operator<Q>, state: &ApiState) -> Result<Origin, PageError> {
    let mut origins = state.reporting.iter();
    let origin = origins.find(|origin| origin.as_str() == operator.name());
    origin.cloned().ok_or(PageError::NotFound)
}

/// Asks whether an origin is trusted again.
#[utoipa::path(
    get,
    path = "/admin/origins/{id}/reset",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which origin."),
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
    let origin = named(&operator, &state)?;
    let page = operator.page(
        &state,
        "admin-origin-reset",
        Place::Operating(Desk::Origins),
    );
    let sheet = Sheet::new(page, "admin-title")
        .back(HERE, "admin-origins")
        .lead("admin-origin-reset-lead")
        .fact("column-origin", Cell::code(origin.as_str()));
    let action = format!("{HERE}/{}/reset", origin.as_str());
    let form = Form::new(&sheet, "reset", action, "admin-origin-reset").danger(HERE);
    sheet.form(form).render()
}

/// Trusts an origin again.
#[utoipa::path(
    post,
    path = "/admin/origins/{id}/reset",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which origin."),
    ),
    responses(
        (status = 303, description = "Done, or somebody did it before; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn reset(
    sent: OperatorForm<Nothing>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let origin = named(&sent.operator, &state)?;
    // One that closed meanwhile is as closed as was wanted.
    timely(&state, breakers::close(&state.ctx, &origin)).await?;
    Ok(see_other(&format!("{HERE}?done=reset")))
}
