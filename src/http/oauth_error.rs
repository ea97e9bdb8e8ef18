//! Errors of the OAuth endpoints (RFC 6749 5.2), and of bearer credentials (RFC 6750 3).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use super::api_error::ApiError;
use crate::domain::exchange::ExchangeError;
use crate::domain::revocation::RevocationRefusal;
use crate::domain::service_keys::Refusal;
use crate::domain::userinfo;
use crate::model::scope_catalog::OPENID;

/// What an OAuth client is told.
#[derive(Debug)]
pub enum OAuthError {
    /// 400: the request cannot be read.
    InvalidRequest(&'static str),
    /// 413: more than is read.
    TooLarge,
    /// 401: the client is unknown or did not prove who it is.
    InvalidClient {
        /// Whether it tried with `Authorization: Basic`, which must be answered with a challenge.
        basic: bool,
    },
    /// 400: the code, token or session is none that works for this client.
    InvalidGrant(&'static str),
    /// 400: the client may not use this grant type.
    UnauthorizedClient,
    /// 400: there is no such grant type here.
    UnsupportedGrantType,
    /// 400: more was asked for than may be had.
    InvalidScope(&'static str),
    /// 400: tokens for a resource that was not granted (RFC 8707 2).
    InvalidTarget(&'static str),
    /// 400: a token of this kind is not revoked here (RFC 7009 2.2.1).
    UnsupportedTokenType,
    /// 401 without a code: no credential came (RFC 6750 3.1).
    MissingCredential,
    /// 401: the credential does not work. Which of the reasons it is stays unsaid.
    InvalidToken,
    /// 403: the credential works, but not for this.
    InsufficientScope(&'static str),
    /// Said as the JSON API says it, with OAuth's members.
    Other(ApiError),
}

impl From<ApiError> for OAuthError {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InvalidKey | Refusal::ForeignNetwork => Self::InvalidToken,
            Refusal::InsufficientScope(scope) => Self::InsufficientScope(scope),
            Refusal::Storage(error) => Self::Other(error.into()),
        }
    }
}

impl From<userinfo::Refusal> for OAuthError {
    fn from(refusal: userinfo::Refusal) -> Self {
        match refusal {
            userinfo::Refusal::InvalidToken => Self::InvalidToken,
            userinfo::Refusal::InsufficientScope => Self::InsufficientScope(OPENID),
            userinfo::Refusal::Storage(error) => Self::Other(error.into()),
        }
    }
}

impl From<ExchangeError> for OAuthError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::InvalidRequest(what) => Self::InvalidRequest(what),
            ExchangeError::InvalidGrant(what) => Self::InvalidGrant(what),
            ExchangeError::InvalidScope(what) => Self::InvalidScope(what),
            ExchangeError::InvalidTarget(what) => Self::InvalidTarget(what),
            ExchangeError::UnauthorizedClient => Self::UnauthorizedClient,
            ExchangeError::Storage(error) => Self::Other(error.into()),
            ExchangeError::Signing(error) => Self::Other(error.into()),
        }
    }
}

impl From<RevocationRefusal> for OAuthError {
    fn from(refusal: RevocationRefusal) -> Self {
        match refusal {
            RevocationRefusal::Foreign => {
                Self::InvalidGrant("the token was not issued to this client")
            }
            RevocationRefusal::UnsupportedKind => Self::UnsupportedTokenType,
            RevocationRefusal::Storage(error) => Self::Other(error.into()),
        }
    }
}

impl OAuthError {
    /// The database took longer than a request may take.
    pub(super) fn too_slow() -> Self {
        Self::Other(ApiError::unavailable("the database took too long", 5))
    }

    fn code(&self) -> Option<&'static str> {
        match self {
            Self::InvalidClient { .. } => Some("invalid_client"),
            Self::InvalidGrant(_) => Some("invalid_grant"),
            Self::UnauthorizedClient => Some("unauthorized_client"),
            Self::UnsupportedGrantType => Some("unsupported_grant_type"),
            Self::InvalidScope(_) => Some("invalid_scope"),
            Self::InvalidTarget(_) => Some("invalid_target"),
            Self::UnsupportedTokenType => Some("unsupported_token_type"),
            Self::InvalidRequest(_) | Self::TooLarge => Some("invalid_request"),
            Self::MissingCredential => None,
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientScope(_) => Some("insufficient_scope"),
            // Named as RFC 6749 4.1.2.1 does: only one of the two passes by itself.
            Self::Other(error) if matches!(error.status().as_u16(), 429 | 503) => {
                Some("temporarily_unavailable")
            }
            Self::Other(_) => Some("server_error"),
        }
    }

    fn description(&self) -> &'static str {
        match self {
            Self::InvalidRequest(what)
            | Self::InvalidGrant(what)
            | Self::InvalidScope(what)
            | Self::InvalidTarget(what) => what,
            Self::InvalidClient { .. } => "the client is unknown or did not prove who it is",
            Self::UnauthorizedClient => "the client may not use this grant type",
            Self::UnsupportedGrantType => "there is no such grant type here",
            Self::UnsupportedTokenType => "tokens of this kind are not revoked here",
            Self::TooLarge => "the body is too large",
            Self::MissingCredential => "a credential is needed: Authorization: Bearer",
            Self::InvalidToken => "the credential is unknown, expired or revoked",
            Self::InsufficientScope(_) => "the credential lacks the scope",
            Self::Other(error) if error.status() == StatusCode::TOO_MANY_REQUESTS => {
                "too many requests failed: wait, and try again"
            }
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
            Self::InvalidClient { basic: true } => {
                Some("Basic realm=\"tokenward\", charset=\"UTF-8\"".to_owned())
            }
            _ => None,
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
            Self::InvalidRequest(_)
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope(_)
            | Self::InvalidTarget(_)
            | Self::UnsupportedTokenType => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MissingCredential | Self::InvalidToken | Self::InvalidClient { .. } => {
                StatusCode::UNAUTHORIZED
            }
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
        if let Self::Other(error) = self
            && let Some(seconds) = error.retry_after()
        {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        let code = self.code().unwrap_or("invalid_token");
        response.json(json!({ "error": code, "error_description": self.description() }))
    }
}
