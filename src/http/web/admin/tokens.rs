//! `/admin/tokens`: what a token is, found by its text or its id, and revoking it. The text is digested
//! and forgotten; it is on no page, in no address and in no log.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::deliveries::reacted;
use super::operator::{Nothing, Operator, OperatorForm, timely};
use crate::domain::lookup::{self, Dossier};
use crate::domain::tokens::{self, TokenReference};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Place, see_other};
use crate::http::web::sheet::{Cell, Form, Input, Kind, Sheet, Table};
use crate::model::{KnownToken, PlainToken, RevocationReason, Timestamp, TokenState};

const HERE: &str = "/admin/tokens";

/// The page that asks for a token.
#[utoipa::path(
    get,
    path = "/admin/tokens",
    tag = "pages",
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn ask(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    asking(&operator, &state, None).render()
}

fn asking(operator: &Operator, state: &ApiState, problem: Option<&str>) -> Sheet {
    let page = operator.page(state, "admin-tokens", Place::Operating(Desk::Tokens));
    let problem = problem.map(|text| page.say(text).to_string());
    let sheet = Sheet::new(page, "admin-title")
        .lead("admin-tokens-lead")
        .problem(problem);
    // What was pasted is never shown again.
    let field = Input::new(&sheet, ("token", "admin-tokens-field"), Kind::Secret, "");
    let field = field.required().hint(&sheet, "admin-tokens-hint");
    let form = Form::new(&sheet, "lookup", HERE, "admin-tokens-find").input(field);
    sheet.form(form)
}

/// A token that was pasted.
pub(in crate::http) struct Pasted(PlainToken);

impl FromParameters for Pasted {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let text = parameters.find("token").unwrap_or_default().trim();
        Ok(Self(PlainToken::new(text.to_owned())))
    }
}

