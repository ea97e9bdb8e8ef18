//! `Authorization: Bearer …` (RFC 6750 2.1).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};

use crate::http::OAuthError;
use crate::model::PlainToken;

/// A credential that was presented and not yet believed: the only thing to do with it is to hand
/// it to a use case that looks it up.
#[derive(Debug)]
pub struct BearerCredential(PlainToken);

impl BearerCredential {
    /// The credential's text.
    #[must_use]
    pub fn into_inner(self) -> PlainToken {
        self.0
    }
}

impl FromRequest for BearerCredential {
    type Error = OAuthError;
    type Future = Ready<Result<Self, OAuthError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

pub(super) fn read(request: &HttpRequest) -> Result<BearerCredential, OAuthError> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let value = values.next().ok_or(OAuthError::MissingCredential)?;
    if values.next().is_some() {
        return Err(OAuthError::InvalidRequest(
            "the header Authorization is there more than once",
        ));
    }
    let text = value.to_str().map_err(|_| OAuthError::InvalidToken)?;
    let (scheme, credential) = text.split_once(' ').ok_or(OAuthError::MissingCredential)?;
    // RFC 9110 11.1: the scheme's name is case-insensitive.
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(OAuthError::MissingCredential);
    }
    Ok(BearerCredential(PlainToken::new(
        credential.trim().to_owned(),
    )))
}
