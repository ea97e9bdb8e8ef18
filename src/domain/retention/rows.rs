//! Rows that are over are deleted some time later. Of tokens a few facts stay.

use std::time::Duration;

use tokio::time::Instant;

use super::{Rest, TURN};
use crate::domain::attempts::until_settled;
use crate::domain::revocations::REMEMBERED;
use crate::domain::{Context, audit, incident};
use crate::model::{RetentionPolicy, Timestamp, TokenKind};
use crate::storage::spent_tokens::IssuedToken;
use crate::storage::{
    StorageError, Tx, bulk_revocations, clients, deliveries, figures, grants, idempotency_keys,
    leaked_uses, limit_uses, login_codes, logout_notices, outbox, quarantines, sessions, streams,
    tokens, turns, webhooks,
};

/// How many rows one transaction changes at most: few, because whoever asks something meanwhile may have
/// to wait for all of them.
const BATCH: i64 = 30;
/// Between two batches there is rest for so many times as long as the last one took: whoever asks
/// something meanwhile meets a batch one time in thirty.
const REST: u32 = 29;
/// The shortest rest.
const SHORTEST_REST: Duration = Duration::from_millis(5);
/// How often a round goes on after it got into somebody's way; the next round tries again.
const MOST_CONFLICTS: u32 = 8;
/// After how long a token is looked at again that is still needed.
const LOOK_AGAIN: Duration = Duration::from_secs(7 * 86_400);
/// A token that an exposure names is needed for ever.
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// What is deleted when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Letters that were sent.
    Letters,
    /// Letters that were given up.
    DeadLetters,
    /// Deliveries: what origins sent and were answered.
    Deliveries,
    /// Requests to sign in.
    LoginCodes,
    /// Clients that were told of a logout.
    LogoutNotices,
    /// What was used of limits and has come back.
    Limits,
    /// Messages to machines, secrets that sign no more, and endpoints that were deleted.
    Webhooks,
    /// How tries to tell machines went.
    WebhookAttempts,
    /// Tokens of event streams, and streams that were deleted.
    Events,
    /// Quarantines that ended.
    Quarantines,
    /// Orders to revoke everything of somebody that were carried out.
    BulkRevocations,
    /// What requests were answered that may come again.
    IdempotencyKeys,
    /// Network addresses: from where leaked tokens were tried, also where machines were told that, and
    /// clients registered. What else is known of either stays.
    Addresses,
    /// Rows of the audit log.
    AuditLog,
    /// What was counted by the hour.
    Figures,
    /// Tokens of this kind; with sessions, what is known about them besides.
    Tokens(TokenKind),
}

impl Ended {
    /// All of it.
    pub const ALL: [Self; 20] = [
        Self::Letters,
        Self::DeadLetters,
        Self::Deliveries,
        Self::LoginCodes,
        Self::LogoutNotices,
        Self::Limits,
        Self::Webhooks,
        Self::WebhookAttempts,
        Self::Events,
        Self::Quarantines,
        Self::BulkRevocations,
        Self::IdempotencyKeys,
        Self::Addresses,
        Self::AuditLog,
        Self::Figures,
        Self::Tokens(TokenKind::AccessToken),
        Self::Tokens(TokenKind::RefreshToken),
        Self::Tokens(TokenKind::AuthorizationCode),
        Self::Tokens(TokenKind::CustomerSessionToken),
        Self::Tokens(TokenKind::UserSessionToken),
    ];

    /// What it is counted as.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Letters => "letters",
            Self::DeadLetters => "dead_letters",
            Self::Deliveries => "deliveries",
            Self::LoginCodes => "login_codes",
            Self::LogoutNotices => "logout_notices",
            Self::Limits => "limits",
            Self::Webhooks => "webhooks",
            Self::WebhookAttempts => "webhook_attempts",
            Self::Events => "events",
            Self::Quarantines => "quarantines",
            Self::BulkRevocations => "bulk_revocations",
            Self::IdempotencyKeys => "idempotency_keys",
            Self::Addresses => "addresses",
            Self::AuditLog => "audit_log",
            Self::Figures => "figures",
            Self::Tokens(kind) => kind.name(),
        }
    }

    pub(super) const fn kept_for(self, policy: &RetentionPolicy) -> Duration {
        match self {
            Self::Letters => policy.letters,
            Self::DeadLetters => policy.dead_letters,
            Self::Deliveries => policy.deliveries,
            Self::LoginCodes => policy.login_codes,
            Self::LogoutNotices => policy.logout_notices,
            Self::Limits => Duration::ZERO,
            Self::Webhooks | Self::WebhookAttempts => policy.webhooks,
            Self::Events => policy.events,
            Self::Quarantines => policy.quarantines,
            Self::BulkRevocations => policy.bulk_revocations,
            Self::IdempotencyKeys => REMEMBERED,
            Self::Addresses => policy.addresses,
            Self::AuditLog => policy.audit_log,
            Self::Figures => policy.figures,
            Self::Tokens(TokenKind::UserSessionToken) => policy.sessions,
            Self::Tokens(_) => policy.tokens,
        }
    }
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Rows of the kind that was asked for.
    pub rows: u64,
    /// Grants of which nothing was left then.
    pub grants: u64,
}

