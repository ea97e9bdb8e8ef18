//! What handlers share.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::ApiError;
use super::extract::CookieNames;
use super::web::Look;
use crate::domain::Context;
use crate::model::TrustedProxies;
use crate::origins::{KeyRing, TokenField};
use crate::telemetry::Metrics;

/// What handlers share, one for all workers.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
    /// Origins that may report leaks, each with an address of its own.
    pub intakes: Arc<[Intake]>,
    /// How pages look.
    pub look: Arc<Look>,
    /// The names of our cookies.
    pub cookies: Arc<CookieNames>,
    /// Proxies whose headers are believed.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Longest time a request may take.
    pub request_timeout: Duration,
    /// From which age of the oldest waiting letter the service calls itself degraded.
    pub max_outbox_age: Duration,
}

impl ApiState {
    /// How the deliveries of the origin of that name are taken in.
    pub(super) fn intake(&self, origin: &str) -> Option<&Intake> {
        let mut intakes = self.intakes.iter();
        intakes.find(|intake| intake.keys.spec().origin.as_str() == origin)
    }

    /// Waits for a use case, but not longer than a request may take.
    ///
    /// # Errors
    /// 503 when it takes longer.
    pub(super) async fn timely<T>(&self, work: impl Future<Output = T>) -> Result<T, ApiError> {
        let outcome = timeout(self.request_timeout, work).await;
        outcome.map_err(|_| ApiError::unavailable("the database took too long", 5))
    }
}

/// So many large bodies are read at a time: key ids are public, so anybody can send a body that is
/// only found to be forged once all of it is here.
const LARGE_AT_ONCE: usize = 16;

/// How one origin's deliveries are taken in.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Its keys.
    pub keys: KeyRing,
    /// How it wants tokens named in the answer, if it reads one.
    pub feedback: Option<TokenField>,
    /// Largest body that is read, in bytes.
    pub max_body_bytes: usize,
    large_bodies: Arc<Semaphore>,
}

impl Intake {
    /// An intake with nothing under way.
    #[must_use]
    pub fn new(keys: KeyRing, feedback: Option<TokenField>, max_body_bytes: usize) -> Self {
        let large_bodies = Arc::new(Semaphore::new(LARGE_AT_ONCE));
        Self {
            keys,
            feedback,
            max_body_bytes,
            large_bodies,
        }
    }

    /// Waits until another large body may be read; hold on to what comes back meanwhile.
    pub(super) async fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.large_bodies).acquire_owned().await.ok()
    }
}
