//! Secrets of an application: another one beside it, so that it can be replaced without a break.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::view::{Shown, application_page};
use super::{done, own};
use crate::domain::{DomainError, clients};
use crate::http::OAuthError;
use crate::http::extract::{Again, FromParameters, KeptForm, Parameters, SignedInVisitor};
use crate::http::state::ApiState;
use crate::http::web::error::PageError;
use crate::model::{Id, RevocationReason, Token};

/// Another secret.
pub(in crate::http) struct AddForm;

impl FromParameters for AddForm {
    fn read(_: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self)
    }
}

impl Again for AddForm {
    fn again(&self, path: &str) -> String {
        application_above(path)
    }
}

/// The page of an application, from which a form about its secrets is sent.
fn application_above(path: &str) -> String {
    let (above, _) = path.rsplit_once("/secrets").unwrap_or((path, ""));
    above.to_owned()
}

/// Gives an application a second secret, and shows it once. A third is refused, so that a form that
/// is sent twice does no harm.
#[utoipa::path(
    post,
    path = "/settings/applications/{client_id}/secrets",
    tag = "pages",
    params(("client_id" = String, Path, description = "The application.")),
    responses(
        (status = 200, description = "Made; the page shows it, once.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in any more."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "There is none, or it is another's.", content_type = "text/html"),
        (status = 422, description = "It has two already, or keeps none.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn add(
    client_id: Path<String>,
    form: KeptForm<AddForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let SignedInVisitor {
        session, visitor, ..
    } = form.sender;
    let client = own(&client_id, &session, &state).await?;
    let adding = clients::add_secret(&state.ctx, &client);
    let added = state.timely(adding).await.map_err(PageError::Other)?;
    let fresh = match added {
        Ok(secret) => secret,
        Err(DomainError::Invalid(why)) => {
            let shown = Shown {
                refused: Some(why),
                ..Shown::default()
            };
            return application_page(&client, shown, &visitor, &state).await;
        }
        Err(error) => return Err(error.into()),
    };
    let shown = Shown {
        fresh: Some(fresh.token.reveal()),
        done: Some("own-secret-added"),
        ..Shown::default()
    };
    application_page(&client, shown, &visitor, &state).await
}

/// Which secret.
pub(in crate::http) struct SecretForm {
    id: Id<Token>,
}

impl FromParameters for SecretForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let id = parameters.find("id").and_then(|id| id.parse().ok());
        let id = id.ok_or(OAuthError::InvalidRequest("the form names no secret"))?;
        Ok(Self { id })
    }
}

impl Again for SecretForm {
    fn again(&self, path: &str) -> String {
        application_above(path)
    }
}

/// Revokes one secret of an application.
#[utoipa::path(
    post,
    path = "/settings/applications/{client_id}/secrets/revoke",
    tag = "pages",
    params(("client_id" = String, Path, description = "The application.")),
    responses(
        (status = 303, description = "Revoked, or it was before; or nobody is signed in any more."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "There is none, or it is another's.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn revoke(
    client_id: Path<String>,
    KeptForm { sender, form }: KeptForm<SecretForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let client = own(&client_id, &sender.session, &state).await?;
    let reason = RevocationReason::Owner;
    let revoking = clients::revoke_secret(&state.ctx, &client, form.id, reason);
    state.timely(revoking).await.map_err(PageError::Other)??;
    Ok(done(&client_id, "secret-revoked"))
}
