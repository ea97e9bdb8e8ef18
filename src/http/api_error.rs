//! Errors as the JSON API says them: `{"error": code, "detail": …, "request_id": …}`.

mod challenge;

use std::fmt;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use uuid::Uuid;

use challenge::Challenge;

use super::limiting;
use super::problem::Problem;
use super::request_id;
use crate::domain::signing_keys::SigningError;
use crate::model::Id;
use crate::storage::StorageError;

/// What a caller is told. Never what was sent, never a cause from inside.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: Box<str>,
    problems: Vec<Problem>,
    retry_after: Option<u64>,
    /// What is accepted instead: methods with 405, codings with 415.
    accepted: Option<&'static str>,
    challenge: Option<Challenge>,
}

/// An id as it stands in a path.
///
/// # Errors
/// 422 when it is none.
pub(super) fn id_in_path<T>(text: &str) -> Result<Id<T>, ApiError> {
    text.parse().map_err(|_| {
        let problem = Problem::in_path("id", "uuid_parsing", "Input should be a valid UUID");
        ApiError::invalid(vec![problem])
    })
}

impl ApiError {
    /// 400: the request cannot be read.
    #[must_use]
    pub fn malformed(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", detail)
    }

    /// 403: the sender is not who they claim to be.
    #[must_use]
    pub fn forbidden(code: &'static str, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 415: the body is of another type than the one that is read here.
    #[must_use]
    pub fn unsupported_media_type(wanted: &'static str) -> Self {
        let detail = format_args!("the body must be {wanted}");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "unsupported_media_type", detail)
    }

    /// 415: the body is compressed, and only plain ones are read, as the answer says (RFC 9110 12.5.3).
    #[must_use]
    pub fn unsupported_encoding() -> Self {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let detail = "the body must not be compressed";
        let error = Self::new(status, "unsupported_encoding", detail);
        Self {
            accepted: Some("identity"),
            ..error
        }
    }

    /// 422: members of the request are wrong; the detail lists each.
    #[must_use]
    pub fn invalid(problems: Vec<Problem>) -> Self {
        let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, "validation_error");
        let error = Self::new(status, code, "the request is not valid");
        Self { problems, ..error }
    }

    /// 422: the request can be read, and nothing can be done about it here.
    #[must_use]
    pub fn unprocessable(code: &'static str, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// The same with 400 for a body that is not valid, where a protocol keeps 422 for something else.
    #[must_use]
    pub fn into_malformed(self) -> Self {
        match self.status {
            StatusCode::UNPROCESSABLE_ENTITY => Self {
                status: StatusCode::BAD_REQUEST,
                ..self
            },
            _ => self,
        }
    }

    /// 409: it would be more than is allowed.
    #[must_use]
    pub fn conflict(code: &'static str, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 404: nothing is here.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this address",
        )
    }

    /// 404: there is no such thing, or not for this caller.
    #[must_use]
    pub fn no_such(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 405: this address answers to other methods, which must be named (RFC 9110 15.5.6).
    #[must_use]
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        let detail = format_args!("this address answers to {allowed}");
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
        Self {
            accepted: Some(allowed),
            ..error
        }
    }

    /// 408: the body did not arrive in time.
    #[must_use]
    pub fn too_slow() -> Self {
        let detail = "the request did not arrive in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
    }

    /// 413: more than is read.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let detail = format_args!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    /// 400: a report, counted from 0, is not of a kind that is revoked here. All others are done.
    #[must_use]
    pub fn unsupported_report(place: usize) -> Self {
        let detail = format_args!(
            "report {} has no token of a type that is revoked here; everything of ours among the \
             reports is revoked",
            place + 1
        );
        Self::new(StatusCode::BAD_REQUEST, "unsupported_report", detail)
    }

    /// 429: too often; wait so long.
    #[must_use]
    pub fn too_often(wait: Duration) -> Self {
        let detail = "too many requests like this one from the same sender";
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        Self {
            retry_after: Some(limiting::seconds(wait).max(1)),
            ..error
        }
    }

    /// 503: the truth cannot be known now; try again in so many seconds.
    #[must_use]
    pub fn unavailable(detail: impl fmt::Display, retry_after: u64) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        Self {
            retry_after: Some(retry_after),
            ..error
        }
    }

    /// 500: a defect of ours, which was logged.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "something unexpected happened";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }

    /// The status it is said with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// After how many seconds to try again, where that is known.
    pub(super) const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    fn new(status: StatusCode, code: &'static str, detail: impl fmt::Display) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string().into(),
            problems: Vec::new(),
            retry_after: None,
            accepted: None,
            challenge: None,
        }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match &error {
            StorageError::Unavailable(_) | StorageError::Conflict(_) => {
                tracing::warn!(error = %error, "the database is away");
                Self::unavailable("the database is out of reach", 5)
            }
            StorageError::Unexpected(_) => {
                tracing::error!(error = %error, "a statement failed");
                Self::internal()
            }
        }
    }
}

impl From<SigningError> for ApiError {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Storage(error) => error.into(),
            defect => {
                tracing::error!(error = %defect, "signing keys cannot be used");
                Self::internal()
            }
        }
    }
}

#[derive(Serialize)]
struct Body<'e> {
    error: &'static str,
    detail: Detail<'e>,
    request_id: Option<Uuid>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'e> {
    Text(&'e str),
    Problems(&'e [Problem]),
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(accepted) = self.accepted {
            let name = match self.status {
                StatusCode::METHOD_NOT_ALLOWED => header::ALLOW,
                _ => header::ACCEPT_ENCODING,
            };
            response.insert_header((name, accepted));
        }
        if let Some(challenge) = &self.challenge {
            response.insert_header((header::WWW_AUTHENTICATE, challenge.to_string()));
        }
        response.json(Body {
            error: self.code,
            detail: match self.problems.as_slice() {
                [] => Detail::Text(&self.detail),
                problems => Detail::Problems(problems),
            },
            request_id: request_id::current(),
        })
    }
}
