//! An application: shown, changed, deleted.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::form::{ApplicationForm, ApplicationKind};
use super::view::{Shown, application_page};
use super::{done, own, path_of, problem};
use crate::domain::clients::CreatedClient;
use crate::domain::registration;
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, KeptForm, PageQuery, Parameters, SignedInVisitor};
use crate::http::state::ApiState;
use crate::http::web::error::PageError;
use crate::http::web::login::Bare;
use crate::http::web::page::{Page, Place, Policy, Sending, see_other};

/// What the address of an application says: what was just done, or what was typed before somebody had
/// to sign in.
pub(in crate::http) struct ShowQuery {
    done: Option<&'static str>,
    typed: Option<ApplicationForm>,
}

impl FromParameters for ShowQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let typed = parameters.find("client_name").is_some();
        Ok(Self {
            done: match parameters.find("done") {
                Some("changed") => Some("own-changed"),
                Some("secret-revoked") => Some("own-secret-revoked"),
                _ => None,
            },
            typed: match typed {
                true => Some(ApplicationForm::read(parameters)?),
                false => None,
            },
        })
    }
}

/// An application that somebody owns.
#[utoipa::path(
    get,
    path = "/settings/applications/{client_id}",
    tag = "pages",
    params(
        ("client_id" = String, Path, description = "The application."),
        ("done" = Option<String>, Query, description = "What was just done."),
        ("client_name" = Option<String>, Query, description = "What its form begins with, when it \
            and the other fields of the form are there."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 404, description = "There is none, or it is another's.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn show(
    client_id: Path<String>,
    SignedInVisitor {
        session, visitor, ..
    }: SignedInVisitor,
    query: PageQuery<ShowQuery>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let client = own(&client_id, &session, &state).await?;
    let shown = Shown {
        done: query.0.done,
        typed: query.0.typed.as_ref(),
        ..Shown::default()
    };
    application_page(&client, shown, &visitor, &state).await
}

/// Changes what an application says about itself.
#[utoipa::path(
    post,
    path = "/settings/applications/{client_id}",
    tag = "pages",
    params(("client_id" = String, Path, description = "The application.")),
    responses(
        (status = 303, description = "Changed, or nobody is signed in any more."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "There is none, or it is another's.", content_type = "text/html"),
        (status = 422, description = "A field is wrong; the form says which.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn change(
    client_id: Path<String>,
    KeptForm { sender, form }: KeptForm<ApplicationForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let SignedInVisitor {
        session, visitor, ..
    } = sender;
    let client = own(&client_id, &session, &state).await?;
    let asked = form.changed(&client.metadata);
    let replacing = registration::replace(&state.ctx, &client, &asked, None);
    let changed = state.timely(replacing).await.map_err(PageError::Other)?;
    let refusal = match changed {
        Ok(CreatedClient { client, secret }) => {
            let Some(secret) = secret else {
                return Ok(done(&client_id, "changed"));
            };
            let shown = Shown {
                fresh: Some(secret.token.reveal()),
                done: Some("own-changed"),
                ..Shown::default()
            };
            return application_page(&client, shown, &visitor, &state).await;
        }
        Err(refusal) => refusal,
    };
    let kind = ApplicationKind::of(&client.metadata);
    let problem = problem(refusal, &form, kind)?;
    let shown = Shown {
        typed: Some(&form),
        problem: Some(&problem),
        ..Shown::default()
    };
    application_page(&client, shown, &visitor, &state).await
}

#[derive(Template)]
#[template(
    path = "own_application_delete.html",
    config = "src/http/web/askama.toml"
)]
struct DeletionPage<'a> {
    page: Page,
    name: &'a str,
    path: String,
}

/// Asks whether an application shall be deleted, and says what stops working then.
#[utoipa::path(
    get,
    path = "/settings/applications/{client_id}/delete",
    tag = "pages",
    params(("client_id" = String, Path, description = "The application.")),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 404, description = "There is none, or it is another's.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn confirm_deletion(
    client_id: Path<String>,
    SignedInVisitor {
        session, visitor, ..
    }: SignedInVisitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let client = own(&client_id, &session, &state).await?;
    let template = DeletionPage {
        page: Page::for_visitor(&state, &visitor, "own-delete-title").at(Place::Applications),
        name: &client.metadata.client_name,
        path: path_of(&client_id),
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// Deletes an application with everything that it has.
#[utoipa::path(
    post,
    path = "/settings/applications/{client_id}/delete",
    tag = "pages",
    params(("client_id" = String, Path, description = "The application.")),
    responses(
        (status = 303, description = "Deleted, or it was before; back to the list."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn delete(
    client_id: Path<String>,
    form: KeptForm<Bare>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    match own(&client_id, &form.sender.session, &state).await {
        Ok(client) => {
            let deleting = registration::delete(&state.ctx, &client);
            state.timely(deleting).await.map_err(PageError::Other)??;
        }
        // Sent twice: it is as gone as they wanted it.
        Err(PageError::NotFound) => {}
        Err(error) => return Err(error),
    }
    Ok(see_other("/settings/applications?done=deleted"))
}
