//! How often one network address may do what anybody can try: counted in this process, in bounded
//! memory.
//!
//! Each address has one number, the time at which its allowance would be whole again (the generic
//! cell rate algorithm of ATM). Whoever waits gets it back bit by bit, so there is no moment at
//! which everybody may begin anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::limits::limited_by;
use crate::model::Timestamp;

/// So many addresses are told apart. Whoever has more of them is not held up by counting.
const MOST_ADDRESSES: usize = 16_384;

/// One allowance for each network address.
#[derive(Debug)]
pub struct Throttle {
    /// The time that one request uses up.
    each: Duration,
    /// The time within which the whole allowance comes back.
    within: Duration,
    whole_again: Mutex<HashMap<String, Timestamp>>,
}

impl Throttle {
    /// Allows `most` requests at once, which come back within this time.
    #[must_use]
    pub fn new(most: u32, within: Duration) -> Self {
        Self {
            each: within / most.max(1),
            within,
            whole_again: Mutex::default(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When the address has used up what it may do: how long it must wait.
    pub fn count(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        let address = address.map(limited_by).unwrap_or_default();
        // Nothing panics while it is held.
        let mut known = self
            .whole_again
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A clock that was turned back makes nobody wait for longer than for a whole allowance.
        if let Some(whole) = known.get_mut(&address) {
            *whole = (*whole).min(now.plus(self.within));
        }
        let whole = known.get(&address).copied().unwrap_or(now).max(now);
        let next = whole.plus(self.each);
        let surplus = next.since(now).saturating_sub(self.within);
        if !surplus.is_zero() {
            return Err(surplus);
        }
        if known.len() >= MOST_ADDRESSES && !known.contains_key(&address) {
            make_room(&mut known, now);
        }
        known.insert(address, next);
        Ok(())
    }
}

/// Forgets who may do everything again and, when that is nobody, anybody.
fn make_room(known: &mut HashMap<String, Timestamp>, now: Timestamp) {
    known.retain(|_, whole| *whole > now);
    if known.len() >= MOST_ADDRESSES
        && let Some(any) = known.keys().next().cloned()
    {
        known.remove(&any);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_allowance_is_used_at_once_and_comes_back_bit_by_bit() {
        let throttle = Throttle::new(6, MINUTE);
        let (one, other) = (address("203.0.113.7"), address("203.0.113.8"));
        for _ in 0..6 {
            assert_eq!(throttle.count(one, T0), Ok(()));
        }
        assert_eq!(throttle.count(one, T0), Err(Duration::from_secs(10)));
        // Being refused costs nothing.
        assert_eq!(throttle.count(one, T0), Err(Duration::from_secs(10)));
        assert_eq!(throttle.count(other, T0), Ok(()));
        let later = T0.plus(Duration::from_secs(10));
        assert_eq!(throttle.count(one, later), Ok(()));
        assert_eq!(throttle.count(one, later), Err(Duration::from_secs(10)));
        let rested = later.plus(MINUTE);
        for _ in 0..6 {
            assert_eq!(throttle.count(one, rested), Ok(()));
        }
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let throttle = Throttle::new(1, MINUTE);
        let one = address("203.0.113.7");
        assert_eq!(throttle.count(one, T0.plus(MINUTE * 600)), Ok(()));
        assert_eq!(throttle.count(one, T0), Err(MINUTE));
        assert_eq!(throttle.count(one, T0.plus(MINUTE * 2)), Ok(()));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let throttle = Throttle::new(1, MINUTE);
        assert_eq!(throttle.count(address("2001:db8:1:2::1"), T0), Ok(()));
        assert!(throttle.count(address("2001:db8:1:2:ffff::1"), T0).is_err());
        assert_eq!(throttle.count(address("2001:db8:1:3::1"), T0), Ok(()));
    }

    #[test]
    fn strangers_without_number_take_no_more_memory_than_some() {
        let throttle = Throttle::new(1, MINUTE);
        for number in 0..40_000_u32 {
            let stranger = IpAddr::V4((0x0a00_0000 + number).into());
            assert_eq!(throttle.count(Some(stranger), T0), Ok(()));
        }
        let known = throttle.whole_again.lock().unwrap().len();
        assert_eq!(known, MOST_ADDRESSES);
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_twice_the_allowance_in_its_time(
            most in 1..50_u32,
            pauses in prop::collection::vec(0..5_000_u64, 1..300),
        ) {
            let throttle = Throttle::new(most, MINUTE);
            let one = address("203.0.113.7");
            let mut now = T0;
            let mut admitted = Vec::new();
            for pause in pauses {
                now = now.plus(Duration::from_millis(pause));
                if throttle.count(one, now).is_ok() {
                    admitted.push(now);
                }
            }
            for at in &admitted {
                let within = admitted.iter().filter(|other| **other >= *at && other.since(*at) < MINUTE);
                prop_assert!(within.count() <= 2 * most as usize);
            }
        }
    }
}
