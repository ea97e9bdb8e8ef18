//! What handlers share.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::Context;
use crate::origins::{KeyRing, TokenField};
use crate::telemetry::Metrics;

/// What handlers share, one for all workers.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
    /// GitHub's deliveries, unless switched off.
    pub github: Option<Intake>,
    /// Longest time a request may take.
    pub request_timeout: Duration,
    /// From which age of the oldest waiting letter the service calls itself degraded.
    pub max_outbox_age: Duration,
}

/// How one origin's deliveries are taken in.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Its keys.
    pub keys: KeyRing,
    /// How it wants tokens named in the answer.
    pub feedback: TokenField,
    /// Largest body that is read, in bytes.
    pub max_body_bytes: usize,
}
