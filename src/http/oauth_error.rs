//! Errors of the OAuth endpoints (RFC 6749 5.2), and of bearer credentials (RFC 6750 3).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use super::api_error::ApiError;
use crate::domain::introspection::{self, Refusal};

/// What an OAuth client is told.
#[derive(Debug)]
pub enum OAuthError {
    /// 400: the request cannot be read.
    InvalidRequest(&'static str),
    /// 413: more than is read.
    TooLarge,
    /// 401 without a code: no credential came (RFC 6750 3.1).
    MissingCredential,
    /// 401: the credential does not work. Which of the reasons it is stays unsaid.
    InvalidToken,
    /// 403: the credential works, but not for this.
    InsufficientScope(&'static str),
    /// Said as the JSON API says it, with OAuth's members.
    Other(ApiError),
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InvalidKey => Self::InvalidToken,
            Refusal::InsufficientScope => Self::InsufficientScope(introspection::SCOPE),
            Refusal::Storage(error) => Self::Other(error.into()),
        }
    }
}

impl OAuthError {
    fn code(&self) -> Option<&'static str> {
        match self {
            Self::InvalidRequest(_) | Self::TooLarge => Some("invalid_request"),
            Self::MissingCredential => None,
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientScope(_) => Some("insufficient_scope"),
            // Named as RFC 6749 4.1.2.1 does: only one of the two passes by itself.
            Self::Other(error) if error.status().as_u16() == 503 => Some("temporarily_unavailable"),
            Self::Other(_) => Some("server_error"),
        }
    }

    fn description(&self) -> &'static str {
        match self {
            Self::InvalidRequest(what) => what,
            Self::TooLarge => "the body is too large",
            Self::MissingCredential => "a service key is needed: Authorization: Bearer",
            Self::InvalidToken => "the service key is unknown, expired or revoked",
            Self::InsufficientScope(_) => "the service key lacks the scope",
            Self::Other(_) => "the service cannot answer now",
        }
    }

    fn challenge(&self) -> Option<String> {
        let description = self.description();
        match self {
            Self::MissingCredential => Some("Bearer realm=\"tokenward\"".to_owned()),
            Self::InvalidToken => Some(format!(
                "Bearer realm=\"tokenward\", error=\"invalid_token\", \
                 error_description=\"{description}\""
            )),
            Self::InsufficientScope(scope) => Some(format!(
                "Bearer realm=\"tokenward\", error=\"insufficient_scope\", \
                 error_description=\"{description}\", scope=\"{scope}\""
            )),
            Self::InvalidRequest(_) | Self::TooLarge | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MissingCredential | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
            Self::Other(error) => error.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"));
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, "5"));
        }
        let code = self.code().unwrap_or("invalid_token");
        response.json(json!({ "error": code, "error_description": self.description() }))
    }
}
