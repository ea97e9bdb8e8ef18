//! The keys of one origin as all workers see them, and when to ask for newer ones.
//!
//! Fetching is one job's work. It holds the [`KeyRequests`] end and tells the ring how each of its
//! fetches went; the ring decides when somebody who waits for an unknown key may have one made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::public_keys::{KeyId, KeySet, OriginKey};
use super::spec::OriginSpec;
use crate::model::Timestamp;

/// Unknown ids cause at most one fetch in this time, however many requests claim one.
const BETWEEN_REQUESTED_FETCHES: Duration = Duration::from_secs(60);
/// How long a caller waits for a fetch. GitHub wants its answer within 15 seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Which of an origin's listed keys may sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPolicy {
    /// All that it lists: around a rotation the former key still arrives.
    #[default]
    Listed,
    /// Only those that it calls current.
    Current,
}

/// Why there is no key of that id.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// The origin does not list it.
    #[error("the origin has no such key")]
    Unknown,
    /// The origin lists it as a former key, and the policy wants a current one.
    #[error("the origin does not use this key any more")]
    NotCurrent,
    /// The origin could not be asked, so nobody knows.
    #[error("the origin's keys cannot be fetched")]
    Unreachable {
        /// When asking again can have another answer; whole seconds, at least one.
        retry_after: Duration,
    },
}

/// The keys of one origin. Clones share them.
#[derive(Clone, Debug)]
pub struct KeyRing {
    spec: Arc<OriginSpec>,
    policy: KeyPolicy,
    keys: watch::Sender<Arc<KeySet>>,
    asking: Arc<Mutex<Asking>>,
    /// Nobody to ask where the keys are fixed.
    requests: Option<mpsc::Sender<KeyRequest>>,
}

/// How the ring stands with its origin.
#[derive(Debug, Default)]
struct Asking {
    /// The last fetch that an unknown id caused.
    requested: Option<Requested>,
    /// Whether the last fetch, whoever caused it, brought the truth.
    last_fetch_succeeded: bool,
}

#[derive(Clone, Debug)]
struct Requested {
    at: Timestamp,
    settled: CancellationToken,
}

impl Requested {
    /// Whether another fetch must wait. Callers' times differ a little; a clock that was turned
    /// back by more than the interval must not silence the ring until it has caught up.
    fn is_recent(&self, now: Timestamp) -> bool {
        now.since(self.at) < BETWEEN_REQUESTED_FETCHES
            && self.at.since(now) < BETWEEN_REQUESTED_FETCHES
    }

    fn retry_after(&self, now: Timestamp) -> Duration {
        let again = self.at.plus(BETWEEN_REQUESTED_FETCHES);
        let seconds = again.since(now).as_millis().div_ceil(1_000);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX).max(1))
    }
}

impl KeyRing {
    /// An empty ring, and the end that the fetching job holds.
    #[must_use]
    pub fn new(spec: Arc<OriginSpec>, policy: KeyPolicy) -> (Self, KeyRequests) {
        // One place suffices: the next request is made a minute after the last.
        let (requests, incoming) = mpsc::channel(1);
        let ring = Self::holding(spec, policy, KeySet::default(), Some(requests));
        (ring, KeyRequests { incoming })
    }

    /// A ring whose keys were handed over and are never fetched: what is not among them does not
    /// exist.
    #[must_use]
    pub fn fixed(spec: Arc<OriginSpec>, keys: KeySet) -> Self {
        Self::holding(spec, KeyPolicy::Listed, keys, None)
    }

    fn holding(
        spec: Arc<OriginSpec>,
        policy: KeyPolicy,
        keys: KeySet,
        requests: Option<mpsc::Sender<KeyRequest>>,
    ) -> Self {
        Self {
            spec,
            policy,
            keys: watch::Sender::new(Arc::new(keys)),
            asking: Arc::default(),
            requests,
        }
    }

    /// Whose keys these are.
    #[must_use]
    pub const fn spec(&self) -> &Arc<OriginSpec> {
        &self.spec
    }

