//! Clients that proved who they are (RFC 6749 2.3). Whoever takes a [`ClientRequest`] as an
//! argument knows who asks.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::time::timeout;

use super::client_address::client_address;
use super::form::{FromParameters, Parameters, parameters};
use crate::domain::client_authentication::{
    ClientCredentials, ClientProof, ClientRefusal, authenticate,
};
use crate::http::state::ApiState;
use crate::http::{ApiError, OAuthError, limiting};
use crate::model::{Limit, PlainToken, RegisteredClient};

/// A form of a client that proved who it is, or of a public client that said who it is.
pub struct ClientRequest<T> {
    /// Who asks.
    pub client: RegisteredClient,
    /// What it asks.
    pub form: T,
}

impl<T: FromParameters + 'static> FromRequest for ClientRequest<T> {
    type Error = OAuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, OAuthError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let parameters = parameters(&request, payload).await?;
            let client = authenticated(&request, &parameters).await;
            let limit = Limit::FailedTokenRequests;
            let client = client.map_err(|error| counted(&request, limit, error))?;
            Ok(Self {
                client,
                form: T::read(&parameters)?,
            })
        })
    }
}

/// The refusal of a client; it counts as one of its network address.
pub(super) fn counted(request: &HttpRequest, limit: Limit, error: OAuthError) -> OAuthError {
    match (&error, request.app_data::<Data<ApiState>>()) {
        (OAuthError::InvalidClient { .. }, Some(state)) => {
            limiting::failed(request, state, limit, error)
        }
        _ => error,
    }
}

/// The client that a request comes from.
///
/// # Errors
/// `invalid_client` when it did not prove who it is, `invalid_request` when it tried twice.
pub(super) async fn authenticated(
    request: &HttpRequest,
    parameters: &Parameters,
) -> Result<RegisteredClient, OAuthError> {
    let state = request
        .app_data::<Data<ApiState>>()
        .ok_or(OAuthError::Other(ApiError::not_found()))?;
    let from = client_address(request, state);
    let credentials = credentials(request, parameters, from)?;
    let asking = timeout(
        state.request_timeout,
        authenticate(&state.ctx, &credentials),
    );
    let answer = asking.await.map_err(|_| OAuthError::too_slow())?;
    answer.map_err(|refusal| match refusal {
        ClientRefusal::Invalid => OAuthError::InvalidClient {
            basic: matches!(credentials.proof, ClientProof::Basic(_)),
        },
        ClientRefusal::Storage(error) => OAuthError::Other(error.into()),
    })
}

/// Who a client claims to be, and its proof: exactly one (RFC 6749 2.3).
fn credentials(
    request: &HttpRequest,
    parameters: &Parameters,
    from: Option<IpAddr>,
) -> Result<ClientCredentials, OAuthError> {
    let named = parameters.find("client_id").filter(|id| !id.is_empty());
    let secret = parameters.find("client_secret").filter(|s| !s.is_empty());
    if let Some((client_id, password)) = basic_header(request)? {
        if secret.is_some() {
            return Err(OAuthError::InvalidRequest(
                "the client presents credentials in the header and in the body",
            ));
        }
        if named.is_some_and(|named| named != client_id) {
            return Err(OAuthError::InvalidRequest(
                "client_id is not the one in the header",
            ));
        }
        return Ok(ClientCredentials {
            client_id,
            proof: ClientProof::Basic(password),
            from,
        });
    }
    let client_id = named.ok_or(OAuthError::InvalidClient { basic: false })?;
    Ok(ClientCredentials {
        client_id: client_id.to_owned(),
        proof: match secret {
            Some(secret) => ClientProof::Post(PlainToken::new(secret.to_owned())),
            None => ClientProof::None,
        },
        from,
    })
}

fn basic_header(request: &HttpRequest) -> Result<Option<(String, PlainToken)>, OAuthError> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(OAuthError::InvalidRequest(
            "the header Authorization is there more than once",
        ));
    }
    // Another scheme is another, and unknown, way of proving who one is.
    let credentials = value.to_str().ok().and_then(parse_basic);
    credentials
        .map(Some)
        .ok_or(OAuthError::InvalidClient { basic: true })
}

/// Reads `Basic …` (RFC 7617 2) whose two halves are form-encoded (RFC 6749 2.3.1). `None` for
/// anything else.
#[must_use]
pub fn parse_basic(header: &str) -> Option<(String, PlainToken)> {
    let (scheme, encoded) = header.split_once(' ')?;
    // RFC 9110 11.1: the scheme's name is case-insensitive.
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, PlainToken::new(form_decoded(secret)?)))
}

/// One half of the credentials, without its encoding (RFC 6749, appendix B).
fn form_decoded(text: &str) -> Option<String> {
    // A value cannot hold what separates parameters from each other.
    if text.contains(['&', '=']) {
        return None;
    }
    let pair = format!("={text}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(plain: &str) -> Option<(String, String)> {
        let header = format!("Basic {}", STANDARD.encode(plain));
        parse_basic(&header).map(|(id, secret)| (id, secret.reveal().to_owned()))
    }

    #[test]
    fn credentials_are_form_decoded() {
        let both = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(read("a:b"), both("a", "b"));
        assert_eq!(read("a%3Ab:c+d%2Be"), both("a:b", "c d+e"));
        assert_eq!(read("a:b:c"), both("a", "b:c"));
        assert_eq!(read("a:"), both("a", ""));
        assert_eq!(read("a"), None);
        assert_eq!(read("a:b&c=d"), None);
    }

    #[test]
    fn what_is_not_basic_is_nothing() {
        for header in [
            "",
            "Basic",
            "Basic ",
            "Bearer YTpi",
            "Basic !!!!",
            "Basic //79/A==",
        ] {
            assert!(parse_basic(header).is_none(), "{header}");
        }
        assert!(parse_basic("bAsIc YTpi").is_some());
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_harm(header: String) {
            let _ = parse_basic(&header);
        }

        #[test]
        fn every_pair_survives_its_encoding(id: String, secret: String) {
            let encode = |text: &str| -> String {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let plain = format!("{}:{}", encode(&id), encode(&secret));
            prop_assert_eq!(read(&plain), Some((id, secret)));
        }
    }
}
