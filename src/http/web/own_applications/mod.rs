//! `/settings/applications/…`: applications that somebody owns: made, changed, given secrets, tried
//! and deleted.

pub(in crate::http) mod change;
pub(in crate::http) mod create;
pub(in crate::http) mod secrets;

mod form;
mod view;

use actix_web::HttpResponse;

pub(super) use view::OwnApplication;

pub(super) use self::form::ApplicationForm;
use self::form::ApplicationKind;
use super::error::PageError;
use super::page::see_other;
use crate::domain::registration::{self, Manager, RegistrationRefusal};
use crate::http::state::ApiState;
use crate::model::{RefusedMetadata, RegisteredClient, Session};

/// Where an application of somebody's own is shown.
fn path_of(client_id: &str) -> String {
    format!("/settings/applications/{client_id}")
}

/// Back to an application, which tells what was done.
fn done(client_id: &str, what: &str) -> HttpResponse {
    see_other(&format!("{}?done={what}", path_of(client_id)))
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
    let finding = registration::find(&state.ctx, client_id, &manager, None);
    state
        .timely(finding)
        .await
        .map_err(PageError::Other)?
        .map_err(PageError::from)
}

/// What is wrong with a form.
struct Problem {
    /// The field.
    field: &'static str,
    /// Why, as a phrase.
    why: &'static str,
    /// Which of the addresses in the field, where it holds several.
    which: Option<String>,
}

/// The field that a refusal is about; every other refusal is an error of its own. `kind` is what the
/// application is.
fn problem(
    refusal: RegistrationRefusal,
    form: &ApplicationForm,
    kind: ApplicationKind,
) -> Result<Problem, PageError> {
    match refusal {
        RegistrationRefusal::Metadata(RefusedMetadata::RedirectUri(why)) => Ok(Problem {
            field: "redirect_uris",
            why,
            which: form.wrong_redirect_uri(kind).map(str::to_owned),
        }),
        RegistrationRefusal::Metadata(RefusedMetadata::Member(field, why)) => Ok(Problem {
            field,
            why,
            which: None,
        }),
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
