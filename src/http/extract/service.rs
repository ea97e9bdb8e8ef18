//! Internal services, by their service key.

use std::marker::PhantomData;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::web::Data;
use sha2::{Digest, Sha256};

use super::authorized::{Authorized, AuthorizedJson, Credential};
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

/// A service key with the scope `S`.
#[derive(Debug)]
pub struct ServiceKey<S>(PhantomData<S>);

/// A service whose key has the scope `S`.
pub type AuthorizedService<S> = Authorized<ServiceKey<S>>;

/// As [`AuthorizedService`], with what it sends, and by what name the request may come again, if it has one.
pub type ServiceJson<S, T> = AuthorizedJson<ServiceKey<S>, T>;

impl<S: RequiredScope + 'static> Credential for ServiceKey<S> {
    type Holder = Service;
    type Noted = Option<Repeatable>;

    async fn admit(request: &HttpRequest) -> Result<Service, ApiError> {
        admit(request, S::NAME).await
    }

    async fn read<T: FromMembers>(
        service: &Service,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<(T, Option<Repeatable>), ApiError> {
        let name = idempotency_key(request)?;
        let (body, digest) = json::read_of_service(request, payload).await?;
        let repeatable = name.map(|name| Repeatable {
            service_key: service.key,
            key: name,
            request: digest,
        });
        Ok((body, repeatable))
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