    /// The keys as of now.
    #[must_use]
    pub fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.borrow())
    }

    /// Takes keys that were kept from an earlier run. They say nothing about the origin today.
    pub fn restore(&self, keys: KeySet) {
        self.keys.send_replace(Arc::new(keys));
    }

    /// Takes keys that the origin just listed; those that it no longer lists are gone.
    pub fn publish(&self, keys: KeySet) {
        self.keys.send_replace(Arc::new(keys));
        self.asking().last_fetch_succeeded = true;
    }

    /// Notes that the origin just said its keys are unchanged.
    pub fn confirm(&self) {
        self.asking().last_fetch_succeeded = true;
    }

    /// Notes that the origin could not be asked. The known keys stay.
    pub fn fetch_failed(&self) {
        self.asking().last_fetch_succeeded = false;
    }

    /// The key of that id. A known one is there at once; for an unknown one the origin is asked,
    /// at most once a minute, and everybody who wants to know waits for the same answer.
    ///
    /// # Errors
    /// When the origin does not list it, when the policy refuses it, or when nobody can know.
    pub async fn key(&self, id: &KeyId, now: Timestamp) -> Result<Arc<OriginKey>, KeyError> {
        if let Some(key) = self.find(id) {
            return self.admit(key);
        }
        let Some(requests) = &self.requests else {
            return Err(KeyError::Unknown);
        };
        let requested = self.request(requests, now);
        // Whether it settled or took too long: what counts is what is known by now.
        let _ = timeout(LONGEST_WAIT, requested.settled.cancelled()).await;
        match self.find(id) {
            Some(key) => self.admit(key),
            None if self.asking().last_fetch_succeeded => Err(KeyError::Unknown),
            None => Err(KeyError::Unreachable {
                retry_after: requested.retry_after(now),
            }),
        }
    }

    fn find(&self, id: &KeyId) -> Option<Arc<OriginKey>> {
        self.keys.borrow().find(id).map(Arc::clone)
    }

    fn admit(&self, key: Arc<OriginKey>) -> Result<Arc<OriginKey>, KeyError> {
        match self.policy {
            KeyPolicy::Current if !key.is_current => Err(KeyError::NotCurrent),
            KeyPolicy::Current | KeyPolicy::Listed => Ok(key),
        }
    }

    /// The fetch to wait for: the last requested one while it is recent, a new one otherwise.
    fn request(&self, requests: &mpsc::Sender<KeyRequest>, now: Timestamp) -> Requested {
        let mut asking = self.asking();
        if let Some(recent) = asking.requested.as_ref().filter(|last| last.is_recent(now)) {
            return recent.clone();
        }

        let settled = CancellationToken::new();
        let request = KeyRequest {
            _settles: settled.clone().drop_guard(),
        };
        // Until the job says otherwise. Should it be gone, the request is dropped right here and
        // nobody waits.
        asking.last_fetch_succeeded = false;
        let _ = requests.try_send(request);
        let requested = Requested { at: now, settled };
        asking.requested = Some(requested.clone());
        requested
    }

    fn asking(&self) -> MutexGuard<'_, Asking> {
        // Nothing panics while it is held, and both fields are valid whatever they hold.
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the fetching job hears that somebody waits.
#[derive(Debug)]
pub struct KeyRequests {
    incoming: mpsc::Receiver<KeyRequest>,
}

impl KeyRequests {
    /// Waits for the next request; `None` when the ring is gone. Nothing is lost when the future
    /// is dropped.
    pub async fn next(&mut self) -> Option<KeyRequest> {
        self.incoming.recv().await
    }
}

/// Somebody waits for a fetch. Drop it once the ring was told how the fetch went: whoever waits
/// then looks again.
#[derive(Debug)]
#[must_use = "dropping it wakes those who wait"]
pub struct KeyRequest {
    _settles: DropGuard,
}

#[cfg(test)]
mod tests;
