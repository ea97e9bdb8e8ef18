//! Attempts to use a token after it leaked: gathered in memory, so that no lookup writes, and written
//! down by a job, which tells the owner of the first one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::exposures::announce;
use super::incident::{self, PRIORITY};
use super::{Context, letters};
use crate::model::letter::TokenAttempted;
use crate::model::{Id, KnownToken, LeakedUse, Letter, Timestamp, Token, WayIn};
use crate::storage::leaked_uses as table;
pub use crate::storage::leaked_uses::StoredUse;
use crate::storage::outbox::{self, NewLetter};
use crate::storage::{StorageError, Tx, tokens};

/// Most attempts by different ways or from different addresses that are kept in memory. Beyond it,
/// addresses are forgotten and attempts still counted.
const MOST_PENDING: usize = 10_000;
/// Most addresses and ways that are kept for one token. Whoever has many addresses does not fill
/// the database with them.
const MOST_PER_TOKEN: i64 = 200;
/// Most that are kept of one token and told of in one answer: beside those with an address, one without
/// for each way in.
const SHOWN: i64 = MOST_PER_TOKEN + WayIn::ALL.len() as i64;

/// Attempts that are counted together.
type Sort = (Id<Token>, WayIn, Option<IpAddr>);

/// What was seen since the last flush.
#[derive(Debug, Default)]
pub struct PendingLeakedUses {
    seen: Mutex<HashMap<Sort, LeakedUse>>,
    hurry: Notify,
}

impl PendingLeakedUses {
    /// Notes that somebody presented `known`, if it is one that died because it leaked.
    pub fn note(&self, known: &KnownToken, via: WayIn, from: Option<IpAddr>, now: Timestamp) {
        if known.died_of_exposure() {
            self.add(LeakedUse {
                token: known.token.id,
                via,
                from,
                first_at: now,
                last_at: now,
                times: 1,
            });
        }
    }

    /// Adds attempts.
    pub fn add(&self, new: LeakedUse) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.contains_key(&sort(&new));
        let crowded = seen.len() >= MOST_PENDING;
        let from = new.from.filter(|_| known || !crowded);
        let new = LeakedUse { from, ..new };
        match seen.entry(sort(&new)) {
            Entry::Occupied(mut pending) => pending.get_mut().absorb(&new),
            Entry::Vacant(place) => {
                place.insert(new);
                self.hurry.notify_one();
            }
        }
    }

    /// Waits until there is something new to write down.
    pub async fn hurried(&self) {
        self.hurry.notified().await;
    }

    fn take(&self) -> Vec<LeakedUse> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = std::mem::take(&mut *seen).into_values().collect();
        // The same order everywhere, so that two replicas do not wait for each other.
        all.sort_unstable_by_key(sort);
        all
    }
}

const fn sort(one: &LeakedUse) -> Sort {
    (one.token, one.via, one.from)
}

/// Writes down what was seen since the last time, and letters about tokens that were tried for the
/// first time. Tells how many attempts that were. What could not be written is kept.
///
/// # Errors
/// When the database fails.
pub async fn flush(ctx: &Context) -> Result<Vec<LeakedUse>, StorageError> {
    let all = ctx.leaked_uses.take();
    if all.is_empty() {
        return Ok(all);
    }
    match write(ctx, &all).await {
        Ok(letters) => {
            announce(&ctx.letters_waiting, letters);
            Ok(all)
        }
        Err(error) => {
            all.into_iter().for_each(|one| ctx.leaked_uses.add(one));
            Err(error)
        }
    }
}

async fn write(ctx: &Context, all: &[LeakedUse]) -> Result<usize, StorageError> {
    let mut ids: Vec<_> = all.iter().map(|one| one.token).collect();
    ids.dedup();
    let known = tokens::find_by_ids(&ctx.db, &ids).await?;
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    // First: of two replicas that write of the same token, the second waits here.
    let first = table::raise_alarms(&mut tx, all, now).await?;
    let bounded = without_too_many_addresses(&mut tx, all, &ids).await?;
    table::add(&mut tx, &bounded).await?;
    let tried = known.iter().map(|found| &found.known);
    let tried: Vec<_> = tried
        .filter(|known| first.contains(&known.token.id))
        .collect();
    let letters = write_letters(ctx, &mut tx, &tried, all, now).await?;
    tx.commit().await?;
    Ok(letters)
}

