//! `/settings/applications/…`: applications that somebody owns: made, changed, given secrets, tried
//! and deleted.

pub(in crate::http) mod change;
pub(in crate::http) mod create;
pub(in crate::http) mod secrets;

mod form;
mod view;

use actix_web::HttpResponse;

pub(super) use view::OwnApplication;

use super::error::PageError;
use super::page::see_other;
use super::return_to::login_url;
use crate::domain::registration::{self, Manager, RegistrationRefusal};
use crate::http::extract::Visitor;
use crate::http::state::ApiState;
use crate::model::{RefusedMetadata, RegisteredClient, Session};

/// Where an application of somebody's own is shown.
fn path_of(client_id: &str) -> String {
    format!("/settings/applications/{client_id}")
}

/// Who is signed in.
///
/// # Errors
/// The answer that sends everybody else to sign in and back here.
fn signed_in<'v>(visitor: &'v Visitor, here: &str) -> Result<&'v Session, Box<HttpResponse>> {
    let session = visitor.session.as_ref();
    session.ok_or_else(|| Box::new(see_other(&login_url(here, None))))
}

/// The application, when it is theirs.
///
/// # Errors
/// 404 for everybody else.
async fn own(
    client_id: &str,
    session: &Session,
    state: &ApiState,
) -> Result<RegisteredClient, PageError> {
    let manager = Manager::Owner(session.user.id);
    let finding = registration::find(&state.ctx, client_id, &manager);
    state
        .timely(finding)
        .await
        .map_err(PageError::Other)?
        .map_err(PageError::from)
}

/// A field that was refused, and why.
type Problem = (&'static str, &'static str);

/// The field that a refusal is about; every other refusal is an error of its own.
fn problem(refusal: RegistrationRefusal) -> Result<Problem, PageError> {
    match refusal {
        RegistrationRefusal::Metadata(RefusedMetadata::RedirectUri(why)) => {
            Ok(("redirect_uris", why))
        }
        RegistrationRefusal::Metadata(RefusedMetadata::Member(name, why)) => Ok((name, why)),
        other => Err(other.into()),
    }
}

impl From<RegistrationRefusal> for PageError {
    fn from(refusal: RegistrationRefusal) -> Self {
        match refusal {
            RegistrationRefusal::NotTheirs => Self::NotFound,
            RegistrationRefusal::Closed | RegistrationRefusal::NotSignedIn => {
                Self::Forbidden("applications are registered by operators only")
            }
            RegistrationRefusal::TooOften { retry_after } => Self::TooMany { retry_after },
            RegistrationRefusal::TooMany => {
                Self::Forbidden("you own as many applications as one user may: delete one first")
            }
            RegistrationRefusal::SentBefore => Self::BadRequest("the form was sent before"),
            RegistrationRefusal::WrongSecret => Self::defect(),
            RegistrationRefusal::Metadata(_) => {
                Self::BadRequest("an application cannot be as this form says")
            }
            RegistrationRefusal::Storage(error) => error.into(),
        }
    }
}
