//! What is done about reported tokens, as policy says: each is revoked, put into quarantine, or left as
//! it is. What a report is answered does not depend on it.

use super::cases::{Case, Revoked};
use super::incident::{self, Reasons};
use super::{Context, breakers};
use crate::model::{Decision, Id, LeakPolicy, Origin, Reaction, RevocationReason, Timestamp};
use crate::storage::quarantines::{self, Quarantine, Settlement};
use crate::storage::tokens::{self, EndingToken};
use crate::storage::{StorageError, Tx, turns};

/// What was done.
pub(super) struct Reacted {
    /// What was decided about each token, in their order.
    pub(super) decisions: Vec<Decision>,
    /// What died, for good or for now.
    pub(super) revoked: Revoked,
    /// How many letters to operators wait.
    pub(super) letters: usize,
    /// Whether the breaker of the origin opened just now.
    pub(super) breaker_opened: bool,
}

/// Does what policy says about tokens that `origin` reported.
///
/// The breaker's row is held first, then the turn of quarantines, then tokens, then grants, then
/// tokens that live on; whoever brings tokens back does it in the same order.
pub(super) async fn react(
    ctx: &Context,
    tx: &mut Tx,
    origin: &Origin,
    cases: &[Case<'_>],
    now: Timestamp,
) -> Result<Reacted, StorageError> {
    let policy = ctx.leak_policy.current();
    let decide = |case: &Case<'_>| match case.is_doomed {
        true => Decision::always(),
        false => policy.decide(origin, case.found.known.token.kind),
    };
    let mut decisions: Vec<_> = cases.iter().map(decide).collect();
    let reports = breakers::Reports { origin, cases };
    let opened = breakers::restrain(ctx, tx, &policy, &reports, &mut decisions, now).await?;
    let of = |reaction| {
        let both = cases.iter().zip(&decisions);
        let fitting = both.filter(|(_, decision)| decision.reaction == reaction);
        fitting.collect::<Vec<(&Case<'_>, &Decision)>>()
    };
    let (doomed, suspects) = (of(Reaction::Revoke), of(Reaction::Quarantine));
    let finishes = doomed.iter().any(|(case, _)| case.is_held());
    if finishes || !suspects.is_empty() {
        turns::take(tx, quarantines::TURN).await?;
    }
    let mut revoked = Revoked::default();
    if !doomed.is_empty() {
        let doomed: Vec<_> = doomed.iter().map(|(case, _)| case.ending()).collect();
        revoked = incident::end_tokens(tx, &doomed, Reasons::EXPOSED, now).await?;
        if finishes {
            finish(tx, &doomed, now).await?;
        }
    }
    if !suspects.is_empty() {
        let put_in = put_in(tx, &policy, origin, &suspects, now).await?;
        revoked.absorb(put_in);
    }
    let both = cases.iter().zip(&decisions);
    let spared = both.filter(|(case, decision)| case.lives_on(decision, &revoked));
    let spared: Vec<_> = spared.map(|(case, _)| case.id()).collect();
    if !spared.is_empty() {
        tokens::hold_living(tx, &spared).await?;
    }
    // Whoever tries one from now on has it from there, and not because it is theirs.
    let relatives = cases.iter().filter(|case| case.died_as_relative());
    let relatives: Vec<_> = relatives.map(Case::id).collect();
    if !relatives.is_empty() {
        tokens::mark_seen(tx, &relatives).await?;
    }
    Ok(Reacted {
        decisions,
        revoked,
        letters: opened.as_ref().map_or(0, |opened| opened.letters),
        breaker_opened: opened.is_some(),
    })
}

/// Tokens that were in quarantine have died for good, and so has what died with them.
async fn finish(tx: &mut Tx, dead: &[EndingToken], now: Timestamp) -> Result<(), StorageError> {
    let tokens: Vec<_> = dead.iter().map(|token| token.id).collect();
    let settlement = Settlement {
        ending: crate::model::QuarantineEnd::Finish,
        by: "report",
        at: now,
    };
    for id in quarantines::list_open_of(tx, &tokens).await? {
        quarantines::settle(tx, id, settlement).await?;
    }
    Ok(())
}

async fn put_in(
    tx: &mut Tx,
    policy: &LeakPolicy,
    origin: &Origin,
    suspects: &[(&Case<'_>, &Decision)],
    now: Timestamp,
) -> Result<Revoked, StorageError> {
    let new: Vec<_> = suspects
        .iter()
        .map(|(case, decision)| Quarantine {
            id: Id::new(now),
            token: case.id(),
            origin: origin.clone(),
            decided_by: decision.rule.clone(),
            began_at: now,
            ends_at: now.plus(policy.quarantine),
            ending: policy.quarantine_end,
        })
        .collect();
    let reasons = Reasons {
        named: RevocationReason::Quarantined,
        relatives: RevocationReason::RelativeQuarantined,
    };
    let ending: Vec<_> = suspects.iter().map(|(case, _)| case.ending()).collect();
    let revoked = incident::end_tokens(tx, &ending, reasons, now).await?;
    let tokens: Vec<_> = ending.iter().map(|token| token.id).collect();
    quarantines::insert(tx, &new).await?;
    quarantines::gather(tx, &tokens).await?;
    quarantines::delete_empty(tx, &new).await?;
    Ok(revoked)
}
