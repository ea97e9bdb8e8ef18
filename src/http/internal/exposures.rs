//! `GET /v1/exposures`: where tokens were seen, for internal services.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::exposures::{self, ExposureFilter, SeenToken};
use crate::domain::leaked_uses::{self, StoredUse};
use crate::http::api_error::id_in_path;
use crate::http::extract::{AuthorizedService, ReadExposures};
use crate::http::openapi::{ErrorBody, ProblemsBody};
use crate::http::state::ApiState;
use crate::http::{ApiError, Problem};
use crate::model::{ClientId, Exposure, Id, Timestamp, TokenKind, TokenName};

/// How many there are on a page that nobody asked for.
const USUAL: u32 = 20;
/// How many there are at most, whatever is asked for.
const MOST: u32 = 100;

/// A record that a token was seen at a place.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ExposureAnswer {
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11", format = "uuid")]
    id: String,
    /// Who reported it first.
    #[schema(example = "github")]
    origin: String,
    /// Where, as an address.
    #[schema(example = "https://github.com/acme/app/blob/main/.env")]
    url: Option<String>,
    /// Where, as a kind of place.
    #[schema(example = "commit")]
    source: Option<String>,
    /// When address and kind of place were removed, because they had been kept for long enough.
    #[schema(example = json!(null), format = "date-time")]
    scrubbed_at: Option<String>,
    /// When it was reported first.
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    first_seen_at: String,
    /// `live`, `expired`, `suspended` or `revoked`.
    #[schema(example = "live")]
    state_before: String,
    /// Since when the token is dead; null when it was not dead and was left as it was.
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    revoked_at: Option<String>,
    /// What was decided: `revoke`, `quarantine`, `notify` or `observe`.
    #[schema(example = "revoke")]
    decision: &'static str,
    /// The rule that decided, as it is written in the configuration; `default`, where none fitted;
    /// `breaker`, when the origin reported too much; `always`, where policy has no say; `relatives`,
    /// when it was only to be observed and died with others of its family or user; null from
    /// before there were rules.
    #[schema(example = "github * revoke")]
    decided_by: Option<String>,
    /// What the reporter was answered.
    #[schema(example = "true_positive")]
    verdict: &'static str,
    token: ExposedToken,
}

/// The same with what came after.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ExposureDetails {
    #[serde(flatten)]
    exposure: ExposureAnswer,
    /// How often somebody tried to use the token after it had leaked.
    #[schema(example = 1)]
    attempts_total: i64,
    /// These attempts by way in and address, the latest first. The addresses of 200 are kept; what
    /// comes from others is counted without.
    attempts: Vec<AttemptAnswer>,
}

/// Attempts by one way in, from one address. The command line tells of them in the same words.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptAnswer {
    /// `introspection`, `api`, `session`, `token_endpoint`, `client` or `service`.
    #[schema(example = "introspection")]
    pub(crate) via: String,
    /// From where, if whoever asked told us, and as long as that is kept.
    #[schema(example = "203.0.113.7")]
    pub(crate) address: Option<String>,
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    pub(crate) first_at: String,
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    pub(crate) last_at: String,
    #[schema(example = 1)]
    pub(crate) times: i64,
}

impl AttemptAnswer {
    pub(crate) fn new(stored: StoredUse) -> Self {
        Self {
            via: stored.via,
            address: stored.from,
            first_at: stored.first_at.to_string(),
            last_at: stored.last_at.to_string(),
            times: stored.times,
        }
    }
}

/// The token that was seen.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ExposedToken {
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c22", format = "uuid")]
    id: String,
    #[schema(example = "personal_access_token")]
    kind: &'static str,
    /// What its owner calls it.
    #[schema(example = "deployment")]
    name: Option<String>,
    /// Its last four characters.
    #[schema(example = "x7Qp")]
    hint: String,
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
    #[schema(example = "2026-11-24T08:00:00Z", format = "date-time")]
    created_at: String,
    #[schema(example = json!(null), format = "date-time")]
    last_used_at: Option<String>,
    /// Who owns it or, for an organization's token, who made it.
    #[schema(format = "uuid")]
    user_id: Option<String>,
    /// Who owns it, or to whom it is limited.
    #[schema(format = "uuid")]
    organization_id: Option<String>,
    /// The client it was issued to, or whose credential it is.
    client_id: Option<String>,
    /// The customer it acts for, as the issuing service named them.
    #[schema(example = json!(null))]
    customer: Option<String>,
}

