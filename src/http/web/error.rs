//! Errors that people see: what happened, what to do, and an id to name.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};

use super::language::Language;
use super::page::{Told, error_page, see_other};
use super::return_to::login_url;
use super::texts::{Said, phrase};
use crate::domain::DomainError;
use crate::domain::authorization::Unreadable;
use crate::http::{ApiError, limiting};
use crate::storage::StorageError;

/// What a person is told.
#[derive(Debug)]
pub enum PageError {
    /// 400: the request makes no sense.
    BadRequest(&'static str),
    /// 400: an authorization request that nobody can be sent back from.
    Unreadable(Unreadable),
    /// 403: the form is not one that we showed to this browser.
    ForeignForm,
    /// 403: the person may not do this.
    Forbidden(&'static str),
    /// 404: nothing is here.
    NotFound,
    /// 303: on to the sign-in page, and from there to this path of ours.
    SignIn(Box<str>),
    /// 429: not so often.
    TooMany {
        /// When it may be tried again.
        retry_after: Duration,
    },
    /// Said as the JSON API says it, in HTML.
    Other(ApiError),
}

impl PageError {
    /// The database took longer than a request may take.
    pub(in crate::http) fn too_slow() -> Self {
        Self::Other(ApiError::unavailable("the database took too long", 5))
    }

    /// A defect of ours.
    pub(in crate::http) fn defect() -> Self {
        tracing::error!("a page could not be rendered");
        Self::Other(ApiError::internal())
    }

    /// The name of its texts: `error-…` is the title, `error-…-detail` says more.
    fn text(&self) -> &'static str {
        match self {
            Self::BadRequest(_) | Self::Unreadable(_) => "error-bad-request",
            Self::ForeignForm => "error-foreign-form",
            Self::Forbidden(_) => "error-forbidden",
            // Nobody reads this: they are on their way.
            Self::NotFound | Self::SignIn(_) => "error-not-found",
            Self::TooMany { .. } => "error-too-many",
            Self::Other(error) if error.status() == StatusCode::SERVICE_UNAVAILABLE => {
                "error-unavailable"
            }
            Self::Other(_) => "error-ours",
        }
    }

    /// What a person is told, in their language.
    fn told(&self, language: Language) -> Told {
        let say = |id: &str| Said::new(language, id).to_string();
        let detail = match self {
            Self::Unreadable(why) => phrase(language, &why.to_string()),
            Self::BadRequest(what) | Self::Forbidden(what) => phrase(language, what),
            _ => say(&format!("{}-detail", self.text())),
        };
        Told {
            title: say(self.text()),
            detail,
        }
    }
}

impl From<StorageError> for PageError {
    fn from(error: StorageError) -> Self {
        Self::Other(error.into())
    }
}

impl From<DomainError> for PageError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::NotFound(_) => Self::NotFound,
            DomainError::Taken(what) | DomainError::Invalid(what) => Self::BadRequest(what),
            DomainError::Storage(error) => error.into(),
        }
    }
}

impl From<PageError> for ApiError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Other(error) => error,
            other => Self::malformed(other.told(Language::English).detail),
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::ForeignForm | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignIn(_) => StatusCode::SEE_OTHER,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Other(error) => error.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::SignIn(return_to) = self {
            return see_other(&login_url(return_to, None));
        }
        let mut response = error_page(self.status_code(), |language| self.told(language));
        let seconds = match self {
            Self::TooMany { retry_after } => Some(limiting::seconds(*retry_after).max(1)),
            Self::Other(error) if error.status() == StatusCode::SERVICE_UNAVAILABLE => Some(5),
            _ => None,
        };
        if let Some(seconds) = seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
