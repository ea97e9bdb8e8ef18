//! `POST /v1/tokens`: an internal service has a token issued.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{customer, id, text};
use crate::domain::issuing::{self, Refusal};
use crate::domain::tokens::NewTokenRequest;
use crate::http::access_tokens::{read_expires_in, read_scopes};
use crate::http::extract::{FromMembers, Issue, Members, ServiceJson};
use crate::http::openapi::{ErrorBody, IssuedTokenBody, ProblemsBody};
use crate::http::state::ApiState;
use crate::http::{ApiError, Problem};
use crate::model::{TokenKind, TokenName};

/// What the body says.
pub(in crate::http) struct NewIssuedToken(NewTokenRequest);

/// What a body may have.
const MEMBERS: [&str; 7] = [
    "kind",
    "user_id",
    "organization_id",
    "customer",
    "name",
    "scopes",
    "expires_in",
];

impl FromMembers for NewIssuedToken {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            members.only(&MEMBERS)?;
            let scopes = members.given("scopes").map(read_scopes).transpose()?;
            Ok(Self(NewTokenRequest {
                user: id(members, "user_id")?,
                organization: id(members, "organization_id")?,
                customer: customer(members)?,
                name: name(members)?,
                scopes: scopes.unwrap_or_default(),
                lifetime: members
                    .given("expires_in")
                    .map(read_expires_in)
                    .transpose()?,
                ..NewTokenRequest::new(kind(members)?)
            }))
        };
        read().map_err(|problem| vec![problem])
    }
}

fn kind(members: &Members) -> Result<TokenKind, Problem> {
    let name = members.find("kind").ok_or(Problem::missing("kind"))?;
    let kind = name.as_str().and_then(|name| name.parse().ok());
    let wrong = || {
        let names = TokenKind::ISSUABLE.map(TokenKind::name).join(", ");
        Problem::in_body("kind", "enum", format!("Input should be one of {names}"))
    };
    kind.filter(|kind| TokenKind::ISSUABLE.contains(kind))
        .ok_or_else(wrong)
}

fn name(members: &Members) -> Result<Option<TokenName>, Problem> {
    let what = "Input should be 1 to 100 characters on one line";
    let wrong = |_| Problem::in_body("name", "value_error", what);
    text(members, "name")?
        .map(|name| name.parse().map_err(wrong))
        .transpose()
}

/// A token that was just issued.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct IssuedToken {
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11", format = "uuid")]
    id: String,
    #[schema(example = "customer_session_token")]
    kind: &'static str,
    /// The token itself. It is shown this once and kept nowhere.
    #[schema(example = "polar_cst_…")]
    token: String,
    /// Until when it works; null is until it is revoked.
    #[schema(example = "2026-11-25T09:00:00Z", format = "date-time")]
    expires_at: Option<String>,
}

/// Issues a token for whoever the service says: for a product that keeps its own sign-in. Which
/// kinds, operators decide (`tokens.issued_to_services`). Needs the scope `tokens:issue`. An
/// `Idempotency-Key` changes nothing here, because the answer holds a token and is kept nowhere.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    operation_id = "issue_token",
    tag = "internal",
    security(("service_key" = [])),
    request_body = IssuedTokenBody,
    responses(
        (status = 201, description = "The token, which is shown this once.", body = IssuedToken),
        (status = 400, description = "The body broke off, or a header cannot be read.",
            body = ErrorBody),
        (status = 401, description = "No service key, or one that does not work.",
            body = ErrorBody),
        (status = 403, description = "The service key lacks the scope, or tokens of this kind are \
            not issued to services (`kind_not_issued`).", body = ErrorBody),
        (status = 408, description = "The body is late.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 409, description = "The owner has as many of them as `tokens.max_per_owner` allows.",
            body = ErrorBody),
        (status = 415, description = "The body is not application/json, or compressed.", body = ErrorBody),
        (status = 422, description = "The body is not valid, or there is no such owner.",
            body = ProblemsBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn issue(
    request: ServiceJson<Issue, NewIssuedToken>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let NewIssuedToken(wanted) = request.body;
    let issuing = issuing::issue(&state.ctx, request.who, &wanted);
    let made = state.timely(issuing).await??;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(IssuedToken {
            id: made.issued.id.to_string(),
            kind: wanted.kind.name(),
            token: made.issued.token.reveal().to_owned(),
            expires_at: made.expires_at.map(|at| at.to_string()),
        }))
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KindNotIssued => Self::forbidden("kind_not_issued", refusal),
            Refusal::LivesTooLong(most) => {
                let seconds = most.as_secs();
                let what = format!("Input should be at most {seconds} seconds");
                Self::invalid(vec![Problem::in_body(
                    "expires_in",
                    "less_than_equal",
                    what,
                )])
            }
            Refusal::UnknownOwner(name) => {
                let what = "There is nobody with this id, or they are blocked";
                Self::invalid(vec![Problem::in_body(name, "value_error", what)])
            }
            Refusal::TooMany(most) => {
                let detail = format_args!("there are {most} already: revoke one first");
                Self::conflict("too_many_tokens", detail)
            }
            Refusal::Invalid(what) => Self::invalid(vec![Problem::of_body("value_error", what)]),
            Refusal::Storage(error) => error.into(),
        }
    }
}
