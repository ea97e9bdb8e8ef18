//! What was used of one limit, as this process knows it: in bounded memory, and in part from others.
//!
//! Each subject has one number, the time at which its allowance would be whole again (the generic
//! cell rate algorithm of ATM). Whoever waits gets it back bit by bit, so there is no moment at
//! which everybody may begin anew. Two such numbers are added up by adding what was used.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Allowance, Timestamp};

/// So many subjects are told apart. Whoever has more addresses is not held up by counting.
pub(super) const MOST_SUBJECTS: usize = 16_384;

/// The meter of one limit.
#[derive(Debug)]
pub(super) struct Meter {
    allowance: Allowance,
    known: Mutex<HashMap<String, Balance>>,
}

/// What one subject used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Balance {
    /// When its allowance is whole again.
    whole_again: Timestamp,
    /// The part of it that nobody else knows of.
    unshared: Duration,
}

/// What somebody used that nobody else knows of yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) subject: String,
    /// Until when the rest goes, without what is new.
    pub(super) before: Timestamp,
    /// What is new.
    pub(super) used: Duration,
}

impl Use {
    /// When the allowance is whole again, given what others know. A clock that was turned back
    /// makes nobody wait for longer than for a whole allowance.
    pub(super) fn onto(&self, shared: Option<Timestamp>, latest: Timestamp) -> Timestamp {
        let shared = shared.map_or(self.before, |shared| shared.min(latest));
        shared.max(self.before).plus(self.used)
    }
}