/// One transaction's work.
struct Batch {
    pruned: Pruned,
    /// Whether there may be more.
    full: bool,
}

/// Deletes everything of one kind that is over, in batches.
///
/// # Errors
/// When the database fails. What was done until then stays done.
pub async fn prune(ctx: &Context, what: Ended, rest: &impl Rest) -> Result<Pruned, StorageError> {
    let now = ctx.clock.now();
    let before = now.minus(what.kept_for(&ctx.policy.retention));
    let mut done = Pruned::default();
    let mut conflicts = 0;
    loop {
        let began = Instant::now();
        let batch = match prune_batch(ctx, what, before, now).await {
            // Somebody just needed one of the rows, and has it now.
            Err(StorageError::Conflict(_)) if conflicts < MOST_CONFLICTS => {
                conflicts += 1;
                continue;
            }
            outcome => outcome?,
        };
        done.rows += batch.pruned.rows;
        done.grants += batch.pruned.grants;
        let pause = (began.elapsed() * REST).max(SHORTEST_REST);
        if !batch.full || !rest.rest(pause).await {
            return Ok(done);
        }
    }
}

/// The transaction.
async fn prune_batch(
    ctx: &Context,
    what: Ended,
    before: Timestamp,
    now: Timestamp,
) -> Result<Batch, StorageError> {
    let mut tx = ctx.db.begin().await?;
    // Replicas take turns, so that none of them waits for a row that another one deletes.
    turns::take(&mut tx, TURN).await?;
    let batch = match what {
        Ended::Letters => rows(outbox::delete_sent(&mut tx, before, BATCH).await?),
        Ended::DeadLetters => rows(outbox::delete_dead(&mut tx, before, BATCH).await?),
        Ended::Deliveries => prune_deliveries(&mut tx, before).await?,
        Ended::LoginCodes => rows(login_codes::delete_expired(&mut tx, before, BATCH).await?),
        Ended::Limits => prune_limits(&mut tx, before).await?,
        Ended::LogoutNotices => rows(logout_notices::delete_settled(&mut tx, before, BATCH).await?),
        Ended::Webhooks => prune_webhooks(&mut tx, before, now).await?,
        Ended::WebhookAttempts => {
            rows(webhooks::delete_old_attempts(&mut tx, before, BATCH).await?)
        }
        Ended::Events => prune_events(&mut tx, before).await?,
        Ended::Quarantines => prune_quarantines(&mut tx, before).await?,
        Ended::BulkRevocations => {
            rows(bulk_revocations::delete_finished(&mut tx, before, BATCH).await?)
        }
        Ended::IdempotencyKeys => rows(idempotency_keys::forget(&mut tx, before, BATCH).await?),
        Ended::Addresses => prune_addresses(&mut tx, before).await?,
        Ended::AuditLog => {
            let pruned = audit::prune(ctx, &mut tx, (before, now), BATCH).await?;
            // Rows of the future at a batch's end wait for the next one.
            Batch {
                full: pruned > 0,
                ..rows(pruned)
            }
        }
        Ended::Figures => rows(figures::delete_old(&mut tx, before, BATCH).await?),
        Ended::Tokens(kind) => prune_tokens(&mut tx, kind, before, now).await?,
    };
    tx.commit().await?;
    Ok(batch)
}

fn rows(rows: u64) -> Batch {
    Batch {
        pruned: Pruned { rows, grants: 0 },
        full: is_full(rows),
    }
}

fn is_full(rows: u64) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows >= BATCH)
}

/// Whoever writes of limits reads first, so nothing may go in between.
async fn prune_limits(tx: &mut Tx, before: Timestamp) -> Result<Batch, StorageError> {
    turns::take(tx, limit_uses::TURN).await?;
    Ok(rows(limit_uses::delete_over(tx, before, BATCH).await?))
}

/// A delivery may name any number of exposures, so these are let go first, no more than a batch.
async fn prune_deliveries(tx: &mut Tx, before: Timestamp) -> Result<Batch, StorageError> {
    if is_full(deliveries::detach_old(tx, before, BATCH).await?) {
        return Ok(Batch {
            pruned: Pruned::default(),
            full: true,
        });
    }
    Ok(rows(deliveries::delete_old(tx, before, BATCH).await?))
}

