//! JSON bodies: one object, strict about what is asked for and silent about what is not.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::http::bodies::{Incoming, is_plain};
use crate::http::state::ApiState;
use crate::http::{ApiError, Problem};

/// The members of a JSON object. Of a member that is there twice, the last one counts.
pub struct Members(Map<String, Value>);

impl Members {
    /// Reads a JSON object. More than 128 levels are refused by the parser itself.
    ///
    /// # Errors
    /// 422 when it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let wrong = |r#type, msg: &str| ApiError::invalid(vec![Problem::of_body(r#type, msg)]);
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(wrong("dict_type", "Input should be a JSON object")),
            Err(_) => Err(wrong("json_invalid", "JSON decode error")),
        }
    }

    /// A member, as it was sent.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// For a body whose members limit what is done: one that is misspelt would do more than was meant.
    ///
    /// # Errors
    /// When there is a member besides these.
    pub fn only(&self, names: &[&str]) -> Result<(), Problem> {
        match self.0.keys().all(|name| names.contains(&name.as_str())) {
            true => Ok(()),
            false => {
                let what = format!("Input should have no members but {}", names.join(", "));
                Err(Problem::of_body("extra_forbidden", what))
            }
        }
    }

    /// A member, unless it is null.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&Value> {
        self.find(name).filter(|value| !value.is_null())
    }
}

/// What can be read out of a JSON object.
pub trait FromMembers: Sized {
    /// Largest body that is read, in bytes.
    const LARGEST: usize = 64 * 1_024;

    /// Takes what it needs; unknown members are ignored, unless they might limit what is done. Bodies that
    /// Polar knows ignore them as Polar does.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    fn read(members: &Members) -> Result<Self, Vec<Problem>>;
}

/// A JSON object, read into what a handler asks for.
pub struct Json<T>(pub T);

impl<T: FromMembers + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move { read(&request, payload).await.map(Self) })
    }
}

/// Reads a request's body, which anybody may have sent. That it must say to be JSON keeps pages of other
/// sites from sending it with somebody's cookies: a browser asks us first.
pub(super) async fn read<T: FromMembers>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    let state = state(request)?;
    let body = incoming::<T>(state, request, payload)?;
    parse(&body.of_stranger(&state.room).await?.keep_for(request))
}

/// As [`read`], for somebody who showed a key of a service; with the SHA-256 of the body.
pub(super) async fn read_of_service<T: FromMembers>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(T, [u8; 32]), ApiError> {
    let body = incoming::<T>(state(request)?, request, payload)?;
    let bytes = body.of_service().await?;
    Ok((parse(&bytes)?, Sha256::digest(&bytes).into()))
}

fn state(request: &HttpRequest) -> Result<&Data<ApiState>, ApiError> {
    let state = request.app_data::<Data<ApiState>>();
    state.ok_or_else(ApiError::not_found)
}

fn incoming<T: FromMembers>(
    state: &ApiState,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Incoming, ApiError> {
    if !is_json(request) {
        return Err(ApiError::unsupported_media_type("application/json"));
    }
    if !is_plain(request) {
        return Err(ApiError::unsupported_encoding());
    }
    let deadline = Instant::now() + state.request_timeout;
    Ok(Incoming::new(
        request,
        state,
        payload,
        T::LARGEST,
        deadline,
    )?)
}

fn parse<T: FromMembers>(bytes: &[u8]) -> Result<T, ApiError> {
    T::read(&Members::parse(bytes)?).map_err(ApiError::invalid)
}

fn is_json(request: &HttpRequest) -> bool {
    let value = request.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_object_is_read_and_the_last_of_two_members_counts() {
        let members = Members::parse(br#"{"a": 1, "b": null, "a": 2}"#).unwrap();
        assert_eq!(members.find("a"), Some(&Value::from(2)));
        assert!(members.find("b").is_some() && members.given("b").is_none());
        for wrong in ["", "[]", "1", "{", "{\"a\": 1} x", "\u{feff}{}"] {
            assert!(Members::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let deep = "{\"a\":".repeat(10_000);
        assert!(Members::parse(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>) {
            let _ = Members::parse(&bytes);
        }
    }
}
