//! `Authorization: Bearer …` (RFC 6750 2.1).

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};

use super::form::{is_form, parameters};
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

/// Whether a request says that it presents a credential of this scheme.
pub(super) fn has_scheme(request: &HttpRequest, name: &[u8]) -> bool {
    let value = request.headers().get(AUTHORIZATION);
    let scheme = value.map(|value| value.as_bytes()).unwrap_or_default();
    let scheme = scheme.split(|byte| *byte == b' ').next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(name))
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

/// An access token in the header or, for a POST, in a form (RFC 6750 2.1 and 2.2). In the query it
/// would be in logs and histories, so there it is refused (RFC 9700 4.3.2).
#[derive(Debug)]
pub struct AccessToken(pub PlainToken);

impl FromRequest for AccessToken {
    type Error = OAuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, OAuthError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move { access_token(&request, payload).await.map(Self) })
    }
}

async fn access_token(request: &HttpRequest, payload: Payload) -> Result<PlainToken, OAuthError> {
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    if query.any(|(name, _)| name == "access_token") {
        let what = "an access token must not be in the query";
        return Err(OAuthError::InvalidRequest(what));
    }
    let in_form = match request.method() == Method::POST && is_form(request) {
        true => {
            let form = parameters(request, payload).await?;
            form.find("access_token")
                .map(|text| PlainToken::new(text.to_owned()))
        }
        false => None,
    };
    match (read(request), in_form) {
        (Ok(_), Some(_)) => Err(OAuthError::InvalidRequest("the access token comes twice")),
        (Ok(credential), None) => Ok(credential.into_inner()),
        (Err(OAuthError::MissingCredential), Some(token)) => Ok(token),
        (Err(error), _) => Err(error),
    }
}