/// What is to be added, with addresses only for tokens that have not too many already.
async fn without_too_many_addresses(
    tx: &mut Tx,
    all: &[LeakedUse],
    ids: &[Id<Token>],
) -> Result<Vec<LeakedUse>, StorageError> {
    let mut rows: HashMap<_, _> = table::count_rows(tx, ids).await?.into_iter().collect();
    let mut merged: HashMap<Sort, LeakedUse> = HashMap::new();
    for one in all {
        let count = rows.entry(one.token).or_default();
        let from = one.from.filter(|_| *count < MOST_PER_TOKEN);
        *count += i64::from(from.is_some());
        let one = LeakedUse { from, ..*one };
        let together = merged.entry(sort(&one));
        together.and_modify(|all| all.absorb(&one)).or_insert(one);
    }
    let mut bounded: Vec<_> = merged.into_values().collect();
    bounded.sort_unstable_by_key(sort);
    Ok(bounded)
}

async fn write_letters(
    ctx: &Context,
    tx: &mut Tx,
    tried: &[&KnownToken],
    all: &[LeakedUse],
    now: Timestamp,
) -> Result<usize, StorageError> {
    let managers = incident::managers(tx, tried).await?;
    let mut letters = Vec::new();
    for known in tried {
        let attempts = all.iter().filter(|one| one.token == known.token.id);
        let Some(first) = attempts.min_by_key(|one| one.first_at) else {
            continue;
        };
        for (recipient, addressee) in letters::addressees(ctx, known, &managers) {
            letters.push(NewLetter {
                id: Id::new(now),
                exposure: None,
                recipient,
                letter: Letter::TokenAttempted(Box::new(TokenAttempted {
                    token: letters::letter_token(ctx, known),
                    addressee,
                    dead_since: known.token.revocation.map_or(now, |end| end.at),
                    tried_at: first.first_at,
                    tried_from: first.from.map(|from| from.to_string()),
                    via: first.via.name().to_owned(),
                })),
            });
        }
    }
    if !letters.is_empty() {
        outbox::insert(tx, &letters, PRIORITY, now).await?;
    }
    Ok(letters.len())
}

/// All attempts with a token that are written down, by way in and address, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context, token: Id<Token>) -> Result<Vec<StoredUse>, StorageError> {
    table::list_by_token(&ctx.db, token, SHOWN).await
}

/// How often these were altogether.
#[must_use]
pub fn total(attempts: &[StoredUse]) -> i64 {
    let times = attempts.iter().map(|one| one.times);
    times.fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u8, millis: i64) -> LeakedUse {
        LeakedUse {
            token: Id::from_uuid(uuid::Uuid::nil()),
            via: WayIn::Introspection,
            from: Some(IpAddr::from([192, 0, 2, number])),
            first_at: Timestamp::from_millis(millis),
            last_at: Timestamp::from_millis(millis),
            times: 1,
        }
    }

    #[test]
    fn attempts_from_one_address_are_counted_together() {
        let pending = PendingLeakedUses::default();
        for (number, millis) in [(1, 9), (1, 5), (2, 7)] {
            pending.add(at(number, millis));
        }
        let all = pending.take();
        let told = |one: &LeakedUse| (one.times, one.first_at.as_millis(), one.last_at.as_millis());
        assert_eq!(
            all.iter().map(told).collect::<Vec<_>>(),
            [(2, 5, 9), (1, 7, 7)]
        );
        assert!(pending.take().is_empty());
    }

    #[test]
    fn whoever_has_many_addresses_fills_nothing() {
        let pending = PendingLeakedUses::default();
        for number in 0..20_000_u32 {
            pending.add(LeakedUse {
                from: Some(IpAddr::from(number.to_be_bytes())),
                ..at(0, 1)
            });
        }
        let all = pending.take();
        assert_eq!(all.len(), MOST_PENDING + 1);
        assert_eq!(all.iter().map(|one| one.times).sum::<u64>(), 20_000);
    }
}
