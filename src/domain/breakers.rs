//! The circuit breaker of each origin: when it has more tokens revoked than is plausible, what it
//! reports goes into quarantine until an operator has looked, so that a stolen key or a bug of an origin
//! does not kill everything.

use super::cases::Case;
use super::incident::PRIORITY;
use super::{Context, DomainError};
use crate::model::leak_policy::BREAKER_RULE;
use crate::model::letter::BreakerOpened;
use crate::model::{Decision, Id, LeakPolicy, Letter, Origin, Reaction, Timestamp};
use crate::storage::breakers as table;
pub use crate::storage::breakers::Breaker;
use crate::storage::journal::Event;
use crate::storage::outbox::{self, NewLetter};
use crate::storage::{StorageError, Tx};

/// What an origin reported.
pub(super) struct Reports<'a> {
    pub(super) origin: &'a Origin,
    pub(super) cases: &'a [Case<'a>],
}

/// A breaker opened just now.
pub(super) struct Opened {
    /// How many letters to operators wait.
    pub(super) letters: usize,
}

/// Counts what is about to be revoked, and turns what is too much into quarantine. The origin's row
/// is held until the transaction ends, so that of deliveries at once each counts what the others did.
/// What has nothing left to end counts nothing, and deliveries of such tokens alone hold nothing. What an
/// open breaker has put into quarantine counts, so that it stays there when it is reported again.
pub(super) async fn restrain(
    ctx: &Context,
    tx: &mut Tx,
    policy: &LeakPolicy,
    reports: &Reports<'_>,
    decisions: &mut [Decision],
    now: Timestamp,
) -> Result<Option<Opened>, StorageError> {
    let Some(most) = policy.breaker.limit(ctx.live_tokens.estimate()) else {
        return Ok(None);
    };
    let both = reports.cases.iter().zip(decisions.iter_mut());
    let wanted: Vec<_> = both
        .filter(|(case, decision)| {
            decision.reaction == Reaction::Revoke && !case.is_doomed && case.can_end_something()
        })
        .map(|(_, decision)| decision)
        .collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut breaker = table::hold(tx, reports.origin, now).await?;
    let was_open = breaker.is_open(policy, now);
    let left = breaker.admit(policy, most, wanted.len(), now);
    let over = wanted.len() > left;
    for decision in wanted.into_iter().skip(left) {
        *decision = suspected();
    }
    table::update(tx, &breaker).await?;
    if was_open || !over {
        return Ok(None);
    }
    tx.note(
        now,
        Event::BreakerOpened {
            origin: reports.origin.clone(),
        },
    );
    let letters = tell(ctx, tx, policy, &breaker, now).await?;
    Ok(Some(Opened { letters }))
}

fn suspected() -> Decision {
    Decision {
        reaction: Reaction::Quarantine,
        rule: BREAKER_RULE.to_owned(),
    }
}

impl Breaker {
    /// Whether everything of the origin goes into quarantine. A breaker closes by itself when the
    /// origin has been quiet for long enough.
    #[must_use]
    pub fn is_open(&self, policy: &LeakPolicy, now: Timestamp) -> bool {
        self.opened_at.is_some() && now.since(self.last_at) < policy.breaker.quiet
    }

    /// Counts `wanted` tokens and tells how many of them may be revoked; opens when those are not
    /// all.
    fn admit(&mut self, policy: &LeakPolicy, most: u32, wanted: usize, now: Timestamp) -> usize {
        let open = self.is_open(policy, now);
        self.last_at = now;
        if open {
            return 0;
        }
        if self.opened_at.take().is_some()
            || now.since(self.window_began_at) >= policy.breaker.window
        {
            self.window_began_at = now;
            self.revoked = 0;
        }
        let left = i64::from(most).saturating_sub(self.revoked).max(0);
        let left = usize::try_from(left).unwrap_or(usize::MAX).min(wanted);
        self.revoked = self
            .revoked
            .saturating_add(i64::try_from(left).unwrap_or(i64::MAX));
        if left < wanted {
            self.opened_at = Some(now);
        }
        left
    }
}

/// One letter to the security contact for each time that a breaker opens.
async fn tell(
    ctx: &Context,
    tx: &mut Tx,
    policy: &LeakPolicy,
    breaker: &Breaker,
    now: Timestamp,
) -> Result<usize, StorageError> {
    let letter = Letter::BreakerOpened(BreakerOpened {
        origin: breaker.origin.to_string(),
        reported_by: breaker.origin.title().to_owned(),
        revoked: breaker.revoked,
        since: breaker.window_began_at,
        opened_at: now,
        ends_at: now.plus(policy.quarantine),
        ending: policy.quarantine_end.name().to_owned(),
    });
    let new = NewLetter {
        id: Id::new(now),
        exposure: None,
        recipient: ctx.security_contact.clone(),
        letter,
    };
    outbox::insert(tx, &[new], PRIORITY, now).await?;
    Ok(1)
}

/// Says loudly that a breaker opened. Called when that is committed.
pub(super) fn announce(origin: &Origin) {
    tracing::error!(
        origin = %origin,
        "an origin has more tokens revoked than is plausible: what it reports goes into quarantine \
         until `tokenward origin reset` or until it has been quiet; see `tokenward quarantine list`"
    );
}

/// What is known of every origin that ever had a working token revoked.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context) -> Result<Vec<Breaker>, StorageError> {
    table::list(&ctx.db).await
}

/// Trusts an origin again: its breaker closes and a new window begins. What is in quarantine stays
/// there. `false` when the breaker was not open.
///
/// # Errors
/// [`DomainError::Storage`] when the database fails.
pub async fn close(ctx: &Context, origin: &Origin) -> Result<bool, DomainError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let mut breaker = table::hold(&mut tx, origin, now).await?;
    if breaker.opened_at.take().is_none() {
        return Ok(false);
    }
    breaker.window_began_at = now;
    breaker.revoked = 0;
    table::update(&mut tx, &breaker).await?;
    tx.note(
        now,
        Event::BreakerClosed {
            origin: origin.clone(),
        },
    );
    tx.commit().await?;
    Ok(true)
}
