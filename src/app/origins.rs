//! Who may report leaks: an intake for each origin, with keys and a job of its own, so that none
//! waits for another.

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::Job;
use crate::config::{KeySource, OriginSettings, PublishedKeys, SignedOrigin};
use crate::domain::Context;
use crate::http::{Bodies, Intake, SharedIntake};
use crate::jobs::RefreshOriginKeys;
use crate::model::Origin;
use crate::origins::{self, KeyFetcher, KeyRing};
use crate::telemetry::Metrics;

/// What origins are taken in with, and what their jobs need.
pub(super) struct Origins<'a> {
    pub(super) settings: &'a OriginSettings,
    pub(super) ctx: &'a Arc<Context>,
    pub(super) metrics: &'a Metrics,
    pub(super) stop: &'a CancellationToken,
}

impl Origins<'_> {
    /// Every origin's intake with its keys as they are stored, and the jobs that keep them.
    pub(super) async fn open(&self) -> anyhow::Result<(Vec<Intake>, Vec<Job>)> {
        let mut intakes = Vec::new();
        let mut jobs = Vec::new();
        for origin in &self.settings.signed {
            self.metrics.introduce(&origin.spec.origin);
            let keys = match &origin.keys {
                KeySource::Fixed(keys) => KeyRing::fixed(Arc::clone(&origin.spec), keys.clone()),
                KeySource::Published(published) => {
                    let (keys, job) = self.published(origin, published).await?;
                    jobs.push(job);
                    keys
                }
            };
            intakes.push(Intake::new(keys, origin.feedback, origin.max_body_bytes));
        }
        Ok((intakes, jobs))
    }

    /// What the reports of a GitLab of one's own are taken in with, where that is configured.
    pub(super) fn gitlab(&self) -> Option<SharedIntake> {
        let settings = self.settings.gitlab_revocation.as_ref()?;
        self.metrics.introduce(&Origin::GITLAB_REVOCATION);
        Some(SharedIntake {
            secrets: settings.secrets.clone(),
            types: settings.types.clone(),
            bodies: Bodies::up_to(settings.max_body_bytes),
        })
    }

    /// Whether anybody may give up credentials.
    pub(super) fn possession(&self) -> bool {
        let offered = self.settings.possession;
        if offered {
            self.metrics.introduce(&Origin::POSSESSION);
        }
        offered
    }

    async fn published(
        &self,
        origin: &SignedOrigin,
        published: &PublishedKeys,
    ) -> anyhow::Result<(KeyRing, Job)> {
        let (keys, requests) = KeyRing::new(Arc::clone(&origin.spec), published.policy);
        let fetcher = key_fetcher(origin, published)?;
        let job = RefreshOriginKeys {
            ctx: Arc::clone(self.ctx),
            ring: keys.clone(),
            requests,
            fetcher,
            interval: published.refresh_interval,
            metrics: self.metrics.clone(),
        };
        // The stored keys are there before the first request is.
        job.restore().await;
        let job: Job = ("refresh_origin_keys", Box::pin(job.run(self.stop.clone())));
        Ok((keys, job))
    }
}

/// What fetches the keys that an origin publishes.
///
/// # Errors
/// When the process cannot speak TLS, or keys cannot be trusted from that address.
pub(crate) fn key_fetcher(
    origin: &SignedOrigin,
    published: &PublishedKeys,
) -> anyhow::Result<KeyFetcher> {
    let client = origins::http_client(&published.url).with_context(|| {
        let title = origin.spec.origin.title();
        format!("cannot prepare to fetch the keys of {title}")
    })?;
    let fetcher = KeyFetcher::new(client, published.url.clone(), published.token.clone())?;
    Ok(fetcher.with_timeout(published.fetch_timeout))
}
