//! Internal services, by their service key. What a key must be allowed to do is part of the type, so
//! a handler that compiles asks for it.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use sha2::{Digest, Sha256};

use super::bearer;
use super::client_address::client_address;
use super::json::{self, FromMembers};
use crate::domain::revocations::{self, Repeatable};
use crate::domain::service_keys::{self, Refusal, Service};
use crate::domain::{exposures, global_revocation, issuing};
use crate::http::state::ApiState;
use crate::http::{ApiError, limiting};
use crate::model::Limit;

/// A scope that a service key needs.
pub trait RequiredScope {
    /// Its name.
    const NAME: &'static str;
}

/// May revoke tokens.
#[derive(Debug)]
pub struct Revoke;

impl RequiredScope for Revoke {
    const NAME: &'static str = revocations::SCOPE;
}

/// May have tokens issued.
#[derive(Debug)]
pub struct Issue;

impl RequiredScope for Issue {
    const NAME: &'static str = issuing::SCOPE;
}

/// May sign a user out everywhere.
#[derive(Debug)]
pub struct EndSessions;

impl RequiredScope for EndSessions {
    const NAME: &'static str = global_revocation::SCOPE;
}

/// May read where tokens were seen.
#[derive(Debug)]
pub struct ReadExposures;

impl RequiredScope for ReadExposures {
    const NAME: &'static str = exposures::SCOPE;
}

/// A service whose key has the scope `S`.
#[derive(Debug)]
pub struct AuthorizedService<S> {
    /// Who.
    pub service: Service,
    scope: PhantomData<S>,
}

impl<S: RequiredScope> FromRequest for AuthorizedService<S> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            Ok(Self {
                service: admit(&request, S::NAME).await?,
                scope: PhantomData,
            })
        })
    }
}

/// A service whose key has the scope `S`, and what it sends as JSON. The key comes first: strangers
/// learn nothing about their body.
#[derive(Debug)]
pub struct ServiceJson<S, T> {
    /// Who.
    pub service: Service,
    /// What.
    pub body: T,
    /// By what name the request may come again, if it has one.
    pub repeatable: Option<Repeatable>,
    scope: PhantomData<S>,
}

impl<S: RequiredScope, T: FromMembers + 'static> FromRequest for ServiceJson<S, T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let service = admit(&request, S::NAME).await?;
            let name = idempotency_key(&request)?;
            let (body, digest) = json::read_of_service(&request, payload).await?;
            Ok(Self {
                service,
                body,
                repeatable: name.map(|name| Repeatable {
                    service_key: service.key,
                    key: name,
                    request: digest,
                }),
                scope: PhantomData,
            })
        })
    }
}

async fn admit(request: &HttpRequest, scope: &'static str) -> Result<Service, ApiError> {
    let state = request.app_data::<Data<ApiState>>();
    let state = state.ok_or_else(ApiError::not_found)?;
    let text = bearer::demand(request, ApiError::no_service_key)?;
    let address = client_address(request, state);
    let admitting = service_keys::admit(&state.ctx, &text, scope, address);
    let admitted = state.timely(admitting).await?;
    admitted.map_err(|refusal| {
        let wrong = ApiError::no_service_key(true);
        refused(request, state, refusal, wrong, ApiError::insufficient_scope)
    })
}

/// What whoever is refused is told: `wrong` about a credential that does not work, which counts against the
/// network address, and `lacking` about one without the scope.
pub(super) fn refused(
    request: &HttpRequest,
    state: &ApiState,
    refusal: Refusal,
    wrong: ApiError,
    lacking: impl FnOnce(&'static str) -> ApiError,
) -> ApiError {
    if matches!(refusal, Refusal::ForeignNetwork) {
        state.metrics.foreign_network();
    }
    match refusal {
        Refusal::InvalidKey | Refusal::ForeignNetwork => {
            limiting::failed(request, state, Limit::WrongServiceKeys, wrong)
        }
        Refusal::InsufficientScope(scope) => lacking(scope),
        Refusal::Storage(error) => error.into(),
    }
}

/// Longest name of a request.
const LONGEST: usize = 255;

/// SHA-256 of the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header 2.1), with or
/// without the quotation marks of a structured field.
///
/// # Errors
/// 400 when it is there more than once, or is not what such a name is.
pub fn idempotency_key(request: &HttpRequest) -> Result<Option<[u8; 32]>, ApiError> {
    let mut values = request.headers().get_all("idempotency-key");
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let wrong = || {
        ApiError::malformed(format_args!(
            "Idempotency-Key is there once, with 1 to {LONGEST} visible ASCII characters"
        ))
    };
    let text = value.to_str().map_err(|_| wrong())?;
    let bare = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let name = bare.unwrap_or(text);
    let fits = (1..=LONGEST).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    if !fits || values.next().is_some() {
        return Err(wrong());
    }
    Ok(Some(Sha256::digest(name.as_bytes()).into()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Option<[u8; 32]> {
        let request = TestRequest::default().append_header(("Idempotency-Key", text));
        idempotency_key(&request.to_http_request()).ok().flatten()
    }

    proptest! {
        #[test]
        fn a_name_is_the_same_with_quotation_marks(text in "[!#-~]{0,300}") {
            let quoted = format!("\"{text}\"");
            prop_assert_eq!(name(&text).is_some(), (1..=LONGEST).contains(&text.len()));
            if !text.is_empty() {
                prop_assert_eq!(name(&quoted), name(&text));
            }
        }
    }
}
