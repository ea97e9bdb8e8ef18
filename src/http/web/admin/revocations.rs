//! `/admin/revocations`: everything of an owner, a client, a grant or a kind, counted first, confirmed,
//! and revoked by a job.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Desk;
use super::operator::{Operator, OperatorForm, timely};
use super::query::{address, given, id, kind, word};
use crate::domain::bulk_revocations::{self, BulkRevocation};
use crate::domain::{clients, organizations, users};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Place, see_other};
use crate::http::web::sheet::{Cell, Choice, Form, Input, Kind, Sheet, Table};
use crate::model::{Id, RevocationReason, Selection, TokenKind};

/// How many are shown.
const SHOWN: u32 = 50;
const HERE: &str = "/admin/revocations";

/// The page: those that were asked for lately, and a form for another one.
#[utoipa::path(
    get,
    path = "/admin/revocations",
    tag = "pages",
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn list(
    operator: Operator,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    listing(&operator, &state, (&Typed::default(), None)).await
}

async fn listing(
    operator: &Operator,
    state: &ApiState,
    (typed, problem): (&Typed, Option<&str>),
) -> Result<HttpResponse, PageError> {
    let all = timely(state, bulk_revocations::list(&state.ctx, SHOWN)).await?;
    let page = operator.page(
        state,
        "admin-revocations",
        Place::Operating(Desk::Revocations),
    );
    let problem = problem.map(|text| page.say(text).to_string());
    let sheet = Sheet::new(page, "admin-title")
        .lead("admin-revocations-lead")
        .problem(problem);
    let mut kinds = vec![Choice::new("", sheet.say("any"))];
    kinds.extend(TokenKind::ALL.map(|kind| Choice::new(kind.name(), kind.name())));
    let line = |name, label, value: &Option<String>| {
        Input::new(
            &sheet,
            (name, label),
            Kind::Text,
            value.clone().unwrap_or_default(),
        )
    };
    let form = Form::new(&sheet, "revoke", HERE, "admin-revocations-count")
        .title(&sheet, "admin-revocations-new")
        .input(line("email", "admin-revocations-user", &typed.email))
        .input(line("slug", "admin-revocations-organization", &typed.slug))
        .input(line("client_id", "admin-revocations-client", &typed.client))
        .input(Input::new(
            &sheet,
            ("kind", "column-kind"),
            Kind::Choices(kinds),
            typed.kind.map_or("", TokenKind::name),
        ));
    let columns = [
        "column-when",
        "column-counted",
        "column-revoked",
        "column-state",
        "column-id",
    ];
    let caption = "admin-revocations-latest";
    let table = Table::new(sheet.page(), caption, &columns, "admin-revocations-none");
    let words = [sheet.say("state-finished"), sheet.say("state-working")];
    let table = table.rows(all.iter().map(|bulk| {
        vec![
            bulk.requested_at.into(),
            bulk.counted.into(),
            bulk.revoked.into(),
            progress(bulk, &words),
            Cell::id(HERE, bulk.id),
        ]
    }));
    sheet.question(form).table(table).render()
}

fn progress(bulk: &BulkRevocation, [finished, working]: &[String; 2]) -> Cell {
    match bulk.finished_at {
        Some(_) => Cell::badge("good", finished.as_str()),
        None => Cell::badge("warn", working.as_str()),
    }
}

/// What was typed: whose tokens, or which.
#[derive(Default)]
pub(in crate::http) struct Typed {
    email: Option<String>,
    slug: Option<String>,
    client: Option<String>,
    kind: Option<TokenKind>,
}

impl FromParameters for Typed {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            email: word(parameters, "email")?,
            slug: word(parameters, "slug")?,
            client: word(parameters, "client_id")?,
            kind: kind(parameters)?,
        })
    }
}

