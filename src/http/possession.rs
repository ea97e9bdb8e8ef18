//! `POST /v1/credentials/revoke`: whoever has a token may have it revoked, without saying who they
//! are. In the shape of GitHub's API of that name.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::api_error::ApiError;
use super::extract::{FromMembers, Members, Surrendered};
use super::openapi::{CredentialsBody, ErrorBody, ProblemsBody};
use super::problem::Problem;
use super::reports;
use super::state::ApiState;
use crate::model::ReportedText;

/// As many as GitHub takes.
const MOST: usize = 1_000;
/// Answers leave when so much time has passed, or twice as much, and so on: what was true of the
/// credentials is not to be told from how long it took.
const STEP: Duration = Duration::from_millis(500);

/// What somebody gives up. Probably secrets, so it does not print itself.
pub(super) struct Credentials(pub(super) Vec<ReportedText>);

impl FromMembers for Credentials {
    // A thousand of them, each with more around it than any token needs.
    const LARGEST: usize = 512 * 1_024;

    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let wrong = |r#type, msg: &str| vec![Problem::in_body("credentials", r#type, msg)];
        let Some(given) = members.find("credentials") else {
            return Err(wrong("missing", "Field required"));
        };
        let Value::Array(items) = given else {
            return Err(wrong("list_type", "Input should be a list"));
        };
        if items.is_empty() || items.len() > MOST {
            let msg = "The list should have 1 to 1000 credentials";
            return Err(wrong("list_length", msg));
        }
        let text = |item: &Value| Some(ReportedText::new(item.as_str()?.as_bytes().to_vec()));
        let texts: Option<Vec<_>> = items.iter().map(text).collect();
        match texts {
            Some(texts) => Ok(Self(texts)),
            None => Err(wrong("string_type", "Each credential should be a string")),
        }
    }
}

/// Revokes tokens for whoever has them, with everything that dies with a leaked token; their owners
/// are told. The answer is the same, and comes as late, whatever was true of the credentials.
#[utoipa::path(
    post,
    path = "/v1/credentials/revoke",
    tag = "reports",
    request_body(content = CredentialsBody),
    responses(
        (status = 202, description = "Everything of ours among them is dead; `{}`.", body = Value),
        (status = 400, description = "The body broke off.", body = ErrorBody),
        (status = 404, description = "Not offered here.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "Larger than is read.", body = ErrorBody),
        (status = 415, description = "Not JSON, or compressed.", body = ErrorBody),
        (status = 422, description = "Another shape.", body = ProblemsBody),
        (status = 429, description = "Too often from this address; see `Retry-After`.",
            body = ErrorBody),
        (status = 503, description = "Not possible now; see `Retry-After`.", body = ErrorBody),
    )
)]
pub(super) async fn revoke(
    given: Surrendered,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let deadline = given.began + state.request_timeout;
    let handled = reports::handle(&state, &given.delivery, deadline).await;
    sleep_until(next_step(given.began)).await;
    handled?;
    Ok(HttpResponse::Accepted()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({})))
}

/// The next moment at which an answer to what came at `began` may leave.
fn next_step(began: Instant) -> Instant {
    let passed = began.elapsed().as_millis() / STEP.as_millis();
    let steps = u32::try_from(passed).unwrap_or(u32::MAX).saturating_add(1);
    began + STEP.saturating_mul(steps)
}
