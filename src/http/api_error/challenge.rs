//! Errors of whoever does not prove who it is, or may not do what it asks for.

use std::fmt;

use actix_web::http::StatusCode;

use super::ApiError;

/// How a caller could prove who it is (RFC 9110 11.6.1).
#[derive(Clone, Copy, Debug)]
pub(super) enum Challenge {
    /// By signing in; there is no scheme for cookies.
    Session,
    /// By a secret that was agreed on.
    Secret,
    /// By a service key (RFC 6750 3).
    Bearer,
    /// By another service key.
    InvalidToken,
    /// By one with this scope.
    InsufficientScope(&'static str),
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("Session"),
            Self::Secret => f.write_str("Secret"),
            Self::Bearer => f.write_str("Bearer"),
            Self::InvalidToken => f.write_str("Bearer error=\"invalid_token\""),
            Self::InsufficientScope(scope) => {
                write!(f, "Bearer error=\"insufficient_scope\", scope=\"{scope}\"")
            }
        }
    }
}

impl ApiError {
    /// 401: nobody is signed in.
    #[must_use]
    pub fn not_signed_in() -> Self {
        let detail = "this needs somebody who is signed in";
        let error = Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", detail);
        // RFC 9110 15.5.2 wants a challenge, and knows no scheme for cookies. Browsers ask nobody
        // about a scheme that they do not know.
        error.challenged(Challenge::Session)
    }

    /// 401: no service key, or one that does not work.
    #[must_use]
    pub fn no_service_key(presented: bool) -> Self {
        let detail = "this needs a service key that works";
        Self::unauthorized("invalid_service_key", detail, presented)
    }

    /// 403: the service key is for something else.
    #[must_use]
    pub fn insufficient_scope(scope: &'static str) -> Self {
        let detail = format_args!("this needs a service key with the scope {scope}");
        Self::lacking(scope, detail)
    }

    /// 401: no credential for receiving events, or one that does not work.
    #[must_use]
    pub fn no_receiver(presented: bool) -> Self {
        let detail = "this needs a credential for receiving events that works";
        Self::unauthorized("invalid_token", detail, presented)
    }

    /// 403: the credential is for something else, or acts for a person.
    #[must_use]
    pub fn no_receiving_scope(scope: &'static str) -> Self {
        let detail = format_args!(
            "this needs a service key with the scope events:receive, or an organization's token or a \
             client's own access token with the scope {scope}"
        );
        Self::lacking(scope, detail)
    }

    /// 401: no credential for managing webhooks, or one that does not work.
    #[must_use]
    pub fn no_subscriber(presented: bool) -> Self {
        let detail = "this needs a service key or an organization's token that works";
        Self::unauthorized("invalid_service_key", detail, presented)
    }

    /// 403: the credential lacks this scope; an organization's token needs `own`.
    #[must_use]
    pub fn no_subscribing_scope(lacking: &'static str, own: &'static str) -> Self {
        let detail = format_args!(
            "this needs a service key with the scope webhooks:manage, or an organization's token with \
             the scope {own}"
        );
        Self::lacking(lacking, detail)
    }

    /// 401: the secret that was agreed upon did not come.
    #[must_use]
    pub fn wrong_secret() -> Self {
        let detail = "the header Authorization does not hold the secret that was agreed upon";
        let error = Self::new(StatusCode::UNAUTHORIZED, "invalid_secret", detail);
        // RFC 9110 15.5.2 wants a challenge. The secret comes without a scheme, so this names none
        // that anybody has a credential for.
        error.challenged(Challenge::Secret)
    }

    /// 401. RFC 6750 3: whoever presents nothing is told no error.
    fn unauthorized(code: &'static str, detail: &str, presented: bool) -> Self {
        let error = Self::new(StatusCode::UNAUTHORIZED, code, detail);
        error.challenged(match presented {
            true => Challenge::InvalidToken,
            false => Challenge::Bearer,
        })
    }

    /// 403: a credential that works, without this scope.
    fn lacking(scope: &'static str, detail: impl fmt::Display) -> Self {
        let error = Self::new(StatusCode::FORBIDDEN, "insufficient_scope", detail);
        error.challenged(Challenge::InsufficientScope(scope))
    }

    fn challenged(self, challenge: Challenge) -> Self {
        Self {
            challenge: Some(challenge),
            ..self
        }
    }
}
