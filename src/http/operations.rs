//! For load balancers, dashboards and whoever is awake at night.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::state::ApiState;
use crate::domain::outbox::{self, Lag};
use crate::domain::streams::operating as streams;
use crate::domain::{audit, breakers, quarantines, retention, webhooks};
use crate::telemetry::{OutboxDepth, metrics as telemetry};

/// How long whoever watches waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process answers. Says nothing about what it depends on, so that a database outage does not
/// make an orchestrator restart healthy processes.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    responses((status = 200, description = "The process answers."))
)]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "status": "ok" }))
}

/// Whether traffic should come here: the database answers and has the tables of this version or a
/// newer one. Mail in trouble is told, but takes no replica out of service: revoking must go on.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, description = "Send traffic here.", body = Readiness),
        (status = 503, description = "Send it elsewhere.", body = Readiness),
    )
)]
pub(super) async fn readyz(state: Data<ApiState>) -> HttpResponse {
    let schema = timeout(PATIENCE, state.ctx.db.schema_state()).await;
    let (database, migrations) = match schema {
        Ok(Ok(schema)) if schema.database < schema.binary => ("ok", "behind"),
        // A newer replica migrated, and this one serves until it is replaced: migrations only add.
        Ok(Ok(schema)) if schema.database > schema.binary => ("ok", "newer"),
        Ok(Ok(_)) => ("ok", "ok"),
        Ok(Err(_)) | Err(_) => ("out of reach", "unknown"),
    };
    let ready = database == "ok" && migrations != "behind";
    let outbox = if ready {
        outbox_lag(&state).await
    } else {
        OutboxLag { status: "unknown" }
    };
    let status = match (ready, outbox.status) {
        (false, _) => "unready",
        (true, "ok") => "ready",
        (true, _) => "degraded",
    };
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let readiness = Readiness {
        status,
        database,
        migrations,
        outbox,
    };
    HttpResponse::build(code)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(readiness)
}

/// Whether traffic should come here, and how the parts are.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// `ready`, `degraded` (ready, but mail is late) or `unready`.
    status: &'static str,
    /// `ok` or `out of reach`.
    database: &'static str,
    /// `ok`, `newer` (a newer version migrated; still served), `behind` or `unknown`.
    migrations: &'static str,
    outbox: OutboxLag,
}

/// How mail is doing. How much of it waits is told in `/metrics` only: who can see a letter more or less sees
/// whether a token was real.
#[derive(Serialize, ToSchema)]
pub(super) struct OutboxLag {
    /// `ok`, `late` or `unknown`.
    status: &'static str,
}

async fn outbox_lag(state: &ApiState) -> OutboxLag {
    let lag = timeout(PATIENCE, outbox::lag(&state.ctx)).await;
    OutboxLag {
        status: match lag {
            Ok(Ok(lag)) if lag.oldest > state.max_outbox_age => "late",
            Ok(Ok(_)) => "ok",
            _ => "unknown",
        },
    }
}

/// Everything that is counted, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "OpenMetrics text.", body = String,
        content_type = "application/openmetrics-text"))
)]
pub(super) async fn metrics(state: Data<ApiState>) -> HttpResponse {
    // Without the database the rest is still worth reading.
    if let Ok(Ok(lag)) = timeout(PATIENCE, outbox::lag(&state.ctx)).await {
        let Lag {
            waiting,
            dead,
            oldest,
        } = lag;
        state.metrics.outbox(OutboxDepth {
            waiting,
            dead,
            oldest_waiting: oldest,
        });
    }
    if let Ok(Ok((rows, oldest))) = timeout(PATIENCE, audit::waiting(&state.ctx)).await {
        state.metrics.unchained(rows, oldest);
    }
    if let Ok(Ok(depth)) = timeout(PATIENCE, webhooks::depth(&state.ctx)).await {
        show_webhooks(&state, depth);
    }
    if let Ok(Ok(depth)) = timeout(PATIENCE, streams::depth(&state.ctx)).await {
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let oldest = streams::oldest(&depth, state.ctx.clock.now());
        let disabled = count(depth.disabled);
        state
            .metrics
            .event_queue(count(depth.waiting), oldest, disabled);
    }
    if let Ok(Ok(all)) = timeout(PATIENCE, retention::backlog(&state.ctx)).await {
        for one in all {
            state.metrics.backlog(one.what, one.waiting, one.overdue);
        }
    }
    for (limit, times) in state.ctx.limits.refusals() {
        state.metrics.limited(limit, times);
    }
    if let Ok(Ok(all)) = timeout(PATIENCE, breakers::list(&state.ctx)).await {
        let (policy, now) = (state.ctx.leak_policy.current(), state.ctx.clock.now());
        for breaker in all {
            let open = breaker.is_open(&policy, now);
            state.metrics.breaker(&breaker.origin, open);
        }
    }
    if let Ok(Ok(open)) = timeout(PATIENCE, quarantines::count(&state.ctx)).await {
        state.metrics.quarantines(open);
    }
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(telemetry::CONTENT_TYPE)
        .body(state.metrics.render())
}

fn show_webhooks(state: &ApiState, depth: webhooks::Depth) {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let now = state.ctx.clock.now();
    let oldest = depth.oldest.map(|oldest| now.since(oldest));
    let queue = OutboxDepth {
        waiting: count(depth.waiting),
        dead: count(depth.dead),
        oldest_waiting: oldest.unwrap_or_default(),
    };
    state.metrics.webhook_queue(queue, count(depth.disabled));
}
