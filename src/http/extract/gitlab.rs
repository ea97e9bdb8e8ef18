//! GitLab's own client, which names itself by a secret that was agreed upon.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::delivery::{HEAVY, counted};
use crate::http::ApiError;
use crate::http::bodies::{Body, Incoming, is_plain};
use crate::http::limiting;
use crate::http::state::{ApiState, SharedIntake};
use crate::model::{Delivery, Id, Limit, Origin, Report};
use crate::origins::{BodyShape, ReceivedReport, parse_reports};

/// GitLab, as it asks or reports: its secret was right.
#[derive(Debug)]
pub struct GitlabClient(());

impl FromRequest for GitlabClient {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (state, intake) = world(&request)?;
            admit(state, intake, Limit::GitlabQuestions, &request).map(|()| Self(()))
        })
    }
}

/// Reports from GitLab's own client: its secret was right, and only then was the body read.
#[derive(Debug)]
pub struct GitlabDelivery {
    /// What the domain handles.
    pub delivery: Delivery,
    /// The items as received.
    pub received: Vec<ReceivedReport>,
    /// When GitLab must be answered.
    pub deadline: Instant,
}

impl FromRequest for GitlabDelivery {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let (state, intake) = world(&request)?;
            let delivery = receive(state, intake, &request, payload).await;
            counted(state, &Origin::GITLAB_REVOCATION, delivery)
        })
    }
}

fn world(request: &HttpRequest) -> Result<(&Data<ApiState>, &SharedIntake), ApiError> {
    let state = request
        .app_data::<Data<ApiState>>()
        .ok_or_else(ApiError::not_found)?;
    let intake = state.gitlab.as_deref().ok_or_else(ApiError::not_found)?;
    Ok((state, intake))
}

/// Proves who asks, then counts. Whoever guesses is counted apart, so that guessing from GitLab's
/// address never shuts GitLab out. Questions are counted apart from reports: GitLab
/// asks before each report, so that otherwise a question could use up what it had just waited for.
fn admit(
    state: &ApiState,
    intake: &SharedIntake,
    limit: Limit,
    request: &HttpRequest,
) -> Result<(), ApiError> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let value = values.next().map(|value| value.as_bytes());
    // GitLab sends the secret as it is, without a scheme in front.
    let right = value.is_some_and(|value| intake.secrets.fits(value)) && values.next().is_none();
    match right {
        true => limiting::count(request, state, limit),
        false => {
            let (limit, wrong) = (Limit::GitlabWrongSecrets, ApiError::wrong_secret());
            Err(limiting::failed(request, state, limit, wrong))
        }
    }
}

async fn receive(
    state: &ApiState,
    intake: &SharedIntake,
    request: &HttpRequest,
    payload: Payload,
) -> Result<GitlabDelivery, ApiError> {
    let received_at = state.ctx.clock.now();
    let deadline = Instant::now() + state.request_timeout;
    admit(state, intake, Limit::GitlabReports, request)?;
    if !is_plain(request) {
        return Err(ApiError::unsupported_encoding());
    }
    let body = Incoming::new(request, state, payload, intake.bodies.limit, deadline)?;
    let body = body.of_origin(&state.room, &intake.bodies).await?;
    let (digest, received) = read(body).await?;
    let delivery = Delivery {
        id: Id::new(received_at),
        origin: Origin::GITLAB_REVOCATION,
        key_id: "shared secret".to_owned(),
        body_digest: Some(digest),
        received_at,
        reports: received.iter().map(Report::from).collect(),
    };
    Ok(GitlabDelivery {
        delivery,
        received,
        deadline,
    })
}

async fn read(body: Body) -> Result<([u8; 32], Vec<ReceivedReport>), ApiError> {
    let parse = |body: &[u8]| {
        let reports = parse_reports(&BodyShape::GITLAB_REVOCATION, body);
        let reports = reports.map_err(ApiError::malformed)?;
        Ok((Sha256::digest(body).into(), reports))
    };
    if body.len() < HEAVY {
        return parse(&body);
    }
    spawn_blocking(move || parse(&body))
        .await
        .unwrap_or_else(|_| Err(ApiError::unavailable("the body could not be read", 1)))
}
