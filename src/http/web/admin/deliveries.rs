//! `/admin/deliveries`: who sent what, and what they were answered.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::operator::{Operator, timely};
use super::query::{address, id, word};
use crate::domain::deliveries::{self, AnsweredDelivery};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::Place;
use crate::http::web::sheet::{Cell, Form, Input, Kind, Sheet, Table};
use crate::model::{Delivery, Id, Origin, Verdict};

const HERE: &str = "/admin/deliveries";

/// What is wanted.
pub(in crate::http) struct Wanted {
    origin: Option<String>,
    before: Option<Id<Delivery>>,
}

impl FromParameters for Wanted {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            origin: word(parameters, "origin")?,
            before: id(parameters, "before")?,
        })
    }
}

/// The page.
pub(in crate::http) async fn list(
    operator: Operator<Wanted>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let Wanted { origin, before } = &operator.query;
    let from = origin.clone().map(Origin::from_stored);
    let looking = deliveries::look_back(&state.ctx, from.as_ref(), *before);
    let portion = timely(&state, looking).await?;
    let page = operator.page(
        &state,
        "admin-deliveries",
        Place::Operating(Desk::Deliveries),
    );
    let sheet = Sheet::new(page, "admin-title").lead("admin-deliveries-lead");
    let name = origin.clone().unwrap_or_default();
    let name = Input::new(&sheet, ("origin", "column-origin"), Kind::Text, name);
    let form = Form::new(&sheet, "filter", HERE, "show").input(name);
    let columns = [
        "column-since",
        "column-origin",
        "column-reports",
        "column-ours",
        "column-id",
    ];
    let table = Table::new(
        sheet.page(),
        "admin-deliveries",
        &columns,
        "admin-deliveries-none",
    );
    let older = portion.next.map(|id| id.to_string());
    let older = older.map(|id| {
        let parameters = [("origin", origin.as_deref()), ("before", Some(id.as_str()))];
        address(HERE, &parameters)
    });
    let table = table.rows(portion.items.iter().map(row));
    sheet.filter(form).table(table).older(older).render()
}

fn ours(delivery: &AnsweredDelivery) -> usize {
    let verdicts = delivery.verdicts.iter();
    verdicts
        .filter(|one| **one == Verdict::TruePositive)
        .count()
}

fn row(delivery: &AnsweredDelivery) -> Vec<Cell> {
    let id = delivery.id.to_string();
    vec![
        delivery.received_at.into(),
        Cell::code(delivery.origin.as_str()),
        delivery.verdicts.len().into(),
        ours(delivery).into(),
        Cell::link(format!("{HERE}/{id}"), id),
    ]
}

/// One of them: what was reported is not kept, what was answered is.
pub(in crate::http) async fn show(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let opened = timely(&state, deliveries::open(&state.ctx, operator.id()?)).await?;
    let delivery = &opened.delivery;
    let page = operator.page(&state, "admin-delivery", Place::Operating(Desk::Deliveries));
    let columns = ["column-id", "column-kind", "column-user", "column-decision"];
    let caption = "admin-delivery-exposures";
    let table = Table::new(&page, caption, &columns, "admin-delivery-exposures-none");
    let table = table.rows(opened.exposures.iter().map(|seen| {
        let id = seen.exposure.id.to_string();
        vec![
            Cell::link(format!("/admin/exposures/{id}"), id),
            Cell::code(seen.known.token.kind.name()),
            Cell::or_nothing(seen.known.user.as_ref().map(|user| user.email.to_string())),
            Cell::code(seen.exposure.decision.name()),
        ]
    }));
    Sheet::new(page, "admin-title")
        .back(HERE, "admin-deliveries")
        .lead("admin-delivery-lead")
        .fact("column-id", delivery.id)
        .fact("column-origin", Cell::code(delivery.origin.as_str()))
        .fact("column-key", Cell::code(delivery.key_id.as_str()))
        .fact("column-since", delivery.received_at)
        .fact("column-reports", delivery.verdicts.len())
        .fact("column-ours", ours(delivery))
        .fact("column-answer", Cell::code(answer(delivery)))
        .table(table)
        .render()
}

/// The verdicts in the order of the reports, the first two hundred: `+` for ours, `-` for others.
fn answer(delivery: &AnsweredDelivery) -> String {
    let mark = |verdict: &Verdict| match verdict {
        Verdict::TruePositive => '+',
        Verdict::FalsePositive => '-',
    };
    delivery.verdicts.iter().take(200).map(mark).collect()
}
