//! `/admin/deliveries`: who sent what, and what they were answered.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::operator::{Operator, timely};
use super::query::{address, given, id, word};
use crate::domain::deliveries::{self, AnsweredDelivery, DeliveryFilter, ListedDelivery, Outcome};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Place};
use crate::http::web::sheet::{Cell, Choice, Form, Input, Kind, Sheet, Table};
use crate::model::{Delivery, Id, KnownToken, Origin, Reaction, Verdict};

const HERE: &str = "/admin/deliveries";

/// What is wanted.
pub(in crate::http) struct Wanted {
    filter: DeliveryFilter,
    before: Option<Id<Delivery>>,
}

impl FromParameters for Wanted {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            filter: DeliveryFilter {
                origin: word(parameters, "origin")?.map(Origin::from_stored),
                outcome: outcome(parameters)?,
            },
            before: id(parameters, "before")?,
        })
    }
}

fn outcome(parameters: &Parameters) -> Result<Option<Outcome>, OAuthError> {
    let Some(name) = given(parameters, "outcome") else {
        return Ok(None);
    };
    let mut all = Outcome::ALL.into_iter();
    let found = all.find(|outcome| outcome.name() == name);
    let unknown = OAuthError::InvalidRequest("there is no such outcome");
    found.map(Some).ok_or(unknown)
}

/// The page.
#[utoipa::path(
    get,
    path = "/admin/deliveries",
    tag = "pages",
    params(
        ("origin" = Option<String>, Query, description = "Of which origin."),
        ("outcome" = Option<String>, Query, description = "With which outcome."),
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
    let looking = deliveries::look_back(&state.ctx, filter, *before);
    let portion = timely(&state, looking).await?;
    let page = operator.page(
        &state,
        "admin-deliveries",
        Place::Operating(Desk::Deliveries),
    );
    let sheet = Sheet::new(page, "admin-title").lead("admin-deliveries-lead");
    let form = narrowing(&sheet, filter);
    let columns = [
        "column-came",
        "column-origin",
        "column-outcome",
        "column-reports",
        "column-ours",
        "column-id",
    ];
    let caption = "admin-deliveries";
    let table = Table::new(sheet.page(), caption, &columns, "admin-deliveries-none");
    let (origin, outcome) = (
        filter.origin.as_ref().map(Origin::as_str),
        filter.outcome.map(Outcome::name),
    );
    let at = |before: Option<&str>| {
        let parameters = [("origin", origin), ("outcome", outcome), ("before", before)];
        address(HERE, &parameters)
    };
    let latest = before.map(|_| at(None));
    let older = portion.next.map(|id| at(Some(&id.to_string())));
    let rows = portion.items.iter().map(|one| row(sheet.page(), one));
    let table = table.rows(rows);
    sheet
        .filter(form)
        .table(table)
        .older(latest, older)
        .render()
}

/// What narrows the list down.
fn narrowing(sheet: &Sheet, filter: &DeliveryFilter) -> Form {
    let origin = filter.origin.as_ref().map_or("", Origin::as_str);
    let origin = Input::new(sheet, ("origin", "column-origin"), Kind::Text, origin);
    let mut outcomes = vec![Choice::new("", sheet.say("any"))];
    outcomes.extend(Outcome::ALL.map(|outcome| {
        let (_, text) = words(sheet.page(), outcome);
        Choice::new(outcome.name(), text)
    }));
    let chosen = filter.outcome.map_or("", Outcome::name);
    let outcome = ("outcome", "column-outcome");
    let outcome = Input::new(sheet, outcome, Kind::Choices(outcomes), chosen);
    Form::new(sheet, "filter", HERE, "show")
        .input(origin)
        .input(outcome)
}

/// An outcome in words, and the tone of its badge.
fn words(page: &Page, outcome: Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Reaction(reaction) => reacted(page, reaction),
        Outcome::NothingNew => ("plain", page.say("outcome-nothing-new").to_string()),
    }
}

/// What was done about a leak in words, and the tone of its badge.
pub(super) fn reacted(page: &Page, reaction: Reaction) -> (&'static str, String) {
    let (tone, text) = match reaction {
        Reaction::Revoke => ("good", "outcome-revoke"),
        Reaction::Quarantine => ("warn", "outcome-quarantine"),
        Reaction::Notify => ("plain", "outcome-notify"),
        Reaction::Observe => ("plain", "outcome-observe"),
    };
    (tone, page.say(text).to_string())
}

/// Whose a token is: a user's or an organization's.
pub(super) fn owner(known: &KnownToken) -> Cell {
    let user = known.user.as_ref().map(|user| user.email.to_string());
    let slug = || known.organization.as_ref().map(|one| one.slug.to_string());
    Cell::or_nothing(user.or_else(slug)).long()
}

fn ours(delivery: &AnsweredDelivery) -> usize {
    let verdicts = delivery.verdicts.iter();
    verdicts
        .filter(|one| **one == Verdict::TruePositive)
        .count()
}

fn row(page: &Page, listed: &ListedDelivery) -> Vec<Cell> {
    let delivery = &listed.delivery;
    let outcomes = match listed.reactions.as_slice() {
        [] => vec![Outcome::NothingNew],
        some => some.iter().copied().map(Outcome::Reaction).collect(),
    };
    vec![
        delivery.received_at.into(),
        Cell::code(delivery.origin.as_str()),
        Cell::badges(outcomes.into_iter().map(|outcome| words(page, outcome))),
        delivery.verdicts.len().into(),
        ours(delivery).into(),
        Cell::id(HERE, delivery.id),
    ]
}

/// One of them: what was reported is not kept, what was answered is.
#[utoipa::path(
    get,
    path = "/admin/deliveries/{id}",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which delivery."),
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
    let opened = timely(&state, deliveries::open(&state.ctx, operator.id()?)).await?;
    let delivery = &opened.delivery;
    let page = operator.page(&state, "admin-delivery", Place::Operating(Desk::Deliveries));
    let columns = ["column-kind", "column-owner", "column-outcome", "column-id"];
    let caption = "admin-delivery-exposures";
    let table = Table::new(&page, caption, &columns, "admin-delivery-exposures-none");
    let table = table.rows(opened.exposures.iter().map(|seen| {
        vec![
            Cell::code(seen.known.token.kind.name()),
            owner(&seen.known),
            Cell::badges([reacted(&page, seen.exposure.decision)].into_iter()),
            Cell::id("/admin/exposures", seen.exposure.id),
        ]
    }));
    Sheet::new(page, "admin-title")
        .back(HERE, "admin-deliveries")
        .lead("admin-delivery-lead")
        .fact("column-id", delivery.id)
        .fact("column-origin", Cell::code(delivery.origin.as_str()))
        .fact("column-key", Cell::code(delivery.key_id.as_str()))
        .fact("column-came", delivery.received_at)
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
