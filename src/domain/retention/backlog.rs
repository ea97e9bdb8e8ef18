//! How much of what is over waits to be deleted.

use super::{Backlog, Ended, MOST_COUNTED};
use crate::domain::Context;
use crate::model::Timestamp;
use crate::storage::{
    Overdue, StorageError, audit_log, bulk_revocations, clients, deliveries, figures,
    idempotency_keys, leaked_uses, limit_uses, login_codes, logout_notices, outbox, quarantines,
    streams, tokens, webhooks,
};

/// How much of each kind is over.
pub(super) async fn of_rows(ctx: &Context) -> Result<Vec<Backlog>, StorageError> {
    let mut all = Vec::new();
    let now = ctx.clock.now();
    for what in Ended::ALL {
        let before = now.minus(what.kept_for(&ctx.policy.retention));
        let overdue = overdue(ctx, what, before).await?;
        all.push(Backlog {
            what: what.name(),
            waiting: u64::try_from(overdue.number).unwrap_or_default(),
            overdue: overdue
                .oldest
                .map(|oldest| before.since(oldest))
                .unwrap_or_default(),
        });
    }
    Ok(all)
}

async fn overdue(ctx: &Context, what: Ended, before: Timestamp) -> Result<Overdue, StorageError> {
    let most = i64::try_from(MOST_COUNTED).unwrap_or(i64::MAX);
    match what {
        Ended::Letters => outbox::count_sent(&ctx.db, before, most).await,
        Ended::DeadLetters => outbox::count_dead(&ctx.db, before, most).await,
        Ended::Deliveries => deliveries::count_old(&ctx.db, before, most).await,
        Ended::LoginCodes => login_codes::count_expired(&ctx.db, before, most).await,
        Ended::LogoutNotices => logout_notices::count_settled(&ctx.db, before, most).await,
        Ended::Limits => limit_uses::count_over(&ctx.db, before, most).await,
        Ended::Webhooks => {
            let messages = webhooks::count_old(&ctx.db, before, most).await?;
            let endpoints = webhooks::count_gone(&ctx.db, before, most).await?;
            let now = ctx.clock.now();
            let former = webhooks::count_former(&ctx.db, now, most).await?;
            // They go as soon as they sign no more.
            let secrets = Overdue {
                oldest: former.oldest.map(|until| before.minus(now.since(until))),
                ..former
            };
            Ok(messages.and(endpoints, most).and(secrets, most))
        }
        Ended::WebhookAttempts => webhooks::count_old_attempts(&ctx.db, before, most).await,
        Ended::Events => {
            let events = streams::count_settled(&ctx.db, before, most).await?;
            let gone = streams::count_gone(&ctx.db, before, most).await?;
            Ok(events.and(gone, most))
        }
        Ended::Quarantines => quarantines::count_settled(&ctx.db, before, most).await,
        Ended::BulkRevocations => bulk_revocations::count_finished(&ctx.db, before, most).await,
        Ended::IdempotencyKeys => idempotency_keys::count_old(&ctx.db, before, most).await,
        Ended::Addresses => {
            let tried = leaked_uses::count_addresses(&ctx.db, before, most).await?;
            let registered = clients::count_addresses(&ctx.db, before, most).await?;
            let told = webhooks::count_addresses(&ctx.db, before, most).await?;
            Ok(tried.and(registered, most).and(told, most))
        }
        Ended::AuditLog => audit_log::count_old(&ctx.db, before, most).await,
        Ended::Figures => figures::count_old(&ctx.db, before, most).await,
        Ended::Tokens(kind) => tokens::count_expired(&ctx.db, kind, before, most).await,
    }
}
