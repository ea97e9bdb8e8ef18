//! The jobs that run beside the service.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Job, PolicySource};
use crate::config::Settings;
use crate::domain::Context;
use crate::jobs::{
    ChainAuditLog, DeliverEvents, DeliverLogouts, DeliverMail, DeliverWebhooks, EstimateTokens,
    FlushUses, GatherDigests, NoteFigures, Prune, ReloadPolicy, RevokeInBulk, RotateSigningKeys,
    ScrubExposures, SettleQuarantines, ShareLimits, TendStreams,
};
use crate::telemetry::Metrics;

/// What happens later, whoever reports what.
pub(super) fn background(
    settings: &Settings,
    ctx: &Arc<Context>,
    (deliver_mail, deliver_logouts, webhooks): (&DeliverMail, &DeliverLogouts, &DeliverWebhooks),
    stop: &CancellationToken,
) -> [Job; 12] {
    let mail = deliver_mail.clone();
    let logouts = deliver_logouts.clone();
    let webhooks = webhooks.clone();
    let interval = settings.tokens.last_used_flush_interval;
    let uses = FlushUses {
        ctx: Arc::clone(ctx),
        metrics: deliver_mail.metrics.clone(),
        interval,
    };
    let signing_keys = RotateSigningKeys {
        ctx: Arc::clone(ctx),
    };
    let metrics = &deliver_mail.metrics;
    let in_bulk = RevokeInBulk {
        ctx: Arc::clone(ctx),
        metrics: metrics.clone(),
    };
    let share = ShareLimits {
        ctx: Arc::clone(ctx),
    };
    let scrub = ScrubExposures {
        ctx: Arc::clone(ctx),
        metrics: metrics.clone(),
    };
    let prune = Prune {
        ctx: Arc::clone(ctx),
        metrics: metrics.clone(),
    };
    let digests = GatherDigests {
        ctx: Arc::clone(ctx),
    };
    let figures = NoteFigures {
        ctx: Arc::clone(ctx),
        metrics: metrics.clone(),
    };
    let chain = ChainAuditLog {
        ctx: Arc::clone(ctx),
    };
    [
        ("chain_audit_log", Box::pin(chain.run(stop.clone()))),
        ("note_figures", Box::pin(figures.run(stop.clone()))),
        ("revoke_in_bulk", Box::pin(in_bulk.run(stop.clone()))),
        ("deliver_mail", Box::pin(mail.run(stop.clone()))),
        ("gather_digests", Box::pin(digests.run(stop.clone()))),
        ("deliver_logouts", Box::pin(logouts.run(stop.clone()))),
        ("deliver_webhooks", Box::pin(webhooks.run(stop.clone()))),
        ("flush_uses", Box::pin(uses.run(stop.clone()))),
        (
            "rotate_signing_keys",
            Box::pin(signing_keys.run(stop.clone())),
        ),
        ("share_limits", Box::pin(share.run(stop.clone()))),
        ("scrub_exposures", Box::pin(scrub.run(stop.clone()))),
        ("prune", Box::pin(prune.run(stop.clone()))),
    ]
}

/// The jobs that belong to event streams.
pub(super) fn streaming(deliver: &DeliverEvents, stop: &CancellationToken) -> Vec<Job> {
    let deliver = deliver.clone();
    let tend = TendStreams {
        ctx: Arc::clone(&deliver.ctx),
    };
    vec![
        ("deliver_events", Box::pin(deliver.run(stop.clone()))),
        ("tend_streams", Box::pin(tend.run(stop.clone()))),
    ]
}

/// The jobs that belong to the policy about leaks.
pub(super) fn judging(
    source: Option<PolicySource>,
    ctx: &Arc<Context>,
    metrics: &Metrics,
    stop: &CancellationToken,
) -> Vec<Job> {
    let settle = SettleQuarantines {
        ctx: Arc::clone(ctx),
        metrics: metrics.clone(),
    };
    let estimate = EstimateTokens {
        ctx: Arc::clone(ctx),
    };
    let mut jobs: Vec<Job> = vec![
        ("settle_quarantines", Box::pin(settle.run(stop.clone()))),
        ("estimate_tokens", Box::pin(estimate.run(stop.clone()))),
    ];
    if let Some(PolicySource { sources, asked }) = source {
        let reload = ReloadPolicy {
            ctx: Arc::clone(ctx),
            metrics: metrics.clone(),
            read: Arc::new(move || {
                let settings = Settings::load(&sources);
                let policy = settings.map(|settings| settings.leak_policy);
                policy.map_err(|problems| problems.to_string())
            }),
            asked,
        };
        jobs.push(("reload_policy", Box::pin(reload.run(stop.clone()))));
    }
    jobs
}
