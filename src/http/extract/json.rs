//! JSON bodies: one object, strict about what is asked for and silent about what is not.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::http::{ApiError, Problem};

/// Longest time for it to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

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

    /// Takes what it needs; unknown members are ignored.
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

/// Reads a request's body. That it must say to be JSON keeps pages of other sites from sending it
/// with somebody's cookies: a browser asks us first.
pub(super) async fn read<T: FromMembers>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    let reading = read_with_digest(request, payload).await;
    reading.map(|(read, _)| read)
}

/// As [`read`], with the SHA-256 of the body.
pub(super) async fn read_with_digest<T: FromMembers>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(T, [u8; 32]), ApiError> {
    if !is_json(request) {
        return Err(ApiError::unsupported_media_type("application/json"));
    }
    let body = timeout(PATIENCE, body(payload, T::LARGEST)).await;
    let bytes = body.map_err(|_| ApiError::too_slow())??;
    let read = T::read(&Members::parse(&bytes)?).map_err(ApiError::invalid)?;
    Ok((read, Sha256::digest(&bytes).into()))
}

fn is_json(request: &HttpRequest) -> bool {
    let value = request.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/json"))
}

async fn body(mut payload: Payload, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::malformed("the body broke off"))?;
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
