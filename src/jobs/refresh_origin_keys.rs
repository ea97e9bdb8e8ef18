//! Keeps the public keys of an origin: in the database, so that a restart or an outage of the
//! origin's API changes nothing, and in the ring that requests read.
//!
//! This job is the only one that fetches, so a fetch is always a single flight.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::domain::Context;
use crate::model::random;
use crate::origins::{Fetched, KeyFetcher, KeyRequest, KeyRequests, KeyRing, KeySet, OriginKey};
use crate::storage::StorageError;
use crate::storage::origin_keys::{self, StoredKey, StoredKeySet};
use crate::telemetry::{KeyFetchOutcome, Metrics};

/// How soon a failed fetch is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// The job.
#[derive(Debug)]
pub struct RefreshOriginKeys {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What requests read.
    pub ring: KeyRing,
    /// Who waits for a key that is not known.
    pub requests: KeyRequests,
    /// How keys are fetched.
    pub fetcher: KeyFetcher,
    /// How often, give or take a tenth.
    pub interval: Duration,
    /// What operators count.
    pub metrics: Metrics,
}

impl RefreshOriginKeys {
    /// Fetches at once, then now and then, and whenever somebody asks.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = Duration::ZERO;
        loop {
            let request = tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => None,
                request = self.requests.next() => match request {
                    Some(request) => Some(request),
                    None => return,
                },
            };
            pause = self.refresh(request).await;
        }
    }

    /// Puts the stored keys into the ring, without asking anybody. Those of another address, which
    /// the origin had before or which was another one's, prove nothing.
    pub async fn restore(&self) {
        match origin_keys::find(&self.ctx.db, &self.ring.spec().origin).await {
            Ok(Some(stored)) if stored.came_from(&self.fetcher.address_digest()) => {
                self.ring.restore(parsed(stored));
            }
            Ok(Some(_)) => tracing::info!(
                origin = %self.ring.spec().origin,
                "the stored keys came from another address and do not count"
            ),
            Ok(None) => {}
            Err(error) => tracing::warn!(error = %error, "the stored keys could not be read"),
        }
    }

    /// Fetches once and tells how long to wait before the next time. Dropping `request` at the end
    /// wakes whoever waited.
    #[tracing::instrument(
        name = "job.refresh_origin_keys",
        skip_all,
        fields(origin = %self.ring.spec().origin)
    )]
    async fn refresh(&self, request: Option<KeyRequest>) -> Duration {
        let origin = &self.ring.spec().origin;
        let known = self.ring.keys();
        let outcome = match self.fetcher.fetch(&known).await {
            Ok(Fetched::NotModified) => {
                self.ring.confirm();
                self.kept(self.touch().await);
                KeyFetchOutcome::NotModified
            }
            Ok(Fetched::Keys { keys, skipped }) => {
                if skipped > 0 {
                    tracing::warn!(keys = skipped, "the origin lists keys that cannot be used");
                }
                let stored = self.store(&keys).await;
                // Known is known, also when the database is away. Without the tag the whole list comes again
                // the next time, and is stored then.
                self.ring.publish(match stored {
                    Ok(()) => keys,
                    Err(_) => KeySet::new(keys.keys().cloned(), None),
                });
                self.kept(stored);
                KeyFetchOutcome::Ok
            }
            Err(error) => {
                self.ring.fetch_failed();
                tracing::warn!(error = %error, "the origin's keys could not be fetched");
                KeyFetchOutcome::Failed
            }
        };
        self.metrics.key_fetch(origin, outcome);
        drop(request);
        let pause = match outcome {
            KeyFetchOutcome::Failed => AFTER_FAILURE.min(self.interval),
            _ => self.interval,
        };
        pause.mul_f64(0.9 + 0.2 * random::fraction())
    }

    async fn store(&self, keys: &KeySet) -> Result<(), StorageError> {
        let set = StoredKeySet {
            etag: keys.etag().map(str::to_owned),
            fetched_at: self.ctx.clock.now(),
            address_digest: Some(self.fetcher.address_digest()),
            keys: keys.keys().map(|key| stored(key)).collect(),
        };
        let mut tx = self.ctx.db.begin().await?;
        origin_keys::replace(&mut tx, &self.ring.spec().origin, &set).await?;
        tx.commit().await
    }

    async fn touch(&self) -> Result<(), StorageError> {
        let mut tx = self.ctx.db.begin().await?;
        origin_keys::touch(&mut tx, &self.ring.spec().origin, self.ctx.clock.now()).await?;
        tx.commit().await
    }

    fn kept(&self, outcome: Result<(), StorageError>) {
        if let Err(error) = outcome {
            tracing::warn!(error = %error, "the origin's keys could not be stored");
        }
    }
}

fn stored(key: &OriginKey) -> StoredKey {
    StoredKey {
        key_id: key.id.as_str().to_owned(),
        pem: key.pem.clone(),
        is_current: key.is_current,
    }
}

fn parsed(set: StoredKeySet) -> KeySet {
    let keys = set
        .keys
        .into_iter()
        .filter_map(|key| OriginKey::parse(&key.key_id, key.pem, key.is_current).ok())
        .map(Arc::new);
    KeySet::new(keys, set.etag)
}