/// Finds what was pasted. Of some old tokens a few facts are left and no page of their own: they are
/// shown at once.
#[utoipa::path(
    post,
    path = "/admin/tokens",
    tag = "pages",
    responses(
        (status = 200, description = "An old token of which a few facts are left.", content_type = "text/html"),
        (status = 303, description = "On to what was found, or to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
        (status = 422, description = "Nothing was found; the page asks again.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn find(
    sent: OperatorForm<Pasted>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let OperatorForm { operator, form } = sent;
    let found = match timely(&state, lookup::find(&state.ctx, form.0)).await {
        Ok(found) => found,
        Err(PageError::NotFound) => {
            return asking(&operator, &state, Some("admin-tokens-unknown")).render();
        }
        Err(error) => return Err(error),
    };
    let id = found.known.token.id;
    let reference = TokenReference::Id(id);
    match timely(&state, tokens::inspect(&state.ctx, &reference)).await {
        Ok(_) => Ok(see_other(&format!("{HERE}/{id}"))),
        Err(PageError::NotFound) => {
            let dossier = timely(&state, lookup::gather(&state.ctx, found)).await?;
            sheet(&operator, &state, dossier).render()
        }
        Err(error) => Err(error),
    }
}

/// A token.
#[utoipa::path(
    get,
    path = "/admin/tokens/{id}",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which token."),
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
    let dossier = timely(&state, lookup::find_by_id(&state.ctx, operator.id()?)).await?;
    let token = &dossier.inspection.known.token;
    let (id, grant) = (token.id, token.grant);
    let mut sheet = sheet(&operator, &state, dossier);
    sheet = sheet
        .link(format!("/admin/audit?token={id}"), "admin-audit")
        .danger(format!("{HERE}/{id}/revoke"), "admin-token-revoke");
    if let Some(grant) = grant {
        let family = format!("/admin/revocations/new?grant={grant}");
        sheet = sheet.danger(family, "admin-token-revoke-family");
    }
    sheet.render()
}

fn sheet(operator: &Operator, state: &ApiState, dossier: Dossier) -> Sheet {
    let page = operator.page(state, "admin-token", Place::Operating(Desk::Tokens));
    let Dossier {
        inspection,
        attempts,
        family,
    } = dossier;
    let columns = [
        "column-seen",
        "column-origin",
        "column-outcome",
        "column-place",
        "column-id",
    ];
    let caption = "admin-token-exposures";
    let exposures = Table::new(&page, caption, &columns, "admin-token-exposures-none");
    let exposures = exposures.rows(inspection.exposures.into_iter().map(|seen| {
        vec![
            seen.first_seen_at.into(),
            Cell::code(seen.origin.as_str()),
            Cell::badges([reacted(&page, seen.decision)].into_iter()),
            Cell::or_nothing(seen.url.or(seen.source)).long(),
            Cell::id("/admin/exposures", seen.id),
        ]
    }));
    let columns = ["column-last", "column-via", "column-from", "column-times"];
    let attempted = Table::new(
        &page,
        "admin-token-attempts",
        &columns,
        "admin-token-attempts-none",
    );
    let attempted = attempted.rows(attempts.into_iter().map(|used| {
        let (via, from) = (Cell::code(used.via), Cell::or_nothing(used.from));
        vec![used.last_at.into(), via, from, used.times.into()]
    }));
    let now = state.ctx.clock.now();
    let sheet = Sheet::new(page, "admin-title").back(HERE, "admin-tokens");
    facts(sheet, &inspection.known, now)
        .perhaps("admin-token-family", family)
        .table(exposures)
        .table(attempted)
}

/// What is known of a token: everything but its text.
fn facts(sheet: Sheet, known: &KnownToken, now: Timestamp) -> Sheet {
    let token = &known.token;
    let state = badge(sheet.page(), known, now);
    let client = known.client.as_ref().map(|client| client.name.clone());
    let organization = known.organization.as_ref();
    let name = token.name.as_ref().map(ToString::to_string);
    let reason = token.revocation.map(|end| Cell::code(end.reason.name()));
    sheet
        .fact("column-id", token.id)
        .fact("column-kind", Cell::code(token.kind.name()))
        .fact("column-hint", Cell::code(token.hint.as_str()))
        .fact("column-state", state)
        .perhaps("column-name", name)
        .perhaps("column-reason", reason)
        .perhaps(
            "column-user",
            known.user.as_ref().map(|user| user.email.to_string()),
        )
        .perhaps(
            "column-organization",
            organization.map(|one| one.slug.to_string()),
        )
        .perhaps("column-client", client)
        .perhaps("column-customer", token.customer.clone())
        .fact("column-scopes", Cell::code(token.scopes.to_string()))
        .fact("column-created", token.created_at)
        .perhaps("column-expires", token.expires_at)
        .perhaps("column-used", token.last_used_at)
        .perhaps("column-ended", token.revocation.map(|end| end.at))
}

fn badge(page: &Page, known: &KnownToken, now: Timestamp) -> Cell {
    let reason = known.token.revocation.map(|end| end.reason);
    let (tone, text) = match known.state(now) {
        // As dead as that, but perhaps not for good.
        TokenState::Revoked { .. }
            if matches!(
                reason,
                Some(RevocationReason::Quarantined | RevocationReason::RelativeQuarantined)
            ) =>
        {
            ("warn", "outcome-quarantine")
        }
        TokenState::Live => ("good", "state-live"),
        TokenState::Expired { .. } => ("plain", "state-expired"),
        TokenState::Revoked { .. } => ("bad", "state-revoked"),
        TokenState::Suspended { .. } => ("warn", "state-suspended"),
    };
    Cell::badge(tone, page.say(text).to_string())
}

/// Asks whether a token dies.
#[utoipa::path(
    get,
    path = "/admin/tokens/{id}/revoke",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which token."),
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
    let reference = TokenReference::Id(operator.id()?);
    let found = timely(&state, tokens::inspect(&state.ctx, &reference)).await?;
    let here = format!("{HERE}/{}", found.known.token.id);
    let page = operator.page(&state, "admin-token-revoke", Place::Operating(Desk::Tokens));
    let sheet = Sheet::new(page, "admin-title")
        .back(here.as_str(), "admin-token")
        .lead("admin-token-revoke-lead");
    let sheet = facts(sheet, &found.known, state.ctx.clock.now());
    let action = format!("{here}/revoke");
    let form = Form::new(&sheet, "revoke", action, "admin-token-revoke").danger(here);
    sheet.form(form).render()
}

/// Revokes a token for good. One that is dead already is as dead as was wanted.
#[utoipa::path(
    post,
    path = "/admin/tokens/{id}/revoke",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which token."),
    ),
    responses(
        (status = 303, description = "Done, or somebody did it before; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service, or there is none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn revoke(
    sent: OperatorForm<Nothing>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let id = sent.operator.id()?;
    let reference = TokenReference::Id(id);
    let kind = timely(&state, tokens::inspect(&state.ctx, &reference)).await?;
    let reason = RevocationReason::Operator;
    if timely(&state, tokens::revoke(&state.ctx, &reference, reason)).await? {
        state.metrics.revocations(kind.known.token.kind, reason, 1);
    }
    Ok(see_other(&format!("{HERE}/{id}")))
}
