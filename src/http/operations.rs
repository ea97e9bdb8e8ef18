//! For load balancers, dashboards and whoever is awake at night.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde_json::{Value, json};

use super::state::ApiState;
use crate::storage::outbox;
use crate::telemetry::{OutboxDepth, metrics as telemetry};

/// The process answers. Says nothing about what it depends on, so that a database outage does not
/// make an orchestrator restart healthy processes.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "status": "ok" }))
}

/// Whether traffic should come here: the database answers and has this version's tables. Mail in
/// trouble is told, but takes no replica out of service: revoking must go on.
pub(super) async fn readyz(state: Data<ApiState>) -> HttpResponse {
    let schema = state.ctx.db.schema_state().await;
    let (database, migrations) = match &schema {
        Ok(schema) if schema.require_current().is_ok() => ("ok", "ok"),
        Ok(_) => ("ok", "other version"),
        Err(_) => ("out of reach", "unknown"),
    };
    let ready = database == "ok" && migrations == "ok";
    let outbox = if ready {
        outbox_lag(&state).await
    } else {
        json!({ "status": "unknown" })
    };
    let degraded = outbox.get("status").is_some_and(|status| status != "ok");
    let status = match (ready, degraded) {
        (false, _) => "unready",
        (true, true) => "degraded",
        (true, false) => "ready",
    };
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    HttpResponse::build(code)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({
            "status": status,
            "database": database,
            "migrations": migrations,
            "outbox": outbox,
        }))
}

async fn outbox_lag(state: &ApiState) -> Value {
    let now = state.ctx.clock.now();
    match outbox::depth(&state.ctx.db).await {
        Ok(depth) => {
            let age = depth
                .oldest
                .map(|oldest| now.since(oldest))
                .unwrap_or_default();
            let late = age > state.max_outbox_age;
            json!({
                "status": if late { "late" } else { "ok" },
                "waiting": depth.waiting,
                "dead": depth.dead,
                "oldest_seconds": age.as_secs(),
            })
        }
        Err(_) => json!({ "status": "unknown" }),
    }
}

/// Everything that is counted, for Prometheus.
pub(super) async fn metrics(state: Data<ApiState>) -> HttpResponse {
    let now = state.ctx.clock.now();
    // Without the database the rest is still worth reading.
    if let Ok(depth) = outbox::depth(&state.ctx.db).await {
        state.metrics.outbox(OutboxDepth {
            waiting: u64::try_from(depth.waiting).unwrap_or_default(),
            dead: u64::try_from(depth.dead).unwrap_or_default(),
            oldest_waiting: depth
                .oldest
                .map(|oldest| now.since(oldest))
                .unwrap_or_default(),
        });
    }
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(telemetry::CONTENT_TYPE)
        .body(state.metrics.render())
}
