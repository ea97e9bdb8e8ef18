//! Machines that receive events: a service key, an organization's token or a client's access token
//! (SSF 1.0 7.1.1).

use std::marker::PhantomData;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::web::Data;

use super::authorized::{Authorized, AuthorizedJson, Credential};
use super::client_address::client_address;
use super::json::{self, FromMembers};
use super::{bearer, service};
use crate::domain::limits::Subject;
use crate::domain::streams::receivers::{self, Access};
use crate::http::bodies;
use crate::http::state::ApiState;
use crate::http::{ApiError, limiting};
use crate::model::Limit;
use crate::model::stream::{Holder, Receiver};

/// What a receiver must be allowed to do.
pub trait RequiredAccess {
    /// It.
    const ACCESS: Access;
}

/// May read streams and fetch what waits.
#[derive(Debug)]
pub struct Reading;

impl RequiredAccess for Reading {
    const ACCESS: Access = Access::Read;
}

/// May make, change and delete streams.
#[derive(Debug)]
pub struct Managing;

impl RequiredAccess for Managing {
    const ACCESS: Access = Access::Manage;
}

/// The credential of a receiver with the access `A`.
#[derive(Debug)]
pub struct ReceiverCredential<A>(PhantomData<A>);

/// A receiver with the access `A`.
pub type Receiving<A> = Authorized<ReceiverCredential<A>>;

/// As [`Receiving`], with what it sends. A body that is not right is answered with 400, as SSF 1.0 8.1
/// has it.
pub type ReceivingJson<A, T> = AuthorizedJson<ReceiverCredential<A>, T>;

impl<A: RequiredAccess + 'static> Credential for ReceiverCredential<A> {
    type Holder = Receiver;
    type Noted = ();

    async fn admit(request: &HttpRequest) -> Result<Receiver, ApiError> {
        admit(request, A::ACCESS).await
    }

    async fn read<T: FromMembers>(
        _: &Receiver,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<(T, ()), ApiError> {
        let body = json::read(request, payload).await;
        // Whoever polls may wait for long.
        bodies::release(request);
        Ok((body.map_err(ApiError::into_malformed)?, ()))
    }
}

async fn admit(request: &HttpRequest, access: Access) -> Result<Receiver, ApiError> {
    let state = request.app_data::<Data<ApiState>>();
    let state = state.ok_or_else(ApiError::not_found)?;
    let text = bearer::demand(request, ApiError::no_receiver)?;
    let address = client_address(request, state);
    let admitting = receivers::admit(&state.ctx, &text, access, address);
    let receiver = state.timely(admitting).await?.map_err(|refusal| {
        let wrong = ApiError::no_receiver(true);
        service::refused(request, state, refusal, wrong, |_| {
            ApiError::no_receiving_scope(access.scope())
        })
    })?;
    let who = match receiver.holder {
        Holder::Token(id) => Subject::Credential(id),
        Holder::Client(id) => Subject::Client(id),
    };
    limiting::count_for(request, state, Limit::StreamRequests, who)?;
    Ok(receiver)
}