impl ExposureAnswer {
    fn new(seen: &SeenToken) -> Self {
        let SeenToken { exposure, known } = seen;
        let token = &known.token;
        let client = known.client.as_ref().map(|client| &client.client_id);
        Self {
            id: exposure.id.to_string(),
            origin: exposure.origin.to_string(),
            url: exposure.url.clone(),
            source: exposure.source.clone(),
            scrubbed_at: exposure.scrubbed_at.as_ref().map(Timestamp::to_string),
            first_seen_at: exposure.first_seen_at.to_string(),
            state_before: exposure.state_before.clone(),
            revoked_at: exposure.revoked_at.as_ref().map(Timestamp::to_string),
            decision: exposure.decision.name(),
            decided_by: exposure.decided_by.clone(),
            verdict: exposure.verdict.name(),
            token: ExposedToken {
                id: token.id.to_string(),
                kind: token.kind.name(),
                name: token.name.as_ref().map(TokenName::to_string),
                hint: token.hint.clone(),
                scopes: token.scopes.iter().map(str::to_owned).collect(),
                created_at: token.created_at.to_string(),
                last_used_at: token.last_used_at.as_ref().map(Timestamp::to_string),
                user_id: known.user.as_ref().map(|user| user.id.to_string()),
                organization_id: known.organization.as_ref().map(|o| o.id.to_string()),
                client_id: client.map(ClientId::to_string),
                customer: token.customer.clone(),
            },
        }
    }
}

/// A page of them.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ExposurePage {
    /// Newest first.
    items: Vec<ExposureAnswer>,
    /// The `cursor` of the next page; null when this is the last.
    next_cursor: Option<String>,
}

/// What the query asks for.
#[derive(Debug)]
pub(in crate::http) struct Wanted {
    pub(in crate::http) filter: ExposureFilter,
    after: Option<Id<Exposure>>,
    pub(in crate::http) limit: u32,
}

impl FromRequest for Wanted {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map_err(|problem| ApiError::invalid(vec![problem])))
    }
}

/// What may be asked for.
const PARAMETERS: [&str; 11] = [
    "token_id",
    "user_id",
    "organization_id",
    "client_id",
    "customer",
    "origin",
    "kind",
    "since",
    "until",
    "cursor",
    "limit",
];

/// Of a parameter that is there twice, the last one counts; an empty one is none. One that is misspelt would
/// show more than was asked for.
pub(in crate::http) fn read(query: &str) -> Result<Wanted, Problem> {
    let mut wanted = Wanted {
        filter: ExposureFilter::default(),
        after: None,
        limit: USUAL,
    };
    let filter = &mut wanted.filter;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if !PARAMETERS.contains(&&*name) {
            let what = format!("Parameters are {}", PARAMETERS.join(", "));
            return Err(Problem::of_query("extra_forbidden", what));
        }
        if value.is_empty() {
            continue;
        }
        match &*name {
            "token_id" => filter.token = Some(id("token_id", &value)?),
            "user_id" => filter.user = Some(id("user_id", &value)?),
            "organization_id" => filter.organization = Some(id("organization_id", &value)?),
            "client_id" => filter.client = Some(plain("client_id", &value)?),
            "customer" => filter.customer = Some(plain("customer", &value)?),
            "origin" => filter.origin = Some(plain("origin", &value)?),
            "kind" => {
                let wrong =
                    |_| Problem::in_query("kind", "enum", "Input should be a kind of token");
                filter.kind = Some(value.parse::<TokenKind>().map_err(wrong)?);
            }
            "since" => filter.since = Some(moment("since", &value)?),
            "until" => filter.until = Some(moment("until", &value)?),
            "cursor" => wanted.after = Some(id("cursor", &value)?),
            "limit" => wanted.limit = limit(&value)?,
            _ => {}
        }
    }
    Ok(wanted)
}

fn id<T>(name: &'static str, text: &str) -> Result<Id<T>, Problem> {
    let wrong = |_| Problem::in_query(name, "uuid_parsing", "Input should be a valid UUID");
    text.parse().map_err(wrong)
}

