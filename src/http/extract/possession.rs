//! Credentials that somebody gives up who does not say who they are.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use tokio::time::Instant;

use super::delivery::counted;
use super::json;
use crate::http::ApiError;
use crate::http::limiting;
use crate::http::possession::Credentials;
use crate::http::state::ApiState;
use crate::model::{Delivery, Id, Limit, Origin, Report};

/// Where such a token was seen: not at an address.
const SOURCE: &str = "possession";

/// Credentials, from an address that may still give up some.
#[derive(Debug)]
pub struct Surrendered {
    /// What the domain handles.
    pub delivery: Delivery,
    /// Since when we have them.
    pub began: Instant,
}

impl FromRequest for Surrendered {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let state = request
                .app_data::<Data<ApiState>>()
                .ok_or_else(ApiError::not_found)?;
            let surrendered = receive(state, &request, payload).await;
            counted(state, &Origin::POSSESSION, surrendered)
        })
    }
}

async fn receive(
    state: &ApiState,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Surrendered, ApiError> {
    let received_at = state.ctx.clock.now();
    limiting::count(request, state, Limit::CredentialRevocations)?;
    let Credentials(texts) = json::read(request, payload).await?;
    let began = Instant::now();
    let reports = texts.into_iter().map(|text| Report {
        text,
        url: None,
        source: Some(SOURCE.to_owned()),
    });
    Ok(Surrendered {
        delivery: Delivery {
            id: Id::new(received_at),
            origin: Origin::POSSESSION,
            key_id: String::new(),
            // Strings that are not ours leave no trace, not even in a digest of all of them.
            body_digest: None,
            received_at,
            reports: reports.collect(),
        },
        began,
    })
}
