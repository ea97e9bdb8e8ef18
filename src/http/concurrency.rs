//! How many do something at a time, all together and of one network address.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::domain::limits::Subject;

/// From so many entries on, those of whom nothing is under way are forgotten.
const MANY: usize = 1_024;

/// So many places, of which nobody has more than a share: a few strangers cannot hold all of them.
#[derive(Clone, Debug)]
pub(super) struct ConcurrencyLimit(Arc<Places>);

#[derive(Debug)]
struct Places {
    all: Arc<Semaphore>,
    waiting: AtomicUsize,
    of_one: u32,
    shares: Mutex<HashMap<String, Weak<Share>>>,
}

/// What one may have.
#[derive(Debug)]
struct Share {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Somebody waits, until this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(number: &'a AtomicUsize) -> Self {
        number.fetch_add(1, Ordering::Relaxed);
        Self(number)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Places that somebody has, until this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _of_share: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
    /// Nobody has another share while they have this one.
    _share: Arc<Share>,
}

impl ConcurrencyLimit {
    /// So many places, and so many of them for one.
    pub(super) fn new(places: u32, of_one: u32) -> Self {
        Self(Arc::new(Places {
            all: semaphore(places),
            waiting: AtomicUsize::default(),
            of_one,
            shares: Mutex::default(),
        }))
    }

    /// Waits for so many places, at most a whole share. Whoever waits for a share stands in nobody else's
    /// way.
    ///
    /// # Errors
    /// Never: there is no end to this.
    pub(super) async fn take(&self, who: Subject, places: u32) -> Result<Taken, AcquireError> {
        let places = places.min(self.0.of_one);
        let share = self.0.share_of(who);
        let of_share = {
            let _waiting = Waiting::among(&share.waiting);
            Arc::clone(&share.places).acquire_many_owned(places).await?
        };
        let _waiting = Waiting::among(&self.0.waiting);
        Ok(Taken {
            _of_share: of_share,
            _of_all: Arc::clone(&self.0.all).acquire_many_owned(places).await?,
            _share: share,
        })
    }

    /// Whether somebody waits for a place that this one may hold: anybody for any, or one with the same
    /// share.
    pub(super) fn is_wanted_of(&self, who: Subject) -> bool {
        let share = self.0.share_of(who);
        let both = [&self.0.waiting, &share.waiting];
        both.iter().any(|number| number.load(Ordering::Relaxed) > 0)
    }
}

impl Places {
    fn share_of(&self, who: Subject) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() >= MANY {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let known = shares.entry(who.text()).or_default();
        known.upgrade().unwrap_or_else(|| {
            let share = Arc::new(Share {
                places: semaphore(self.of_one),
                waiting: AtomicUsize::default(),
            });
            *known = Arc::downgrade(&share);
            share
        })
    }
}

fn semaphore(places: u32) -> Arc<Semaphore> {
    let places = usize::try_from(places).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures_util::FutureExt;

    use super::*;

    fn at(number: u32) -> Subject {
        Subject::Address(Some(IpAddr::V4(Ipv4Addr::from_bits(number))))
    }

    /// What can be had without waiting.
    fn now(limit: &ConcurrencyLimit, who: u32, places: u32) -> Option<Taken> {
        limit.take(at(who), places).now_or_never()?.ok()
    }

    #[test]
    fn nobody_has_more_than_a_share_and_all_have_no_more_than_there_is() {
        let limit = ConcurrencyLimit::new(5, 2);
        let first = now(&limit, 1, 1).expect("a place is free");
        let second = now(&limit, 1, 1).expect("it is within the share");
        assert!(now(&limit, 1, 1).is_none(), "the share is used up");
        let both = now(&limit, 2, 2).expect("another has a share of their own");
        assert!(now(&limit, 3, 2).is_none(), "only one place is left");
        let last = now(&limit, 3, 1).expect("one place is left");
        assert!(now(&limit, 4, 1).is_none(), "no place is left");
        drop((first, both));
        let again = now(&limit, 1, 1).expect("a place of the share is free again");
        assert!(now(&limit, 4, 9).is_some(), "more than a share is a share");
        drop((second, last, again));
    }

    #[tokio::test]
    async fn who_waits_for_a_share_is_passed_by_others() {
        let limit = ConcurrencyLimit::new(3, 2);
        let held = now(&limit, 1, 2).expect("a share is free");
        let waiting = limit.take(at(1), 2);
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(now(&limit, 2, 1).is_some(), "a stranger stands in the way");
        assert!(limit.is_wanted_of(at(1)) && !limit.is_wanted_of(at(2)));
        drop(held);
        let taken = waiting.await.expect("there is no end to this");
        assert!(!limit.is_wanted_of(at(1)));
        let another = now(&limit, 2, 1).expect("a place is free");
        let lacking = limit.take(at(3), 1);
        tokio::pin!(lacking);
        assert!(lacking.as_mut().now_or_never().is_none());
        assert!(limit.is_wanted_of(at(1)) && limit.is_wanted_of(at(2)));
        drop((taken, another));
    }

    #[test]
    fn who_has_nothing_is_forgotten() {
        let limit = ConcurrencyLimit::new(8, 2);
        let kept = now(&limit, 0, 2).expect("a share is free");
        for who in 1..5_000 {
            assert!(now(&limit, who, 1).is_some(), "{who}");
        }
        assert!(limit.0.shares.lock().unwrap().len() <= MANY);
        assert!(now(&limit, 0, 1).is_none(), "what is held is remembered");
        drop(kept);
    }
}
