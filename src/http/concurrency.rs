//! How many do something at a time, all together and of one network address.

use std::collections::HashMap;
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
    share: u32,
    shares: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// Places that somebody has, until this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _share: OwnedSemaphorePermit,
    _places: OwnedSemaphorePermit,
}

impl ConcurrencyLimit {
    /// So many places, and so many of them for one.
    pub(super) fn new(places: u32, share: u32) -> Self {
        Self(Arc::new(Places {
            all: semaphore(places),
            share,
            shares: Mutex::default(),
        }))
    }

    /// Waits for so many places, at most a whole share. Whoever waits for a share stands in nobody else's
    /// way.
    ///
    /// # Errors
    /// Never: there is no end to this.
    pub(super) async fn take(&self, who: Subject, places: u32) -> Result<Taken, AcquireError> {
        let places = places.min(self.0.share);
        let share = self.0.share_of(who);
        let share = share.acquire_many_owned(places).await?;
        let all = Arc::clone(&self.0.all);
        Ok(Taken {
            _share: share,
            _places: all.acquire_many_owned(places).await?,
        })
    }

    /// Whether nothing is free, or somebody waits for more than is.
    pub(super) fn is_full(&self) -> bool {
        self.0.all.available_permits() == 0
    }
}

impl Places {
    fn share_of(&self, who: Subject) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() >= MANY {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let known = shares.entry(who.text()).or_default();
        known.upgrade().unwrap_or_else(|| {
            let share = semaphore(self.share);
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
        assert!(!limit.is_full());
        assert!(now(&limit, 3, 2).is_none(), "only one place is left");
        let last = now(&limit, 3, 1).expect("one place is left");
        assert!(now(&limit, 4, 1).is_none(), "no place is left");
        assert!(limit.is_full());
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
        drop(held);
        waiting.await.expect("there is no end to this");
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
