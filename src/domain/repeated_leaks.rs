//! Owners who leak again soon after they leaked: they are told more loudly, and so are those who can
//! see to it that it ends.

use std::collections::{HashMap, HashSet};

use super::Context;
use crate::model::{Exposure, Id, KnownToken, Owner, RevocationReason, Timestamp, Token};
use crate::storage::{StorageError, Tx, exposures, owner_leaks};

/// A token, and the new place where it was seen.
pub(super) type Seen<'a> = (&'a KnownToken, Id<Exposure>);

/// Tokens that are a repeated leak of their owner, each with the time of the leak before it.
pub(super) type Repeated = HashMap<Id<Token>, Timestamp>;

/// Writes down whose tokens leaked just now, and tells which of those leaks are repeated ones. `seen`
/// are all new places of these tokens, written down already.
///
/// A token leaks once, however many places it is seen at, and what died with it belongs to the same
/// leak. Tokens that leak together in one delivery are one leak as well. Owners' rows are held until
/// the transaction ends: of two leaks at once, one is written down first and the other one repeats it.
pub(super) async fn note(
    ctx: &Context,
    tx: &mut Tx,
    seen: &[Seen<'_>],
    now: Timestamp,
) -> Result<Repeated, StorageError> {
    let Some(within) = ctx.policy.repeated_leak_within else {
        return Ok(Repeated::new());
    };
    let leaks = seen.iter().filter(|(known, _)| !is_relative(known));
    let leaks = leaks.filter_map(|(known, _)| Some((known.token.id, Owner::of(known)?)));
    let mut leaks: HashMap<Id<Token>, Owner> = leaks.collect();
    if leaks.is_empty() {
        return Ok(Repeated::new());
    }
    let last = owner_leaks::hold(tx, &owners(&leaks)).await?;
    // Asked once the rows are held: whoever wrote down a leak of the same owners is done.
    let tokens: Vec<_> = leaks.keys().copied().collect();
    let fresh: Vec<_> = seen.iter().map(|(_, exposure)| *exposure).collect();
    let known_before = exposures::list_seen_before(tx, &tokens, &fresh).await?;
    let known_before: HashSet<_> = known_before.into_iter().collect();
    leaks.retain(|token, _| !known_before.contains(token));
    if leaks.is_empty() {
        return Ok(Repeated::new());
    }
    owner_leaks::update(tx, &owners(&leaks), now).await?;
    let last: HashMap<Owner, Option<Timestamp>> = last.into_iter().collect();
    let repeated = leaks.into_iter().filter_map(|(token, owner)| {
        let before = last.get(&owner).copied().flatten()?;
        (now.since(before) < within).then_some((token, before))
    });
    Ok(repeated.collect())
}

/// Whether a token was dead because another one had leaked before it.
fn is_relative(known: &KnownToken) -> bool {
    let reason = known.token.revocation.map(|revocation| revocation.reason);
    matches!(
        reason,
        Some(RevocationReason::RelativeExposed | RevocationReason::RelativeQuarantined)
    )
}

/// Each once, in the order in which everybody holds them.
fn owners(leaks: &HashMap<Id<Token>, Owner>) -> Vec<Owner> {
    let mut owners: Vec<_> = leaks.values().copied().collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}
