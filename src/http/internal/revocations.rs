//! `POST /v1/revocations`: an internal service revokes tokens.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::switch;
use crate::domain::revocations::{
    self, Answer, Cause, Facts, Item, MOST_ITEMS, Named, Outcome, Refusal, RevocationRequest,
};
use crate::http::extract::{FromMembers, Members, Revoke, ServiceJson};
use crate::http::openapi::{ErrorBody, ProblemsBody, RevocationsBody};
use crate::http::state::ApiState;
use crate::http::{ApiError, Problem};
use crate::model::{PlainToken, TokenDigest};

/// What the body says.
pub(in crate::http) struct Revocations {
    items: Vec<Result<Item, &'static str>>,
    dry_run: bool,
}

impl FromMembers for Revocations {
    /// A thousand items with long addresses.
    const LARGEST: usize = 4 * 1_024 * 1_024;

    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let items = match members.find("items") {
            None => Err(Problem::missing("items")),
            Some(Value::Array(items)) if items.len() > MOST_ITEMS => {
                let what = format!("Input should have at most {MOST_ITEMS} items");
                Err(Problem::in_body("items", "too_long", what))
            }
            Some(Value::Array(items)) => Ok(items.iter().map(read_item).collect()),
            Some(_) => {
                let what = "Input should be a list of items";
                Err(Problem::in_body("items", "list_type", what))
            }
        };
        let dry_run = switch(members, "dry_run");
        match (items, dry_run, members.only(&["items", "dry_run"])) {
            (Ok(items), Ok(dry_run), Ok(())) => Ok(Self { items, dry_run }),
            (items, dry_run, others) => {
                let wrong = [items.err(), dry_run.err(), others.err()];
                Err(wrong.into_iter().flatten().collect())
            }
        }
    }
}

/// What is read of an item. Whatever else it has is passed over: a token that leaked is not to live on for that.
const MEMBERS: [&str; 6] = ["token", "digest", "id", "url", "source", "reason"];

fn read_item(value: &Value) -> Result<Item, &'static str> {
    let members = value.as_object();
    let members = members.ok_or("an item is an object with token, digest or id")?;
    let mut read = MEMBERS.iter().filter_map(|name| members.get(*name));
    if !read.all(|value| value.is_string() || value.is_null()) {
        return Err("token, digest, id, url, source and reason are texts");
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let cause = match text("reason") {
        None | Some("exposed") => Cause::Exposed,
        Some("owner") => Cause::Owner,
        Some("operator") => Cause::Operator,
        Some(_) => return Err("reason is exposed, owner or operator"),
    };
    Ok(Item {
        token: read_token(members)?,
        cause,
        url: text("url").map(str::to_owned),
        source: text("source").map(str::to_owned),
    })
}

fn read_token(members: &Map<String, Value>) -> Result<Named, &'static str> {
    const ONE: &str = "an item names its token by token, by digest or by id, and by one of them";
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    match (text("token"), text("digest"), text("id")) {
        (Some(token), None, None) => Ok(Named::Text(PlainToken::new(token.to_owned()))),
        (None, Some(digest), None) => {
            let bytes = hex::decode(digest).ok();
            let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
            let bytes = bytes.ok_or("a digest has 64 hexadecimal digits")?;
            Ok(Named::Digest(TokenDigest::from_bytes(bytes)))
        }
        (None, None, Some(id)) => {
            let id = id.parse().map_err(|_| "an id is a UUID")?;
            Ok(Named::Id(id))
        }
        _ => Err(ONE),
    }
}

/// What a service is answered.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RevocationsAnswer {
    /// Whether nothing was changed.
    dry_run: bool,
    /// One per item, in their order.
    items: Vec<ItemAnswer>,
}

/// What became of one item.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ItemAnswer {
    /// `revoked`: it died just now or, in a dry run, would; `quarantined`: policy says that an operator
    /// decides, until then it is dead; `not_revoked`: policy says to leave it; `already_revoked`; `unknown`: we never
    /// issued such a token; `invalid`: the item makes no sense.
    #[schema(example = "revoked")]
    status: &'static str,
    /// The token's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    token_id: Option<String>,
    /// Such as `personal_access_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// `live`, `expired`, `suspended` or `revoked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state_before: Option<String>,
    /// How many other tokens died with it: those of the same grant, or of the same session.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_with_it: Option<u64>,
    /// The record of the place where it was seen; only where `reason` is `exposed`, and not in a
    /// dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    exposure_id: Option<String>,
    /// What is wrong with the item; never repeats what was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl ItemAnswer {
    fn new(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Revoked(facts) => Self::of("revoked", facts),
            Outcome::Quarantined(facts) => Self::of("quarantined", facts),
            Outcome::NotRevoked(facts) => Self::of("not_revoked", facts),
            Outcome::AlreadyRevoked(facts) => Self::of("already_revoked", facts),
            Outcome::Unknown => Self::empty("unknown"),
            Outcome::Invalid { detail } => Self {
                detail: Some(detail),
                ..Self::empty("invalid")
            },
        }
    }

    fn of(status: &'static str, facts: Facts) -> Self {
        Self {
            token_id: Some(facts.token_id),
            kind: Some(facts.kind),
            state_before: Some(facts.state_before),
            revoked_with_it: Some(facts.revoked_with_it),
            exposure_id: facts.exposure_id,
            ..Self::empty(status)
        }
    }

    const fn empty(status: &'static str) -> Self {
        Self {
            status,
            token_id: None,
            kind: None,
            state_before: None,
            revoked_with_it: None,
            exposure_id: None,
            detail: None,
        }
    }
}

/// Revokes up to a thousand tokens and what came from them, each named by its text, its digest or
/// its id. What was exposed is written down as an exposure, and everybody concerned is told. An item
/// that is unknown or makes no sense never hurts the others. Needs the scope `tokens:revoke`.
#[utoipa::path(
    post,
    path = "/v1/revocations",
    tag = "internal",
    security(("service_key" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A name for this request, 1 to \
            255 visible ASCII characters. For a day, the same request under the same name is \
            answered as it was, and nothing is done twice."),
    ),
    request_body = RevocationsBody,
    responses(
        (status = 200, description = "What became of each item.", body = RevocationsAnswer),
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
pub(in crate::http) async fn revoke(
    request: ServiceJson<Revoke, Revocations>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let wanted = RevocationRequest {
        items: request.body.items,
        dry_run: request.body.dry_run,
        repeatable: request.noted,
    };
    let revoking = revocations::revoke(&state.ctx, request.who, &wanted);
    let Answer {
        outcomes,
        revoked,
        repeated,
    } = state.timely(revoking).await??;
    for (kind, reason) in revoked {
        state.metrics.revocations(kind, reason, 1);
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    if repeated {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    Ok(response.json(RevocationsAnswer {
        dry_run: wanted.dry_run,
        items: outcomes.into_iter().map(ItemAnswer::new).collect(),
    }))
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NameTaken => Self::conflict(
                "idempotency_key_reused",
                "the idempotency key was used for another request",
            ),
            Refusal::Storage(error) => error.into(),
        }
    }
}
