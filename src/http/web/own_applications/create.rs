//! A new application.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::form::{ApplicationForm, ApplicationKind};
use super::view::{Shown, application_page};
use super::{Problem, problem};
use crate::domain::registration::{self, Registrant, RegistrationRefusal};
use crate::http::extract::{KeptForm, PageQuery, SignedInVisitor, Visitor};
use crate::http::limiting;
use crate::http::state::ApiState;
use crate::http::web::error::PageError;
use crate::http::web::page::{Page, Place, Policy, Sending, see_other};
use crate::model::{Id, Limit};

#[derive(Template)]
#[template(path = "own_application_new.html", config = "src/http/web/askama.toml")]
struct NewPage<'a> {
    page: Page,
    form: &'a ApplicationForm,
    problem: Option<&'a Problem>,
    kinds: [ApplicationKind; 4],
    id: String,
}

/// The form for a new application.
#[utoipa::path(
    get,
    path = "/settings/applications/new",
    tag = "pages",
    params(
        ("client_name" = Option<String>, Query, description = "What to begin with; so may every \
            other field of the form be."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn new(
    SignedInVisitor { visitor, .. }: SignedInVisitor,
    query: PageQuery<ApplicationForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    // An application gets the id that its form was shown with.
    let begun = ApplicationForm {
        id: None,
        ..query.0
    };
    ask(&visitor, &begun, None, &state)
}

fn ask(
    visitor: &Visitor,
    form: &ApplicationForm,
    problem: Option<&Problem>,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let id = form.id.unwrap_or_else(|| Id::new(state.ctx.clock.now()));
    let template = NewPage {
        page: Page::for_visitor(state, visitor, "own-new").at(Place::Applications),
        form,
        problem,
        kinds: ApplicationKind::ALL,
        id: id.to_string(),
    };
    let status = match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Page::render_with(&template, status, &Policy::new(Sending::Ourselves))
}

/// Makes an application, and shows its secret once.
#[utoipa::path(
    post,
    path = "/settings/applications/new",
    tag = "pages",
    responses(
        (status = 200, description = "Made; the page shows its secret, once.",
            content_type = "text/html"),
        (status = 303, description = "The form was sent before, or nobody is signed in any more."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or they may not have another one.",
            content_type = "text/html"),
        (status = 422, description = "A field is wrong; the form says which.",
            content_type = "text/html"),
        (status = 429, description = "Too many from one network.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn create(
    wire: HttpRequest,
    KeptForm { sender, form }: KeptForm<ApplicationForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let SignedInVisitor {
        session, visitor, ..
    } = sender;
    let registrant = Registrant {
        user: Some(session.user.id),
        address: visitor.address,
        form: form.id,
    };
    let asked = form.asked();
    let registering = registration::register(&state.ctx, registrant, &asked);
    match state.timely(registering).await.map_err(PageError::Other)? {
        Ok(made) => {
            let fresh = made
                .created
                .secret
                .as_ref()
                .map(|secret| secret.token.reveal());
            let shown = Shown {
                fresh,
                done: Some("own-created"),
                ..Shown::default()
            };
            application_page(&made.created.client, shown, &visitor, &state).await
        }
        // Reloaded, or sent twice: the secret was shown then.
        Err(RegistrationRefusal::SentBefore) => Ok(see_other("/settings/applications")),
        Err(refusal) => {
            if let RegistrationRefusal::TooOften { retry_after } = &refusal {
                limiting::refused(&wire, &state, Limit::Registrations, *retry_after);
            }
            let problem = problem(refusal, &form, form.kind)?;
            ask(&visitor, &form, Some(&problem), &state)
        }
    }
}