/// A text that a database can compare: PostgreSQL knows no character of code zero.
fn plain(name: &'static str, text: &str) -> Result<String, Problem> {
    let fits = text.len() <= 200 && !text.contains('\0');
    let wrong = || {
        Problem::in_query(
            name,
            "value_error",
            "Input should be at most 200 characters",
        )
    };
    fits.then(|| text.to_owned()).ok_or_else(wrong)
}

fn moment(name: &'static str, text: &str) -> Result<Timestamp, Problem> {
    let what = "Input should be a date and time as RFC 3339 writes it";
    Timestamp::parse(text).ok_or_else(|| Problem::in_query(name, "datetime_parsing", what))
}

fn limit(text: &str) -> Result<u32, Problem> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=MOST).contains(number));
    let what = format!("Input should be a whole number from 1 to {MOST}");
    number.ok_or_else(|| Problem::in_query("limit", "value_error", what))
}

/// Lists where tokens were seen, newest first. Needs the scope `exposures:read`.
#[utoipa::path(
    get,
    path = "/v1/exposures",
    tag = "internal",
    security(("service_key" = [])),
    params(
        ("token_id" = Option<String>, Query, description = "Only of this token."),
        ("user_id" = Option<String>, Query, description = "Only of this user's tokens."),
        ("organization_id" = Option<String>, Query,
            description = "Only of this organization's tokens."),
        ("client_id" = Option<String>, Query, description = "Only of this client's tokens."),
        ("customer" = Option<String>, Query,
            description = "Only of tokens that act for this customer."),
        ("kind" = Option<String>, Query, description = "Such as `personal_access_token`."),
        ("origin" = Option<String>, Query, description = "Who reported it first."),
        ("since" = Option<String>, Query, description = "First seen then or later (RFC 3339)."),
        ("until" = Option<String>, Query, description = "First seen earlier (RFC 3339)."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100,
            description = "How many on a page: 20 unless said."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = ExposurePage, links(
            ("show" = (operation_id = "show_exposure",
                parameters(("id" = "$response.body#/items/0/id")))),
        )),
        (status = 400, description = "A header cannot be read.", body = ErrorBody),
        (status = 401, description = "No service key, or one that does not work.",
            body = ErrorBody),
        (status = 403, description = "The service key lacks the scope.", body = ErrorBody),
        (status = 422, description = "The query is not valid.", body = ProblemsBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn list(
    _: AuthorizedService<ReadExposures>,
    wanted: Wanted,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let Wanted {
        filter,
        after,
        limit,
    } = wanted;
    // One more than is shown tells whether there is a next page.
    let listing = exposures::list(&state.ctx, &filter, after, limit + 1);
    let mut seen = state.timely(listing).await??;
    let more = seen.len() > limit as usize;
    seen.truncate(limit as usize);
    let last = seen.last().filter(|_| more);
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(ExposurePage {
            next_cursor: last.map(|seen| seen.exposure.id.to_string()),
            items: seen.iter().map(ExposureAnswer::new).collect(),
        }))
}

/// Shows where a token was seen. Needs the scope `exposures:read`.
#[utoipa::path(
    get,
    path = "/v1/exposures/{id}",
    operation_id = "show_exposure",
    tag = "internal",
    security(("service_key" = [])),
    params(("id" = String, Path, format = "uuid", description = "The exposure's id.")),
    responses(
        (status = 200, description = "It.", body = ExposureDetails),
        (status = 400, description = "A header cannot be read.", body = ErrorBody),
        (status = 401, description = "No service key, or one that does not work.",
            body = ErrorBody),
        (status = 403, description = "The service key lacks the scope.", body = ErrorBody),
        (status = 404, description = "There is no such exposure.", body = ErrorBody),
        (status = 422, description = "The id is none.", body = ProblemsBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn show(
    _: AuthorizedService<ReadExposures>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let id = id_in_path(&path)?;
    let seen = state.timely(exposures::find(&state.ctx, id)).await??;
    let seen = seen.ok_or_else(|| ApiError::no_such("there is no such exposure"))?;
    let attempts = leaked_uses::list(&state.ctx, seen.known.token.id);
    let attempts = state.timely(attempts).await??;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(ExposureDetails {
            exposure: ExposureAnswer::new(&seen),
            attempts_total: leaked_uses::total(&attempts),
            attempts: attempts.into_iter().map(AttemptAnswer::new).collect(),
        }))
}
