//! Whoever is signed in, for what no token may do: tokens do not make tokens.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::bearer::{self, has_scheme};
use super::client_address::client_address;
use super::json::{self, FromMembers};
use super::visitor::SignedIn;
use crate::domain::{access_tokens, bearers};
use crate::http::ApiError;
use crate::http::limiting;
use crate::http::state::ApiState;
use crate::model::{Limit, Session};

/// Whoever is signed in, and presents no token besides.
#[derive(Debug)]
pub struct OwnSession(pub Session);

/// Whoever signed in not long ago, and what they send as JSON. The session comes first: strangers
/// learn nothing about their body.
pub struct FreshJson<T> {
    /// Who sends it.
    pub session: Session,
    /// What it says.
    pub body: T,
}

impl FromRequest for OwnSession {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { own_session(&request).await.map(Self) })
    }
}

impl<T: FromMembers + 'static> FromRequest for FreshJson<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let session = own_session(&request).await?;
            access_tokens::demand_fresh(&state(&request)?.ctx, &session)?;
            let body = json::read(&request, payload).await?;
            Ok(Self { session, body })
        })
    }
}

fn state(request: &HttpRequest) -> Result<&Data<ApiState>, ApiError> {
    let state = request.app_data::<Data<ApiState>>();
    state.ok_or_else(ApiError::not_found)
}

async fn own_session(request: &HttpRequest) -> Result<Session, ApiError> {
    // A token that is there counts, whatever cookie comes with it.
    if has_scheme(request, b"bearer") {
        return Err(refuse_token(request).await?);
    }
    let SignedIn(session) = SignedIn::extract(request).await?;
    Ok(session)
}

/// A user's token is known and not enough; any other is as good as none. Only one that does not work is
/// counted.
async fn refuse_token(request: &HttpRequest) -> Result<ApiError, ApiError> {
    let Ok(credential) = bearer::read(request) else {
        return Ok(ApiError::not_signed_in());
    };
    let state = state(request)?;
    let text = credential.into_inner();
    let address = client_address(request, state);
    let found = state
        .timely(bearers::find(&state.ctx, &text, address))
        .await??;
    Ok(match found {
        Some(token) if bearers::acts_for_user(&token.found.known) => {
            ApiError::forbidden("not_permitted", "this needs a session, not a token")
        }
        Some(_) => ApiError::not_signed_in(),
        None => {
            let refusal = ApiError::not_signed_in();
            limiting::failed(request, state, Limit::WrongTokens, refusal)
        }
    })
}
