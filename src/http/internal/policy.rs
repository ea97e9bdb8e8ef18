//! `GET /v1/policy`: what is done when a leak is reported, for internal services.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::breakers::{self, Breaker};
use crate::http::ApiError;
use crate::http::extract::{AuthorizedService, ReadExposures};
use crate::http::openapi::ErrorBody;
use crate::http::state::ApiState;
use crate::model::{Decision, LeakPolicy, Origin, Timestamp, TokenKind};

/// What is done when a leak is reported.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PolicyAnswer {
    /// What is done where no rule fits: `revoke`, `quarantine`, `notify` or `observe`.
    #[schema(example = "revoke")]
    default: &'static str,
    /// The rules as they are written in the configuration.
    #[schema(example = json!(["night-watch * observe"]))]
    rules: Vec<String>,
    /// How long a quarantine lasts when nobody ends it.
    #[schema(example = 259_200)]
    quarantine_seconds: u64,
    /// What happens then: `finish` or `release`.
    #[schema(example = "finish")]
    quarantine_ends_with: &'static str,
    /// Which share of all working tokens opens the breaker of an origin, in percent; null where none does.
    #[schema(example = 20)]
    breaker_share_percent: Option<u8>,
    /// In how long an origin may have so many revoked.
    #[schema(example = 3_600)]
    breaker_window_seconds: u64,
    /// An open breaker closes when the origin has reported no working token for so long.
    #[schema(example = 21_600)]
    breaker_quiet_seconds: u64,
    /// About how many tokens work; null before it was estimated.
    #[schema(example = 48_000)]
    live_tokens: Option<u64>,
    /// Everybody who may report, in no order that matters.
    origins: Vec<OriginAnswer>,
}

/// What is done about what one origin reports.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OriginAnswer {
    #[schema(example = "github")]
    origin: String,
    breaker: BreakerAnswer,
    /// One for each kind of token.
    kinds: Vec<KindAnswer>,
}

/// How far an origin is trusted.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BreakerAnswer {
    /// Whether everything that would be revoked goes into quarantine, because it was too much.
    open: bool,
    /// Since when; null while it is closed.
    #[schema(example = json!(null), format = "date-time")]
    opened_at: Option<String>,
    /// Working tokens that it had revoked since its window began.
    #[schema(example = 3)]
    revoked: i64,
    /// After how many it opens, by number or by share; null where there is no limit.
    #[schema(example = 5_000)]
    limit: Option<u32>,
}

/// What a breaker is measured by.
struct Measure<'a> {
    policy: &'a LeakPolicy,
    live: Option<u64>,
    now: Timestamp,
}

/// What is done about one kind of token.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct KindAnswer {
    #[schema(example = "personal_access_token")]
    kind: &'static str,
    #[schema(example = "revoke")]
    decision: &'static str,
    /// The rule that says so, or `default`.
    #[schema(example = "default")]
    decided_by: String,
}

/// Shows what is done about each kind of token that each origin reports, and how far each is trusted.
/// Needs the scope `exposures:read`.
#[utoipa::path(
    get,
    path = "/v1/policy",
    operation_id = "show_policy",
    tag = "internal",
    security(("service_key" = [])),
    responses(
        (status = 200, description = "It, as it is in force now.", body = PolicyAnswer),
        (status = 400, description = "A header cannot be read.", body = ErrorBody),
        (status = 401, description = "No service key, or one that does not work.",
            body = ErrorBody),
        (status = 403, description = "The service key lacks the scope.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn show(
    _: AuthorizedService<ReadExposures>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let known = state.timely(breakers::list(&state.ctx)).await??;
    let policy = state.ctx.leak_policy.current();
    let measure = Measure {
        policy: &policy,
        live: state.ctx.live_tokens.estimate(),
        now: state.ctx.clock.now(),
    };
    let answer = |origin: &Origin| {
        let breaker = known.iter().find(|breaker| breaker.origin == *origin);
        OriginAnswer {
            origin: origin.to_string(),
            breaker: BreakerAnswer::new(breaker, &measure),
            kinds: TokenKind::ALL
                .map(|kind| KindAnswer::new(kind, policy.decide(origin, kind)))
                .into(),
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(PolicyAnswer {
            default: policy.default.name(),
            rules: policy.rules.iter().map(ToString::to_string).collect(),
            quarantine_seconds: policy.quarantine.as_secs(),
            quarantine_ends_with: policy.quarantine_end.name(),
            breaker_share_percent: policy.breaker.share,
            breaker_window_seconds: policy.breaker.window.as_secs(),
            breaker_quiet_seconds: policy.breaker.quiet.as_secs(),
            live_tokens: measure.live,
            origins: state.reporting.iter().map(answer).collect(),
        }))
}

impl BreakerAnswer {
    fn new(breaker: Option<&Breaker>, by: &Measure<'_>) -> Self {
        let open = breaker.filter(|breaker| breaker.is_open(by.policy, by.now));
        Self {
            open: open.is_some(),
            opened_at: open.and_then(|b| b.opened_at).map(|at| at.to_string()),
            revoked: breaker.map_or(0, |breaker| breaker.revoked),
            limit: by.policy.breaker.limit(by.live),
        }
    }
}

impl KindAnswer {
    fn new(kind: TokenKind, decision: Decision) -> Self {
        Self {
            kind: kind.name(),
            decision: decision.reaction.name(),
            decided_by: decision.rule,
        }
    }
}
