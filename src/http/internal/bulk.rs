//! `/v1/revocations/bulk`: an internal service revokes everything of an owner, a client or a kind.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Path};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{customer, id, switch, text};
use crate::domain::bulk_revocations::{self, BulkRevocation};
use crate::domain::{DomainError, clients};
use crate::http::api_error::id_in_path;
use crate::http::extract::{AuthorizedService, FromMembers, Members, Revoke, ServiceJson};
use crate::http::openapi::{BulkRevocationBody, ErrorBody, ProblemsBody};
use crate::http::state::ApiState;
use crate::http::{ApiError, Problem};
use crate::model::{Client, Id, RevocationReason, Selection, Timestamp, TokenKind};

/// What the body says.
pub(in crate::http) struct BulkRequest {
    selection: Selection,
    /// A public identifier, looked up later.
    client: Option<String>,
    reason: RevocationReason,
    dry_run: bool,
}

/// What a body may have.
const MEMBERS: [&str; 9] = [
    "user_id",
    "organization_id",
    "client_id",
    "customer",
    "grant_id",
    "kind",
    "created_before",
    "reason",
    "dry_run",
];

impl FromMembers for BulkRequest {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            members.only(&MEMBERS)?;
            expect_values(members)?;
            let reason = match text(members, "reason")? {
                None | Some("operator") => RevocationReason::Operator,
                Some("owner") => RevocationReason::Owner,
                Some(_) => {
                    let what = "Input should be operator or owner";
                    return Err(Problem::in_body("reason", "enum", what));
                }
            };
            Ok(Self {
                selection: selection(members)?,
                client: text(members, "client_id")?.map(str::to_owned),
                reason,
                dry_run: switch(members, "dry_run")?,
            })
        };
        let request = read().map_err(|problem| vec![problem])?;
        // Whoever forgets a name must not revoke everything.
        match request.selection.is_everything() && request.client.is_none() {
            true => {
                let what = "Input should say whose or which tokens are meant";
                Err(vec![Problem::of_body("missing", what)])
            }
            false => Ok(request),
        }
    }
}

/// What is null restricts nothing. Whoever fills one in has a value that is missing, and would revoke more than
/// was meant.
fn expect_values(members: &Members) -> Result<(), Problem> {
    let is_null = |name: &&&str| members.find(name).is_some_and(Value::is_null);
    match MEMBERS.iter().find(is_null) {
        None => Ok(()),
        Some(name) => {
            let what = "Input should not be null: what restricts nothing is left out";
            Err(Problem::in_body(name, "value_error", what))
        }
    }
}

fn selection(members: &Members) -> Result<Selection, Problem> {
    let kind = match text(members, "kind")? {
        Some(name) => Some(
            name.parse::<TokenKind>()
                .map_err(|_| Problem::in_body("kind", "enum", "Input should be a kind of token"))?,
        ),
        None => None,
    };
    let created_before = match text(members, "created_before")? {
        Some(text) => Some(Timestamp::parse(text).ok_or_else(|| {
            let what = "Input should be a date and time as RFC 3339 writes it";
            Problem::in_body("created_before", "datetime_parsing", what)
        })?),
        None => None,
    };
    Ok(Selection {
        user: id(members, "user_id")?,
        organization: id(members, "organization_id")?,
        client: None,
        customer: customer(members)?,
        grant: id(members, "grant_id")?,
        kind,
        created_before,
    })
}

/// How many tokens there are.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BulkCount {
    /// Always true: nothing was changed.
    dry_run: bool,
    /// How many tokens are meant, besides those that die with them.
    counted: i64,
}

/// How far it has come.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BulkAnswer {
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11", format = "uuid")]
    id: String,
    /// Tokens that are made later are spared, unless they come from a grant that there was by then.
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    requested_at: String,
    /// How many tokens were meant when it was asked for.
    counted: i64,
    /// How many have died of it, those included that died with them.
    revoked: i64,
    /// When there was nothing left to do; null while it goes on.
    #[schema(format = "date-time")]
    finished_at: Option<String>,
}

impl BulkAnswer {
    fn new(bulk: &BulkRevocation) -> Self {
        Self {
            id: bulk.id.to_string(),
            requested_at: bulk.requested_at.to_string(),
            counted: bulk.counted,
            revoked: bulk.revoked,
            finished_at: bulk.finished_at.as_ref().map(Timestamp::to_string),
        }
    }
}

