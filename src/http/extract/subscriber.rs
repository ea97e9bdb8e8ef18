//! Whoever manages webhooks: a service key, or an organization's token for the organization's own.

use std::marker::PhantomData;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::web::Data;

use super::authorized::{Authorized, AuthorizedJson, Credential};
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

/// The credential of a subscriber with the access `A`.
#[derive(Debug)]
pub struct SubscriberCredential<A>(PhantomData<A>);

/// A subscriber with the access `A`: whose webhooks they manage.
pub type Subscribing<A> = Authorized<SubscriberCredential<A>>;

/// As [`Subscribing`], with what they send.
pub type SubscribingJson<A, T> = AuthorizedJson<SubscriberCredential<A>, T>;

impl<A: WebhookAccess + 'static> Credential for SubscriberCredential<A> {
    type Holder = Reach;
    type Noted = ();

    async fn admit(request: &HttpRequest) -> Result<Reach, ApiError> {
        admit(request, A::ACCESS).await
    }

    async fn read<T: FromMembers>(
        reach: &Reach,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<(T, ()), ApiError> {
        // A name by which a request may come again changes nothing here, but has to be one.
        service::idempotency_key(request)?;
        let body = match reach {
            Reach::Everything => json::read_of_service(request, payload).await?.0,
            // Organizations are many, and take room as strangers do.
            Reach::Organization(_) => json::read(request, payload).await?,
        };
        Ok((body, ()))
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
