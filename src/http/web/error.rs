//! Errors that people see: what happened, what to do, and an id to name.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};

use super::page::error_page;
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

    fn title(&self) -> &'static str {
        match self {
            Self::BadRequest(_) | Self::Unreadable(_) => "This request cannot be answered",
            Self::ForeignForm => "This form is no longer valid",
            Self::Forbidden(_) => "You may not do this",
            Self::NotFound => "There is nothing here",
            Self::TooMany { .. } => "Not so often, please",
            Self::Other(error) if error.status() == StatusCode::SERVICE_UNAVAILABLE => {
                "Please try again in a moment"
            }
            Self::Other(_) => "Something went wrong",
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::Unreadable(why) => return why.to_string(),
            Self::BadRequest(what) | Self::Forbidden(what) => return sentence(what),
            Self::ForeignForm => {
                "It was opened before you signed in or out, in another browser, or by another \
                 site. Go back, reload the page and send it again. Nothing was changed."
            }
            Self::NotFound => "The address is wrong, or what was here is gone.",
            Self::TooMany { .. } => {
                "There were too many tries from your network. Wait a while and try again."
            }
            Self::Other(error) if error.status() == StatusCode::SERVICE_UNAVAILABLE => {
                "The service is busy or being restarted. Nothing was changed."
            }
            Self::Other(_) => "This is our fault, and it was written down.",
        };
        text.to_owned()
    }
}

/// What programs are told as a phrase, as people are told it.
fn sentence(phrase: &str) -> String {
    let mut rest = phrase.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let mut text: String = first.chain(rest).collect();
    if !text.ends_with('.') {
        text.push('.');
    }
    text
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
            other => Self::malformed(other.detail()),
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::ForeignForm | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Other(error) => error.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = error_page(self.status_code(), self.title(), &self.detail());
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
