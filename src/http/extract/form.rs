//! `application/x-www-form-urlencoded` bodies, read strictly.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use tokio::time::Instant;

use crate::http::bodies::{Incoming, is_plain};
use crate::http::state::ApiState;
use crate::http::{ApiError, OAuthError, PageError};

/// Largest form that is read.
const LIMIT: usize = 256 * 1_024;

/// The parameters of a form. Prints nothing of itself: forms hold tokens.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a form or a query.
    ///
    /// # Errors
    /// `invalid_request` when a parameter is there more than once, or when there are too many.
    pub fn parse(bytes: &[u8]) -> Result<Self, OAuthError> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (key, value) in url::form_urlencoded::parse(bytes) {
            if !REPEATABLE.contains(&&*key) && fields.iter().any(|(known, _)| *known == key) {
                return Err(OAuthError::InvalidRequest(
                    "a parameter is there more than once",
                ));
            }
            let scopes = fields.iter().filter(|(known, _)| known == SCOPES).count();
            let full = match key == SCOPES {
                true => scopes == MOST_SCOPES,
                false => fields.len() - scopes == MOST,
            };
            if full {
                return Err(OAuthError::InvalidRequest("there are too many parameters"));
            }
            fields.push((key.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter that may be repeated.
    pub fn find_all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What may be there more than once: resources (RFC 8707 2), and the boxes that somebody ticked.
const REPEATABLE: [&str; 2] = ["resource", SCOPES];
/// The name of the boxes before scopes.
pub const SCOPES: &str = "scopes";
/// Most parameters besides them,
const MOST: usize = 64;
/// and most of them: one for each scope that there may be.
const MOST_SCOPES: usize = 512;

/// What can be read out of a form.
pub trait FromParameters: Sized {
    /// Takes what it needs; unknown parameters are ignored.
    ///
    /// # Errors
    /// `invalid_request` for what is missing or malformed.
    fn read(parameters: &Parameters) -> Result<Self, OAuthError>;
}

/// A form, read into what a handler asks for. A parameter that comes twice is refused
/// (RFC 6749 3.2).
pub struct Form<T>(pub T);

impl<T: FromParameters + 'static> FromRequest for Form<T> {
    type Error = OAuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, OAuthError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move { T::read(&parameters(&request, payload).await?).map(Self) })
    }
}

/// A form as it was sent, for requests whose parameters are read elsewhere.
pub struct RawForm(pub String);

impl FromRequest for RawForm {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let bytes = bytes(&request, payload).await?;
            let text = String::from_utf8(bytes);
            text.map(Self)
                .map_err(|_| PageError::BadRequest("The form is not written in UTF-8."))
        })
    }
}

/// The query of a page's address, read into what a handler asks for. Other parameters are ignored,
/// and one that comes twice is refused.
pub struct PageQuery<T>(pub T);

impl<T: FromParameters> FromRequest for PageQuery<T> {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = Parameters::parse(request.query_string().as_bytes());
        let read = query.and_then(|query| T::read(&query));
        ready(read.map(Self).map_err(PageError::from))
    }
}

/// The parameters in a request's body.
///
/// # Errors
/// `invalid_request` when it is no form, too large or too slow.
pub(super) async fn parameters(
    request: &HttpRequest,
    payload: Payload,
) -> Result<Parameters, OAuthError> {
    Parameters::parse(&bytes(request, payload).await?)
}

async fn bytes(request: &HttpRequest, payload: Payload) -> Result<Vec<u8>, OAuthError> {
    if !is_form(request) {
        let what = "the body must be application/x-www-form-urlencoded";
        return Err(OAuthError::InvalidRequest(what));
    }
    if !is_plain(request) {
        return Err(OAuthError::InvalidRequest(
            "the body must not be compressed",
        ));
    }
    let state = request.app_data::<Data<ApiState>>();
    let state = state.ok_or_else(ApiError::not_found)?;
    let deadline = Instant::now() + state.request_timeout;
    let body = Incoming::new(request, state, payload, LIMIT, deadline)?;
    Ok(body.of_stranger(&state.room).await?.keep_for(request))
}

pub(super) fn is_form(request: &HttpRequest) -> bool {
    let value = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    essence
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_is_read_and_repeated_parameters_are_refused() {
        let form = Parameters::parse(b"token=a%20b&x=%C3%A9+").unwrap();
        assert_eq!(
            (form.find("token"), form.find("x")),
            (Some("a b"), Some("é "))
        );
        assert!(Parameters::parse(b"token=a&token=a").is_err());
        let form = Parameters::parse(b"resource=a&x=1&resource=b").unwrap();
        assert_eq!(form.find_all("resource").collect::<Vec<_>>(), ["a", "b"]);
        assert!(Parameters::parse(b"").unwrap().find("token").is_none());
        let form = |key: &str, number: usize| {
            Parameters::parse(format!("{key}=a&").repeat(number).as_bytes())
        };
        assert!(form("scopes", 512).is_ok() && form("scopes", 513).is_err());
        assert!(form("resource", 64).is_ok() && form("resource", 65).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>) {
            let _ = Parameters::parse(&bytes);
        }
    }
}
