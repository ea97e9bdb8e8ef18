//! Machines that receive events: a service key, an organization's token or a client's access token in
//! `Authorization: Bearer` (SSF 1.0 7.1.1, RFC 6750 2.1). What they need is part of the type.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

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

/// A receiver with the access `A`.
#[derive(Debug)]
pub struct Receiving<A> {
    /// Who.
    pub receiver: Receiver,
    access: PhantomData<A>,
}

impl<A: RequiredAccess> FromRequest for Receiving<A> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            Ok(Self {
                receiver: admit(&request, A::ACCESS).await?,
                access: PhantomData,
            })
        })
    }
}

/// A receiver with the access `A`, and what it sends as JSON. The credential comes first: strangers learn
/// nothing about their body. A body that is not right is answered with 400, as SSF 1.0 8.1 has it.
#[derive(Debug)]
pub struct ReceivingJson<A, T> {
    /// Who.
    pub receiver: Receiver,
    /// What.
    pub body: T,
    access: PhantomData<A>,
}

impl<A: RequiredAccess, T: FromMembers + 'static> FromRequest for ReceivingJson<A, T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let receiver = admit(&request, A::ACCESS).await?;
            let body = json::read(&request, payload).await;
            // Whoever polls may wait for long.
            bodies::release(&request);
            Ok(Self {
                receiver,
                body: body.map_err(ApiError::into_malformed)?,
                access: PhantomData,
            })
        })
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
