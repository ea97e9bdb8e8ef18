//! Tells machines of exposures and revocations.
//!
//! Endpoints are served side by side, each a small batch at a time and one message after another, so
//! that one that is slow, far behind or dead holds up no other. Claiming and settling are transactions
//! of their own; none is open while an endpoint is spoken to. A message arrives twice only when its
//! answer, or ours to the database, was lost; its id is the same then.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::deliver_mail::Round;
use super::pace::{AT_ONCE, LOOKED_AT, Pace, TURN, rest};
use crate::callbacks::{Callbacks, RetryAfter};
use crate::domain::webhooks::delivery::{
    self, Attempt, ClaimedMessage, Outcome, Standing, Subscriber,
};
use crate::domain::{Context, webhooks};
use crate::model::{Id, Timestamp, WebhookEndpoint};
use crate::storage::StorageError;
use crate::storage::webhooks as queue;
use crate::telemetry::Metrics;

/// How long the job rests when the database is in trouble.
const TROUBLE: Duration = Duration::from_secs(10);
/// How often secrets that another hash key encrypts are looked for.
const SEALED_ANEW: Duration = Duration::from_secs(600);

/// The job.
#[derive(Clone, Debug)]
pub struct DeliverWebhooks {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// The way out.
    pub callbacks: Callbacks,
    /// What operators count.
    pub metrics: Metrics,
    /// How patient to be.
    pub pace: Pace,
}

