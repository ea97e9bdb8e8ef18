//! Whoever manages webhooks: a service key, or an organization's token for the organization's own, in
//! `Authorization: Bearer` (RFC 6750 2.1). What they need is part of the type.

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
use crate::domain::webhooks::Reach;
use crate::domain::webhooks::subscribers::{self, Access};
use crate::http::state::ApiState;
use crate::http::{ApiError, limiting};
use crate::model::Limit;

/// What a subscriber must be allowed to do.
pub trait WebhookAccess {
    /// It.
    const ACCESS: Access;
}

/// May see webhooks.
#[derive(Debug)]
pub struct ReadWebhooks;

impl WebhookAccess for ReadWebhooks {
    const ACCESS: Access = Access::Read;
}

/// May make, change and delete webhooks.
#[derive(Debug)]
pub struct WriteWebhooks;

impl WebhookAccess for WriteWebhooks {
    const ACCESS: Access = Access::Write;
}

/// A subscriber with the access `A`.
#[derive(Debug)]
pub struct Subscribing<A> {
    /// Whose webhooks they manage.
    pub reach: Reach,
    access: PhantomData<A>,
}

impl<A: WebhookAccess> FromRequest for Subscribing<A> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            Ok(Self {
                reach: admit(&request, A::ACCESS).await?,
                access: PhantomData,
            })
        })
    }
}

/// A subscriber with the access `A`, and what they send as JSON. The credential comes first: strangers
/// learn nothing about their body.
#[derive(Debug)]
pub struct SubscribingJson<A, T> {
    /// Whose webhooks they manage.
    pub reach: Reach,
    /// What.
    pub body: T,
    access: PhantomData<A>,
}

impl<A: WebhookAccess, T: FromMembers + 'static> FromRequest for SubscribingJson<A, T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let reach = admit(&request, A::ACCESS).await?;
            // A name by which a request may come again changes nothing here, but has to be one.
            service::idempotency_key(&request)?;
            let body = match reach {
                Reach::Everything => json::read_of_service(&request, payload).await?.0,
                // Organizations are many, and take room as strangers do.
                Reach::Organization(_) => json::read(&request, payload).await?,
            };
            Ok(Self {
                reach,
                body,
                access: PhantomData,
            })
        })
    }
}

async fn admit(request: &HttpRequest, access: Access) -> Result<Reach, ApiError> {
    let state = request.app_data::<Data<ApiState>>();
    let state = state.ok_or_else(ApiError::not_found)?;
    let text = bearer::demand(request, ApiError::no_subscriber)?;
    let address = client_address(request, state);
    let admitting = subscribers::admit(&state.ctx, &text, access, address);
    let reach = state.timely(admitting).await?.map_err(|refusal| {
        let wrong = ApiError::no_subscriber(true);
        service::refused(request, state, refusal, wrong, |lacking| {
            ApiError::no_subscribing_scope(lacking, access.scope())
        })
    })?;
    if let Reach::Organization(id) = reach {
        let who = Subject::Organization(id);
        limiting::count_for(request, state, Limit::WebhookRequests, who)?;
    }
    Ok(reach)
}
