//! `Authorization: Bearer …` (RFC 6750 2.1).

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};

use super::form::{Parameters, is_form, parameters};
use crate::http::{ApiError, OAuthError};
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

/// The credential without which a request is not answered; `refused` is what is said when there is none
/// (`false`), and when there is one that cannot work (`true`).
pub(super) fn demand(
    request: &HttpRequest,
    refused: fn(bool) -> ApiError,
) -> Result<PlainToken, ApiError> {
    let presented = read(request).map_err(|error| match error {
        OAuthError::InvalidRequest(what) => ApiError::malformed(what),
        OAuthError::MissingCredential => refused(false),
        _ => refused(true),
    })?;
    Ok(presented.into_inner())
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
        Box::pin(async move { access_token(&request, payload).await })
    }
}

impl AccessToken {
    /// The one that a request carries, in its header or in its form.
    ///
    /// # Errors
    /// When there is none, or one in each; and when the header cannot be read, whatever the form holds.
    pub fn one_of(
        header: Result<BearerCredential, OAuthError>,
        form: Option<&Parameters>,
    ) -> Result<Self, OAuthError> {
        match (header, form.and_then(|form| form.find("access_token"))) {
            (Ok(_), Some(_)) => Err(OAuthError::InvalidRequest("the access token comes twice")),
            (Ok(credential), None) => Ok(Self(credential.into_inner())),
            (Err(OAuthError::MissingCredential), Some(text)) => {
                Ok(Self(PlainToken::new(text.to_owned())))
            }
            (Err(error), _) => Err(error),
        }
    }
}

async fn access_token(request: &HttpRequest, payload: Payload) -> Result<AccessToken, OAuthError> {
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    if query.any(|(name, _)| name == "access_token") {
        let what = "an access token must not be in the query";
        return Err(OAuthError::InvalidRequest(what));
    }
    let form = match request.method() == Method::POST && is_form(request) {
        true => Some(parameters(request, payload).await?),
        false => None,
    };
    AccessToken::one_of(read(request), form.as_ref())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn header(value: &[u8]) -> Result<BearerCredential, OAuthError> {
        let value = HeaderValue::from_bytes(value).unwrap();
        let request = TestRequest::default().append_header((AUTHORIZATION, value));
        read(&request.to_http_request())
    }

    #[test]
    fn an_access_token_comes_once() {
        let form = Parameters::parse(b"access_token=b").unwrap();
        let one = |value: &[u8], form| {
            AccessToken::one_of(header(value), form).map(|token| token.0.reveal().to_owned())
        };
        assert_eq!(one(b"Bearer a", None).unwrap(), "a");
        assert_eq!(one(b"Basic a", Some(&form)).unwrap(), "b");
        for (value, form) in [
            (&b"Bearer a"[..], Some(&form)),
            (b"Bearer \xff", Some(&form)),
            (b"Basic a", None),
        ] {
            assert!(one(value, form).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_credential_is_what_stands_behind_its_scheme(
            scheme in "(?i)bearer|basic|[a-z]{0,3}",
            text in "[ -~]{0,40}",
        ) {
            let read = header(format!("{scheme} {text}").as_bytes());
            let is_bearer = scheme.eq_ignore_ascii_case("bearer");
            prop_assert_eq!(read.is_ok(), is_bearer);
            if let Ok(credential) = read {
                let credential = credential.into_inner();
                prop_assert_eq!(credential.reveal(), text.trim());
            }
        }
    }
}
