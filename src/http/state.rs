//! What handlers share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::ApiError;
use super::bodies::{Bodies, Room};
use super::extract::CookieNames;
use super::streams::poll::Polls;
use super::web::Look;
use crate::domain::Context;
use crate::model::{Networks, Origin, SharedSecrets};
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
    /// A GitLab of one's own, where a secret was agreed upon with it.
    pub gitlab: Option<Arc<SharedIntake>>,
    /// Whether anybody may give up credentials.
    pub possession: bool,
    /// Everybody who may report leaks.
    pub reporting: Arc<[Origin]>,
    /// The folder of letters that takes the place of a mail server, for the development pages.
    pub mailbox: Option<PathBuf>,
    /// How pages look.
    pub look: Arc<Look>,
    /// The names of our cookies.
    pub cookies: Arc<CookieNames>,
    /// Proxies whose headers are believed.
    pub trusted_proxies: Arc<Networks>,
    /// Room for the bodies of strangers.
    pub room: Room,
    /// Longest time a delivery may take; of another request its body, and each step of what is done then.
    pub request_timeout: Duration,
    /// From which age of the oldest waiting letter the service calls itself degraded.
    pub max_outbox_age: Duration,
    /// Receivers of event streams that wait for something to come.
    pub polls: Polls,
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

/// How one origin's deliveries are taken in.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Its keys.
    pub keys: KeyRing,
    /// How it wants tokens named in the answer, if it reads one.
    pub feedback: Option<TokenField>,
    /// What is read of its bodies.
    pub bodies: Bodies,
}

impl Intake {
    /// An intake with nothing under way.
    #[must_use]
    pub fn new(keys: KeyRing, feedback: Option<TokenField>, max_body_bytes: usize) -> Self {
        Self {
            keys,
            feedback,
            bodies: Bodies::up_to(max_body_bytes),
        }
    }
}

/// How the reports of a GitLab of one's own are taken in.
#[derive(Debug)]
pub struct SharedIntake {
    /// Any of them proves who it is.
    pub secrets: SharedSecrets,
    /// The types that it may send.
    pub types: Vec<String>,
    /// What is read of its bodies.
    pub bodies: Bodies,
}

impl SharedIntake {
    /// Whether a type is one of those that it may send.
    pub(super) fn supports(&self, claimed: &str) -> bool {
        let mut types = self.types.iter();
        types.any(|known| known.eq_ignore_ascii_case(claimed))
    }
}
