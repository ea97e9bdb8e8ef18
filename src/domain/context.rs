//! What every use case needs at hand.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::leaked_uses::PendingLeakedUses;
use super::limits::Limits;
use super::live_tokens::LiveTokens;
use super::signing_keys::SigningKeys;
use super::usage::PendingUses;
use crate::model::{Clock, Detector, Email, HashKeys, LeakPolicy, Policy, TokenFormat};
use crate::storage::Db;

/// The world as the domain sees it. Built once, shared by every request and job.
#[derive(Debug)]
pub struct Context {
    /// Where everything is kept.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    /// How this brand writes its tokens.
    pub format: TokenFormat,
    /// Finds this brand's tokens in text.
    pub detector: Detector,
    /// What digests tokens.
    pub hash_keys: HashKeys,
    /// Who is told when nobody nearer can be.
    pub security_contact: Email,
    /// `iss` in answers and tokens (RFC 8414 2), without a slash at the end.
    pub issuer: String,
    /// Where browsers and clients reach the service, without a slash at the end.
    pub public_url: String,
    /// What operators decided about signing in and about OAuth.
    pub policy: Policy,
    /// What happens when a leak is reported; may change while the process runs.
    pub leak_policy: CurrentLeakPolicy,
    /// The keys that sign ID tokens, as this process holds them.
    pub signing_keys: SigningKeys,
    /// Uses that have not been written down yet.
    pub pending_uses: PendingUses,
    /// Attempts with leaked tokens that have not been written down yet.
    pub leaked_uses: PendingLeakedUses,
    /// About how many tokens work.
    pub live_tokens: LiveTokens,
    /// How often somebody may do what anybody can try.
    pub limits: Limits,
    /// Called when letters were committed to the outbox.
    pub letters_waiting: Wake,
}

/// The policy in force. Whoever decides takes it once and decides by that.
#[derive(Debug)]
pub struct CurrentLeakPolicy(RwLock<Arc<LeakPolicy>>);

impl CurrentLeakPolicy {
    /// Begins with this one.
    #[must_use]
    pub fn new(policy: LeakPolicy) -> Self {
        Self(RwLock::new(Arc::new(policy)))
    }

    /// The one in force now.
    #[must_use]
    pub fn current(&self) -> Arc<LeakPolicy> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another one in force; `false` when it is the same.
    pub fn replace(&self, policy: LeakPolicy) -> bool {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let differs = **current != policy;
        if differs {
            *current = Arc::new(policy);
        }
        differs
    }
}

/// Something to call when there is work for a job.
#[derive(Clone)]
pub struct Wake(Arc<dyn Fn() + Send + Sync>);

impl Wake {
    /// Calls `ring` each time.
    #[must_use]
    pub fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(ring))
    }

    /// Says that there is work.
    pub fn ring(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}
