//! Whoever shows a credential in `Authorization: Bearer` (RFC 6750 2.1). What it must allow is part of the
//! type, so a handler that compiles asks for it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::json::FromMembers;
use crate::http::ApiError;

/// A kind of credential, and what it must allow.
pub trait Credential: 'static {
    /// Whoever shows one.
    type Holder: Debug;
    /// What else is taken from a request with a body.
    type Noted: Debug;

    /// Finds out who shows it, and whether they may do that.
    ///
    /// # Errors
    /// The answer to whoever may not.
    fn admit(request: &HttpRequest) -> impl Future<Output = Result<Self::Holder, ApiError>>;

    /// Reads what the holder sends.
    ///
    /// # Errors
    /// When it is not what is asked for, or does not come in time.
    fn read<T: FromMembers>(
        holder: &Self::Holder,
        request: &HttpRequest,
        payload: Payload,
    ) -> impl Future<Output = Result<(T, Self::Noted), ApiError>>;
}

/// Whoever shows the credential `C`.
#[derive(Debug)]
pub struct Authorized<C: Credential> {
    /// They.
    pub who: C::Holder,
}

impl<C: Credential> FromRequest for Authorized<C> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let who = C::admit(&request).await?;
            Ok(Self { who })
        })
    }
}

/// Whoever shows the credential `C`, and what they send as JSON. The credential comes first: strangers
/// learn nothing about their body.
#[derive(Debug)]
pub struct AuthorizedJson<C: Credential, T> {
    /// They.
    pub who: C::Holder,
    /// What they send.
    pub body: T,
    /// What else is known of the request.
    pub noted: C::Noted,
}

impl<C: Credential, T: FromMembers + 'static> FromRequest for AuthorizedJson<C, T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let who = C::admit(&request).await?;
            let (body, noted) = C::read(&who, &request, payload).await?;
            Ok(Self { who, body, noted })
        })
    }
}
