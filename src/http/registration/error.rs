//! Why a registration did not happen, as clients are told (RFC 7591 3.2.2, RFC 7592 2.1).

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::domain::registration::RegistrationRefusal;
use crate::http::ApiError;
use crate::model::RefusedMetadata;

/// What whoever registers a client is told.
#[derive(Debug)]
pub(in crate::http) enum RegistrationError {
    /// 401 without a code: nothing was presented (RFC 6750 3.1).
    MissingCredential,
    /// The request was understood and refused.
    Refused(RegistrationRefusal),
    /// Said as the JSON API says it.
    Other(ApiError),
}

impl From<RegistrationRefusal> for RegistrationError {
    fn from(refusal: RegistrationRefusal) -> Self {
        match refusal {
            RegistrationRefusal::NotSignedIn => Self::Other(ApiError::not_signed_in()),
            RegistrationRefusal::Storage(error) => Self::Other(error.into()),
            other => Self::Refused(other),
        }
    }
}

impl From<ApiError> for RegistrationError {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl RegistrationError {
    fn code(&self) -> &'static str {
        use RegistrationRefusal as Refusal;
        match self {
            Self::Refused(Refusal::Metadata(RefusedMetadata::RedirectUri(_))) => {
                "invalid_redirect_uri"
            }
            Self::Refused(Refusal::Metadata(_)) => "invalid_client_metadata",
            Self::Refused(Refusal::WrongSecret) => "invalid_request",
            Self::Refused(Refusal::TooOften { .. } | Refusal::TooMany) => "too_many_requests",
            Self::MissingCredential | Self::Refused(Refusal::NotTheirs) => "invalid_token",
            Self::Refused(_) | Self::Other(_) => "access_denied",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(RegistrationRefusal::TooOften { retry_after }) => Some(*retry_after),
            _ => None,
        }
    }

    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::MissingCredential => Some("Bearer realm=\"tokenward\""),
            Self::Refused(RegistrationRefusal::NotTheirs) => {
                Some("Bearer realm=\"tokenward\", error=\"invalid_token\"")
            }
            _ => None,
        }
    }
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCredential => {
                f.write_str("the registration token is needed: Authorization: Bearer")
            }
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Other(error) => write!(f, "{error}"),
        }
    }
}

impl ResponseError for RegistrationError {
    fn status_code(&self) -> StatusCode {
        use RegistrationRefusal as Refusal;
        match self {
            Self::MissingCredential | Self::Refused(Refusal::NotTheirs) => StatusCode::UNAUTHORIZED,
            Self::Refused(Refusal::Metadata(_) | Refusal::WrongSecret) => StatusCode::BAD_REQUEST,
            Self::Refused(Refusal::TooOften { .. } | Refusal::TooMany) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::Other(error) => error.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Other(error) = self {
            return error.error_response();
        }
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CACHE_CONTROL, "no-store"));
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some(after) = self.retry_after() {
            let seconds = after.as_millis().div_ceil(1_000);
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        response.json(json!({ "error": self.code(), "error_description": self.to_string() }))
    }
}