impl Meter {
    pub(super) fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            known: Mutex::default(),
        }
    }

    pub(super) const fn allowance(&self) -> Allowance {
        self.allowance
    }

    /// Counts one use, unless it is one too many; then with how long to wait. Tells when the
    /// allowance is whole again. Being refused costs nothing.
    pub(super) fn count(
        &self,
        subject: &str,
        now: Timestamp,
    ) -> Result<Timestamp, (Timestamp, Duration)> {
        let (each, within) = (self.allowance.each(), self.allowance.within);
        let mut known = self.lock();
        let balance = known.get(subject).copied();
        let whole = balance.map_or(now, |balance| balance.whole_again);
        // A clock that was turned back makes nobody wait for longer than for a whole allowance.
        let whole = whole.min(now.plus(within)).max(now);
        let next = whole.plus(each);
        let surplus = next.since(now).saturating_sub(within);
        if !surplus.is_zero() {
            if let Some(balance) = known.get_mut(subject) {
                balance.whole_again = whole;
            }
            return Err((whole, surplus));
        }
        if known.len() >= MOST_SUBJECTS && balance.is_none() {
            make_room(&mut known, now);
        }
        let unshared = balance.map_or(Duration::ZERO, |balance| balance.unshared);
        let balance = Balance {
            whole_again: next,
            unshared: unshared + each,
        };
        known.insert(subject.to_owned(), balance);
        Ok(next)
    }

    /// What nobody else knows of yet. It counts as told from here on.
    pub(super) fn unshared(&self) -> Vec<Use> {
        let known = self.lock();
        let new = known
            .iter()
            .filter(|(_, balance)| !balance.unshared.is_zero());
        new.map(|(subject, balance)| Use {
            subject: subject.clone(),
            before: balance.whole_again.minus(balance.unshared),
            used: balance.unshared,
        })
        .collect()
    }

    /// A use is known to all, and this is when the allowance is whole again with what they used.
    pub(super) fn shared(&self, told: &Use, whole_again: Timestamp) {
        let mut known = self.lock();
        if let Some(balance) = known.get_mut(&told.subject) {
            // What was counted meanwhile comes on top.
            balance.unshared = balance.unshared.saturating_sub(told.used);
            balance.whole_again = whole_again.plus(balance.unshared);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Balance>> {
        // Nothing panics while it is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets who may do everything again and, when those are few, anybody: an eighth at once, so that
/// strangers without number do not have everything looked through for each of them.
fn make_room(known: &mut HashMap<String, Balance>, now: Timestamp) {
    const KEPT: usize = MOST_SUBJECTS / 8 * 7;
    known.retain(|_, balance| balance.whole_again > now);
    let surplus = known.len().saturating_sub(KEPT);
    let any: Vec<_> = known.keys().take(surplus).cloned().collect();
    for subject in any {
        known.remove(&subject);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn meter(most: u32) -> Meter {
        Meter::new(Allowance {
            most,
            within: MINUTE,
        })
    }

    fn wait(meter: &Meter, who: &str, now: Timestamp) -> Option<Duration> {
        meter.count(who, now).err().map(|(_, wait)| wait)
    }

    #[test]
    fn an_allowance_is_used_at_once_and_comes_back_bit_by_bit() {
        let meter = meter(6);
        for _ in 0..6 {
            assert_eq!(wait(&meter, "one", T0), None);
        }
        let ten = Some(Duration::from_secs(10));
        assert_eq!(wait(&meter, "one", T0), ten);
        // Being refused costs nothing.
        assert_eq!(wait(&meter, "one", T0), ten);
        assert_eq!(wait(&meter, "other", T0), None);
        let later = T0.plus(Duration::from_secs(10));
        assert_eq!(wait(&meter, "one", later), None);
        assert_eq!(wait(&meter, "one", later), ten);
        let rested = later.plus(MINUTE);
        for _ in 0..6 {
            assert_eq!(wait(&meter, "one", rested), None);
        }
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let meter = meter(1);
        assert_eq!(wait(&meter, "one", T0.plus(MINUTE * 600)), None);
        assert_eq!(wait(&meter, "one", T0), Some(MINUTE));
        assert_eq!(wait(&meter, "one", T0.plus(MINUTE * 2)), None);
        // Nor one that went back at another replica.
        let told = &meter.unshared()[0];
        let ahead = Some(T0.plus(MINUTE * 600));
        let latest = T0.plus(MINUTE * 3);
        assert!(told.onto(ahead, latest) <= latest.plus(told.used));
    }

    #[test]
    fn strangers_without_number_take_no_more_memory_than_some() {
        let meter = meter(1);
        for number in 0..40_000_u32 {
            assert_eq!(wait(&meter, &number.to_string(), T0), None);
        }
        let known = meter.lock().len();
        assert!(
            (MOST_SUBJECTS / 2..=MOST_SUBJECTS).contains(&known),
            "{known}"
        );
    }

    #[test]
    fn what_is_counted_while_it_is_told_is_told_the_next_time() {
        let meter = meter(6);
        assert_eq!(wait(&meter, "one", T0), None);
        let told = meter.unshared();
        assert_eq!(wait(&meter, "one", T0), None);
        // Another replica used three.
        let theirs = T0.plus(Duration::from_secs(30));
        let together = told[0].onto(Some(theirs), T0.plus(MINUTE));
        assert_eq!(together, T0.plus(Duration::from_secs(40)));
        meter.shared(&told[0], together);
        assert_eq!(meter.unshared()[0].used, Duration::from_secs(10));
        assert_eq!(meter.unshared()[0].before, together);
        assert_eq!(wait(&meter, "one", T0), None);
        assert_eq!(wait(&meter, "one", T0), Some(Duration::from_secs(10)));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_twice_the_allowance_in_its_time(
            most in 1..50_u32,
            pauses in prop::collection::vec(0..5_000_u64, 1..300),
        ) {
            let meter = meter(most);
            let mut now = T0;
            let mut admitted = Vec::new();
            for pause in pauses {
                now = now.plus(Duration::from_millis(pause));
                if meter.count("one", now).is_ok() {
                    admitted.push(now);
                }
            }
            for at in &admitted {
                let within = admitted.iter().filter(|other| **other >= *at && other.since(*at) < MINUTE);
                prop_assert!(within.count() <= 2 * most as usize);
            }
        }

        #[test]
        fn telling_oneself_changes_nothing(pauses in prop::collection::vec(0..5_000_u64, 1..60)) {
            let (alone, telling) = (meter(6), meter(6));
            let mut shared = None;
            let mut now = T0;
            for pause in pauses {
                now = now.plus(Duration::from_millis(pause));
                prop_assert_eq!(alone.count("one", now), telling.count("one", now));
                for told in telling.unshared() {
                    let whole = told.onto(shared, now.plus(MINUTE));
                    telling.shared(&told, whole);
                    shared = Some(whole);
                }
            }
        }
    }
}
