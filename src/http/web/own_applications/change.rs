//! An application: shown, changed, deleted.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::form::ApplicationForm;
use super::view::{Shown, application_page};
use super::{own, path_of, problem, signed_in};
use crate::domain::registration;
use crate::http::extract::{PageForm, Visitor};
use crate::http::state::ApiState;
use crate::http::web::error::PageError;
use crate::http::web::login::Bare;
use crate::http::web::page::{Page, Place, Policy, Sending, see_other};

/// An application that somebody owns.
#[utoipa::path(
    get,
    path = "/settings/applications/{client_id}",
    tag = "pages",
    params(("client_id" = String, Path, description = "The application.")),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 404, description = "There is none, or it is another's.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn show(
    client_id: Path<String>,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let session = match signed_in(&visitor, &path_of(&client_id)) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let client = own(&client_id, session, &state).await?;
    application_page(&client, Shown::default(), &visitor, &state).await
}

/// Changes what an application says about itself.
#[utoipa::path(
    post,
    path = "/settings/applications/{client_id}",
    tag = "pages",
    params(("client_id" = String, Path, description = "The application.")),
    responses(
        (status = 200, description = "Changed.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in any more."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "There is none, or it is another's.", content_type = "text/html"),
        (status = 422, description = "A field is wrong; the form says which.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn change(
    client_id: Path<String>,
    form: PageForm<ApplicationForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageForm { visitor, form } = form;
    let session = match signed_in(&visitor, &path_of(&client_id)) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let client = own(&client_id, session, &state).await?;
    let asked = form.changed(&client.metadata);
    let replacing = registration::replace(&state.ctx, &client, &asked, None);
    let changed = state.timely(replacing).await.map_err(PageError::Other)?;
    match changed {
        Ok(changed) => {
            let shown = Shown {
                fresh: changed.secret.as_ref().map(|secret| secret.token.reveal()),
                done: Some("own-changed"),
                ..Shown::default()
            };
            application_page(&changed.client, shown, &visitor, &state).await
        }
        Err(refusal) => {
            let shown = Shown {
                typed: Some((&form, problem(refusal)?)),
                ..Shown::default()
            };
            application_page(&client, shown, &visitor, &state).await
        }
    }
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
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let session = match signed_in(&visitor, &path_of(&client_id)) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let client = own(&client_id, session, &state).await?;
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
    form: PageForm<Bare>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let session = match signed_in(&form.visitor, &path_of(&client_id)) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    match own(&client_id, session, &state).await {
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