/// A quarantine may hold any number of tokens, so these are let go first, no more than a batch.
async fn prune_quarantines(tx: &mut Tx, before: Timestamp) -> Result<Batch, StorageError> {
    if is_full(quarantines::delete_settled_members(tx, before, BATCH).await?) {
        return Ok(Batch {
            pruned: Pruned::default(),
            full: true,
        });
    }
    Ok(rows(quarantines::delete_settled(tx, before, BATCH).await?))
}

async fn prune_addresses(tx: &mut Tx, before: Timestamp) -> Result<Batch, StorageError> {
    let tried = leaked_uses::forget_addresses(tx, before, BATCH).await?;
    if is_full(tried) {
        return Ok(rows(tried));
    }
    let registered = clients::forget_addresses(tx, before, BATCH).await?;
    if is_full(registered) {
        return Ok(rows(tried + registered));
    }
    let told = webhooks::forget_addresses(tx, before, BATCH).await?;
    Ok(Batch {
        full: is_full(told),
        ..rows(tried + registered + told)
    })
}

/// An endpoint's row goes after the last of its messages, which were all made before it was deleted.
async fn prune_webhooks(
    tx: &mut Tx,
    before: Timestamp,
    now: Timestamp,
) -> Result<Batch, StorageError> {
    let batch = rows(webhooks::delete_old(tx, before, BATCH).await?);
    if batch.full {
        return Ok(batch);
    }
    let former = webhooks::delete_former(tx, now, BATCH).await?;
    let gone = webhooks::delete_gone(tx, before, BATCH).await?;
    Ok(Batch {
        full: is_full(former) || is_full(gone),
        ..batch
    })
}

/// A stream's row goes some time after it was deleted, when nothing waits in it any more.
async fn prune_events(tx: &mut Tx, before: Timestamp) -> Result<Batch, StorageError> {
    let batch = rows(streams::delete_settled(tx, before, BATCH).await?);
    match batch.full {
        true => Ok(batch),
        false => Ok(Batch {
            full: streams::delete_gone(tx, before, BATCH).await?,
            ..batch
        }),
    }
}

/// Moves what expired and is not needed out of the way, and the grants of which nothing is left.
async fn prune_tokens(
    tx: &mut Tx,
    kind: TokenKind,
    before: Timestamp,
    now: Timestamp,
) -> Result<Batch, StorageError> {
    let expired = tokens::list_expired(tx, kind, before, BATCH).await?;
    let mut pruned = Pruned::default();
    if kind == TokenKind::UserSessionToken && !expired.is_empty() {
        sessions::forget_details(tx, &expired).await?;
        // Grants that nothing but the session needed, so that a client would hear of its end.
        let granted = grants::list_by_sessions(tx, &expired).await?;
        pruned.grants += grants::delete_over(tx, &granted, now).await?;
    }
    let spent = tokens::spend(tx, &expired, now).await?;
    let ids: Vec<_> = spent.iter().map(|token| token.id).collect();
    if !spent.is_empty() {
        sessions::delete(tx, &ids).await?;
        pruned.rows = tokens::delete(tx, &ids).await?;
        let mut granted: Vec<_> = spent.iter().filter_map(|token| token.grant).collect();
        granted.sort_unstable();
        granted.dedup();
        pruned.grants += grants::delete_over(tx, &granted, now).await?;
    }
    let needed: Vec<_> = expired
        .iter()
        .filter(|id| !ids.contains(id))
        .copied()
        .collect();
    if !needed.is_empty() {
        tokens::postpone(tx, &needed, before.plus(LOOK_AGAIN), NEVER).await?;
    }
    let looked_at = u64::try_from(expired.len()).unwrap_or(u64::MAX);
    Ok(Batch {
        pruned,
        full: is_full(looked_at),
    })
}

/// Keeps tokens from being pruned while something is written down about them, and brings back those that
/// were pruned just now. For whoever lost against a round of pruning: it would lose against the next batch
/// again.
///
/// # Errors
/// When the database fails.
pub(in crate::domain) async fn spare(
    ctx: &Context,
    issued: &[IssuedToken],
) -> Result<(), StorageError> {
    let now = ctx.clock.now();
    let digests: Vec<_> = issued.iter().map(|issued| issued.found.digest).collect();
    let tokens = issued.iter().map(|issued| &issued.found.known.token);
    // Nothing else is pruned; and what works must not count as expired.
    let over = tokens.filter(|token| token.expires_at.is_some_and(|end| end < now));
    let over: Vec<_> = over.map(|token| token.id).collect();
    until_settled(async || {
        let mut tx = ctx.db.begin().await?;
        // A batch that is open would take what was read before it ended.
        turns::take(&mut tx, TURN).await?;
        incident::bring_back(&mut tx, &digests).await?;
        // Not for ever, those included that are kept for ever: pruning forgets details of them yet.
        tokens::postpone(&mut tx, &over, now, now).await?;
        tx.commit().await
    })
    .await
}