impl DeliverWebhooks {
    /// Delivers until told to stop, then finishes what it has in hand.
    pub async fn run(self, stop: CancellationToken) {
        let mut sealed_at: Option<Instant> = None;
        loop {
            // Not only at the start: a replica that has the newer hash key not yet may make others.
            if sealed_at.is_none_or(|at| at.elapsed() >= SEALED_ANEW) {
                sealed_at = Some(Instant::now());
                if let Err(error) = webhooks::seal_anew(&self.ctx).await {
                    tracing::warn!(error = %error, "secrets of webhooks cannot be encrypted anew");
                }
            }
            let pause = match self.round(&stop).await {
                Round::Stopped => return,
                Round::Done => self.pace.poll,
                Round::Trouble => TROUBLE,
            };
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Delivers everything that is due. While a slow endpoint is waited for, others are looked for
    /// and served.
    #[tracing::instrument(name = "job.deliver_webhooks", skip_all)]
    pub async fn round(&self, stop: &CancellationToken) -> Round {
        let mut busy: HashSet<Id<WebhookEndpoint>> = HashSet::new();
        let mut running = FuturesUnordered::new();
        let mut trouble = false;
        loop {
            if running.len() < AT_ONCE && !trouble && !stop.is_cancelled() {
                match queue::list_due(&self.ctx.db, self.ctx.clock.now(), LOOKED_AT).await {
                    Ok(due) => {
                        let free = AT_ONCE - running.len();
                        let idle = due.into_iter().filter(|one| !busy.contains(&one.id));
                        for subscriber in idle.take(free).collect::<Vec<_>>() {
                            busy.insert(subscriber.id);
                            running.push(self.serve(subscriber, stop));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "messages to machines cannot be read");
                        trouble = true;
                    }
                }
            }
            match timeout(self.pace.poll, running.next()).await {
                Ok(Some((endpoint, well))) => {
                    busy.remove(&endpoint);
                    trouble |= !well;
                }
                Ok(None) if trouble => return Round::Trouble,
                Ok(None) if stop.is_cancelled() => return Round::Stopped,
                Ok(None) => return Round::Done,
                Err(_) => {}
            }
        }
    }

    /// Tells one endpoint a batch, until it fails or is not to be told anything more.
    async fn serve(&self, to: Subscriber, stop: &CancellationToken) -> (Id<WebhookEndpoint>, bool) {
        let well = match self.serve_batch(&to, stop).await {
            Ok(()) => true,
            Err(error) => {
                // What was not written down is told again when its claim ends.
                tracing::warn!(webhook.id = %to.id, error = %error, "cannot claim or settle");
                false
            }
        };
        (to.id, well)
    }

    async fn serve_batch(
        &self,
        to: &Subscriber,
        stop: &CancellationToken,
    ) -> Result<(), StorageError> {
        let began = Instant::now();
        let claimed = self.claim(to).await?;
        let mut left = claimed.as_slice();
        while let Some((message, rest)) = left.split_first() {
            // Others wait, and a claim must not end while its message is being told.
            let late = began.elapsed() >= TURN;
            // Whoever claimed has just looked.
            let looked = left.len() == claimed.len();
            if stop.is_cancelled() || late || !(looked || self.is_open(to).await?) {
                break;
            }
            // Whatever becomes of it, it is settled.
            left = rest;
            if !self.deliver(to, message).await? {
                break;
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let mut tx = self.ctx.db.begin().await?;
        queue::release(&mut tx, left).await?;
        tx.commit().await
    }

    /// Whether the endpoint may still be told: somebody may have disabled or deleted it meanwhile, and it
    /// may have failed another replica.
    async fn is_open(&self, to: &Subscriber) -> Result<bool, StorageError> {
        queue::is_open(&self.ctx.db, to.id, self.ctx.clock.now()).await
    }

    async fn claim(&self, to: &Subscriber) -> Result<Vec<ClaimedMessage>, StorageError> {
        let now = self.ctx.clock.now();
        let until = now.plus(self.pace.claim);
        let mut tx = self.ctx.db.begin().await?;
        let limit = i64::from(self.pace.batch);
        let claimed = queue::claim(&mut tx, to.id, limit, (now, until)).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Tells one message and settles it; says whether the endpoint is well.
    async fn deliver(
        &self,
        to: &Subscriber,
        message: &ClaimedMessage,
    ) -> Result<bool, StorageError> {
        let (attempt, asked) = self.attempt(to, message).await;
        let now = self.ctx.clock.now();
        let standing = match attempt.status {
            Some(200..=299) => Standing::Well,
            Some(410) => Standing::Gone,
            _ => Standing::Failing,
        };
        let (outcome, name) = match standing {
            Standing::Well => (Outcome::Delivered, "delivered"),
            _ if self.gives_up(message, now) => (Outcome::Dead, "dead"),
            _ => {
                let due_at = now.plus(self.pace.retry(message.attempts));
                (Outcome::Retry { due_at }, "retried")
            }
        };
        // Standard Webhooks: a receiver that says when to come again is taken at its word.
        let asked = asked.map_or(Duration::ZERO, |asked| asked.pause(now));
        let pause = |failures: i64| now.plus(rest(failures, asked));
        let settled = (&attempt, outcome);
        let held = delivery::settle(&self.ctx, to, message, settled, standing, pause).await?;
        self.metrics.webhook(name);
        if !held {
            tracing::warn!(webhook.id = %to.id, "the claim ended before the message");
        }
        if name == "dead" {
            tracing::warn!(webhook.id = %to.id, message.id = %message.id, "a message was given up");
        }
        Ok(standing == Standing::Well)
    }

    fn gives_up(&self, message: &ClaimedMessage, now: Timestamp) -> bool {
        self.pace
            .gives_up(now.since(message.queued_at), message.attempts)
    }

    /// Tells one message once; how that went, and when the endpoint wants to be asked again.
    async fn attempt(
        &self,
        to: &Subscriber,
        message: &ClaimedMessage,
    ) -> (Attempt, Option<RetryAfter>) {
        let at = self.ctx.clock.now();
        let began = Instant::now();
        let answer = match delivery::sign(&self.ctx, to, message, at) {
            None => Err("the secret cannot be opened with the hash keys that there are".to_owned()),
            Some(signed) => {
                let headers = [
                    ("webhook-id", signed.id.as_str()),
                    ("webhook-timestamp", signed.timestamp.as_str()),
                    ("webhook-signature", signed.signature.as_str()),
                ];
                let url = to.url.as_str();
                let posting = self
                    .callbacks
                    .post(url, "application/json", &headers, signed.body);
                posting.await.map_err(|error| error.to_string())
            }
        };
        let took_ms = began.elapsed().as_millis().try_into().unwrap_or(i64::MAX);
        let (status, asked, error) = match answer {
            Ok(answer) => (Some(answer.status), answer.retry_after, None),
            Err(error) => (None, None, Some(error)),
        };
        let attempt = Attempt {
            at,
            status,
            error,
            took_ms,
        };
        (attempt, asked)
    }
}