/// Finds out who is meant, and goes on to the page that counts: its address names nobody.
#[utoipa::path(
    post,
    path = "/admin/revocations",
    tag = "pages",
    responses(
        (status = 303, description = "On to the page that counts, or to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
        (status = 422, description = "Nothing was found; the page asks again.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn choose(
    sent: OperatorForm<Typed>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let OperatorForm { operator, form } = sent;
    let selection = match selection(&state, &form).await {
        Ok(selection) => selection,
        Err(PageError::NotFound) => {
            let problem = Some("admin-revocations-nobody");
            return listing(&operator, &state, (&form, problem)).await;
        }
        Err(error) => return Err(error),
    };
    // Whoever forgets a name must not revoke everything.
    if selection.is_everything() {
        let problem = Some("admin-revocations-everything");
        return listing(&operator, &state, (&form, problem)).await;
    }
    let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let (user, organization) = (
        text(selection.user.map(Id::uuid)),
        text(selection.organization.map(Id::uuid)),
    );
    let client = text(selection.client.map(Id::uuid));
    let to = address(
        &format!("{HERE}/new"),
        &[
            ("user", user.as_deref()),
            ("organization", organization.as_deref()),
            ("client", client.as_deref()),
            ("kind", selection.kind.map(TokenKind::name)),
        ],
    );
    Ok(see_other(&to))
}

async fn selection(state: &ApiState, typed: &Typed) -> Result<Selection, PageError> {
    let mut selection = Selection {
        kind: typed.kind,
        ..Selection::default()
    };
    if let Some(email) = &typed.email {
        let email = email.parse().map_err(|_| PageError::NotFound)?;
        selection.user = Some(timely(state, users::find(&state.ctx, &email)).await?.id);
    }
    if let Some(slug) = &typed.slug {
        let slug = slug.parse().map_err(|_| PageError::NotFound)?;
        let found = timely(state, organizations::find(&state.ctx, &slug)).await?;
        selection.organization = Some(found.id);
    }
    if let Some(client) = &typed.client {
        selection.client = Some(timely(state, clients::find(&state.ctx, client)).await?.id);
    }
    Ok(selection)
}

/// Which tokens are meant, by ids.
pub(in crate::http) struct Meant {
    selection: Selection,
    /// The id under which it begins, so that a form that is sent twice begins it once.
    id: Option<Id<BulkRevocation>>,
}

impl FromParameters for Meant {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let selection = Selection {
            user: id(parameters, "user")?,
            organization: id(parameters, "organization")?,
            client: id(parameters, "client")?,
            customer: None,
            grant: id(parameters, "grant")?,
            kind: kind(parameters)?,
            created_before: None,
        };
        match selection.is_everything() {
            true => Err(OAuthError::InvalidRequest("it says nobody's tokens")),
            false => Ok(Self {
                selection,
                id: given(parameters, "id").and_then(|text| text.parse().ok()),
            }),
        }
    }
}

/// Counts what is meant, and asks.
#[utoipa::path(
    get,
    path = "/admin/revocations/new",
    tag = "pages",
    params(
        ("user" = Option<String>, Query, description = "Of which user."),
        ("organization" = Option<String>, Query, description = "Of which organization."),
        ("client" = Option<String>, Query, description = "Of which client."),
        ("grant" = Option<String>, Query, description = "Of which grant."),
        ("kind" = Option<String>, Query, description = "Of which kind."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn confirm(
    operator: Operator<Meant>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let meant = &operator.query.selection;
    let counted = timely(&state, bulk_revocations::count(&state.ctx, meant)).await?;
    let place = Place::Operating(Desk::Revocations);
    let page = operator.page(&state, "admin-revocations-new", place);
    let sheet = Sheet::new(page, "admin-title")
        .back(HERE, "admin-revocations")
        .lead("admin-revocations-confirm-lead")
        .fact("column-counted", counted);
    let sheet = facts(sheet, meant);
    let fresh = Id::<BulkRevocation>::new(state.ctx.clock.now());
    let action = format!("{HERE}/new");
    let mut form = Form::new(&sheet, "revoke", action, "admin-revocations-begin").danger(HERE);
    form = form.hidden("id", fresh);
    for (name, id) in ids(meant) {
        form = form.hidden(name, id);
    }
    if let Some(kind) = meant.kind {
        form = form.hidden("kind", kind.name());
    }
    sheet.form(form).render()
}

fn ids(meant: &Selection) -> impl Iterator<Item = (&'static str, uuid::Uuid)> {
    let all = [
        ("user", meant.user.map(Id::uuid)),
        ("organization", meant.organization.map(Id::uuid)),
        ("client", meant.client.map(Id::uuid)),
        ("grant", meant.grant.map(Id::uuid)),
    ];
    all.into_iter()
        .filter_map(|(name, id)| id.map(|id| (name, id)))
}

fn facts(sheet: Sheet, meant: &Selection) -> Sheet {
    sheet
        .perhaps("column-user", meant.user)
        .perhaps("column-organization", meant.organization)
        .perhaps("column-client", meant.client)
        .perhaps("column-grant", meant.grant)
        .perhaps(
            "column-kind",
            meant.kind.map(|kind| Cell::code(kind.name())),
        )
}

/// Begins it.
#[utoipa::path(
    post,
    path = "/admin/revocations/new",
    tag = "pages",
    responses(
        (status = 303, description = "Done, or somebody did it before; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn begin(
    sent: OperatorForm<Meant>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let Meant { selection, id } = sent.form;
    let id = id.unwrap_or_else(|| Id::new(state.ctx.clock.now()));
    let what = (selection, RevocationReason::Operator);
    let beginning = bulk_revocations::begin_once(&state.ctx, id, None, what);
    let bulk = timely(&state, beginning).await?;
    Ok(see_other(&format!("{HERE}/{}", bulk.id)))
}

/// How far one has come.
#[utoipa::path(
    get,
    path = "/admin/revocations/{id}",
    tag = "pages",
    params(
        ("id" = String, Path, description = "Which bulk revocation."),
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
    let found = timely(&state, bulk_revocations::find(&state.ctx, operator.id()?)).await?;
    let bulk = found.ok_or(PageError::NotFound)?;
    let page = operator.page(
        &state,
        "admin-revocation",
        Place::Operating(Desk::Revocations),
    );
    let sheet = Sheet::new(page, "admin-title").back(HERE, "admin-revocations");
    let words = [sheet.say("state-finished"), sheet.say("state-working")];
    let sheet = sheet
        .fact("column-state", progress(&bulk, &words))
        .fact("column-when", bulk.requested_at)
        .fact("column-counted", bulk.counted)
        .fact("column-revoked", bulk.revoked)
        .perhaps("column-ended", bulk.finished_at);
    let sheet = facts(sheet, &bulk.selection);
    match bulk.finished_at {
        Some(_) => sheet.render(),
        None => {
            let number = |count: i64| u64::try_from(count).unwrap_or_default();
            let (done, all) = (number(bulk.revoked), number(bulk.counted));
            sheet
                .progress(done.min(all), all.max(1), "column-revoked")
                .link(format!("{HERE}/{}", bulk.id), "reload")
                .render()
        }
    }
}
