//! What an authorization request is answered, and where that goes.

use crate::model::{PlainToken, RedirectUri};

/// How an answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect URI (RFC 6749 4.1.2).
    Query,
    /// As a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// A registered address.
    pub redirect_uri: RedirectUri,
    /// What the client sent along, byte for byte.
    pub state: Option<String>,
    /// How.
    pub mode: ResponseMode,
}

/// Why a request was refused, in the words of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request makes no sense.
    InvalidRequest,
    /// The client may not do this.
    UnauthorizedClient,
    /// The person said no.
    AccessDenied,
    /// Only codes are given out.
    UnsupportedResponseType,
    /// More was asked for than may be had.
    InvalidScope,
    /// A resource is none (RFC 8707 2).
    InvalidTarget,
    /// `prompt=none`, and nobody is signed in.
    LoginRequired,
    /// `prompt=none`, and the person has to allow it.
    ConsentRequired,
    /// `prompt=none`, and the person has to choose.
    InteractionRequired,
    /// `request` is not supported.
    RequestNotSupported,
    /// `request_uri` is not supported.
    RequestUriNotSupported,
    /// `registration` is not supported.
    RegistrationNotSupported,
}

impl ErrorCode {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
        }
    }
}

/// A refusal that the client hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationError {
    /// Why.
    pub code: ErrorCode,
    /// For people, in the characters of RFC 6749 4.1.2.1.
    pub description: &'static str,
    /// Where it goes.
    pub destination: Destination,
}

impl Destination {
    /// The members of an answer that goes here: these, the state, and who answers (RFC 9207).
    #[must_use]
    pub fn members<'a>(
        &'a self,
        fields: &[(&'a str, &'a str)],
        issuer: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        let state = self.state.as_deref().map(|state| ("state", state));
        let fields = fields.iter().copied();
        fields.chain(state).chain([("iss", issuer)]).collect()
    }

    /// The redirect URI with an answer in its query.
    #[must_use]
    pub fn location(&self, fields: &[(&str, &str)], issuer: &str) -> String {
        self.redirect_uri.with_query(self.members(fields, issuer))
    }

    /// A refusal that goes here.
    #[must_use]
    pub fn refuse(&self, code: ErrorCode, description: &'static str) -> AuthorizationError {
        AuthorizationError {
            code,
            description,
            destination: self.clone(),
        }
    }
}

/// A code for the client.
#[derive(Debug)]
pub struct Granted {
    /// The code.
    pub code: PlainToken,
    /// Where it goes.
    pub destination: Destination,
}