/// Revokes every token that fits, with what came from it. They are counted first; a job revokes
/// them in batches. Nothing is written down as an exposure, and no letter is
/// written; webhooks, event streams and the audit log tell of it. Needs the scope
/// `tokens:revoke`.
#[utoipa::path(
    post,
    path = "/v1/revocations/bulk",
    operation_id = "begin_bulk_revocation",
    tag = "internal",
    security(("service_key" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A name for this request, 1 to \
            255 visible ASCII characters. For a day, the same request under the same name is \
            answered with the one that has begun, and how far it has come."),
    ),
    request_body = BulkRevocationBody,
    responses(
        (status = 200, description = "A dry run: how many there are.", body = BulkCount),
        (status = 202, description = "It has begun.", body = BulkAnswer, links(
            ("show" = (operation_id = "show_bulk_revocation",
                parameters(("id" = "$response.body#/id")))),
        )),
        (status = 400, description = "The body broke off, or a header cannot be read.",
            body = ErrorBody),
        (status = 401, description = "No service key, or one that does not work.",
            body = ErrorBody),
        (status = 403, description = "The service key lacks the scope.", body = ErrorBody),
        (status = 408, description = "The body is late.", body = ErrorBody),
        (status = 409, description = "The idempotency key was used for another request.",
            body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not application/json, or compressed.", body = ErrorBody),
        (status = 422, description = "The body is not valid.", body = ProblemsBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn begin(
    request: ServiceJson<Revoke, BulkRequest>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let ServiceJson {
        who: service,
        body,
        noted: repeatable,
    } = request;
    let mut selection = body.selection;
    if let Some(name) = body.client {
        selection.client = Some(client(&state, &name).await?);
    }
    if body.dry_run {
        let counting = bulk_revocations::count(&state.ctx, &selection);
        let counted = state.timely(counting).await??;
        return Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(BulkCount {
                dry_run: true,
                counted,
            }));
    }
    let beginning = async {
        let what = (selection, body.reason);
        match &repeatable {
            Some(name) => bulk_revocations::begin_named(&state.ctx, what, name).await,
            None => {
                let key = Some(service.key);
                let begun = bulk_revocations::begin(&state.ctx, key, what.0, what.1).await;
                Ok((begun?, false))
            }
        }
    };
    let (bulk, repeated) = state.timely(beginning).await??;
    let mut response = HttpResponse::Accepted();
    if repeated {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    Ok(response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, format!("/v1/revocations/bulk/{}", bulk.id)))
        .json(BulkAnswer::new(&bulk)))
}

async fn client(state: &ApiState, name: &str) -> Result<Id<Client>, ApiError> {
    match state.timely(clients::find(&state.ctx, name)).await? {
        Ok(client) => Ok(client.id),
        Err(DomainError::Storage(error)) => Err(error.into()),
        Err(_) => {
            let what = "There is no such client";
            let problem = Problem::in_body("client_id", "value_error", what);
            Err(ApiError::invalid(vec![problem]))
        }
    }
}

/// Tells how far a bulk revocation has come. Needs the scope `tokens:revoke`.
#[utoipa::path(
    get,
    path = "/v1/revocations/bulk/{id}",
    operation_id = "show_bulk_revocation",
    tag = "internal",
    security(("service_key" = [])),
    params(("id" = String, Path, format = "uuid", description = "Its id.")),
    responses(
        (status = 200, description = "It.", body = BulkAnswer),
        (status = 400, description = "A header cannot be read.", body = ErrorBody),
        (status = 401, description = "No service key, or one that does not work.",
            body = ErrorBody),
        (status = 403, description = "The service key lacks the scope.", body = ErrorBody),
        (status = 404, description = "There is none with this id.", body = ErrorBody),
        (status = 422, description = "The id is none.", body = ProblemsBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn show(
    _: AuthorizedService<Revoke>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let id = id_in_path(&path)?;
    let bulk = state
        .timely(bulk_revocations::find(&state.ctx, id))
        .await??;
    let bulk = bulk.ok_or_else(|| ApiError::no_such("there is no such bulk revocation"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(BulkAnswer::new(&bulk)))
}
