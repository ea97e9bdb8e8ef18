//! Pushes Security Event Tokens (RFC 8935).
//!
//! Streams are served side by side, each by one process at a time and one token after another, so that
//! one that is slow, far behind or dead holds up no other and each keeps its order. No transaction is
//! open while a receiver is spoken to. A token arrives twice only when its answer, or ours to the
//! database, was lost; its `jti` is the same then.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::deliver_mail::Round;
use super::pace::{AT_ONCE, LOOKED_AT, Pace, TURN, rest};
use crate::callbacks::{Answer, Callbacks, RetryAfter};
use crate::domain::Context;
use crate::domain::streams::delivery::{self, Header, Next, Pushed, Refusal, WaitingSignal};
use crate::domain::streams::{seal_anew, token};
use crate::model::{DeliveryMethod, EventStream, Id, StreamStatus};
use crate::storage::StorageError;
use crate::storage::streams::{self as queue, ClaimedStream};
use crate::telemetry::Metrics;

/// How long the job rests when the database is in trouble.
const TROUBLE: Duration = Duration::from_secs(10);
/// What a Security Event Token is posted as (RFC 8935 2.1).
const CONTENT_TYPE: &str = "application/secevent+jwt";

/// The job.
#[derive(Clone, Debug)]
pub struct DeliverEvents {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// The way out.
    pub callbacks: Callbacks,
    /// What operators count.
    pub metrics: Metrics,
    /// How patient to be.
    pub pace: Pace,
}

impl DeliverEvents {
    /// Pushes until told to stop, then finishes what it has in hand.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = seal_anew(&self.ctx).await {
            tracing::warn!(error = %error, "headers of event streams cannot be encrypted anew");
        }
        loop {
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

    /// Pushes everything that is due. While a slow receiver is waited for, others are looked for and
    /// served.
    #[tracing::instrument(name = "job.deliver_events", skip_all)]
    pub async fn round(&self, stop: &CancellationToken) -> Round {
        let mut busy: HashSet<Id<EventStream>> = HashSet::new();
        let mut running = FuturesUnordered::new();
        let mut trouble = false;
        loop {
            if running.len() < AT_ONCE && !trouble && !stop.is_cancelled() {
                match queue::list_due(&self.ctx.db, self.ctx.clock.now(), LOOKED_AT).await {
                    Ok(due) => {
                        let free = AT_ONCE - running.len();
                        let idle = due.into_iter().filter(|one| !busy.contains(one));
                        for stream in idle.take(free).collect::<Vec<_>>() {
                            busy.insert(stream);
                            running.push(self.serve(stream, stop));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "event streams cannot be read");
                        trouble = true;
                    }
                }
            }
            match timeout(self.pace.poll, running.next()).await {
                Ok(Some((stream, well))) => {
                    busy.remove(&stream);
                    trouble |= !well;
                }
                Ok(None) if trouble => return Round::Trouble,
                Ok(None) if stop.is_cancelled() => return Round::Stopped,
                Ok(None) => return Round::Done,
                Err(_) => {}
            }
        }
    }

    /// Pushes a batch of one stream, until it fails.
    async fn serve(
        &self,
        stream: Id<EventStream>,
        stop: &CancellationToken,
    ) -> (Id<EventStream>, bool) {
        let well = match self.serve_claimed(stream, stop).await {
            Ok(()) => true,
            Err(error) => {
                // What was not written down is pushed again when the claim ends.
                tracing::warn!(stream.id = %stream, error = %error, "cannot claim or settle");
                false
            }
        };
        (stream, well)
    }

    async fn serve_claimed(
        &self,
        stream: Id<EventStream>,
        stop: &CancellationToken,
    ) -> Result<(), StorageError> {
        let now = self.ctx.clock.now();
        let mut tx = self.ctx.db.begin().await?;
        let claimed = queue::claim(&mut tx, stream, (now, now.plus(self.pace.claim))).await?;
        tx.commit().await?;
        let Some(claimed) = claimed else {
            return Ok(());
        };
        let served = self.serve_batch(&claimed, stop).await;
        let mut tx = self.ctx.db.begin().await?;
        queue::release(&mut tx, stream, claimed.claim).await?;
        tx.commit().await?;
        served
    }

    async fn serve_batch(
        &self,
        ClaimedStream { claim, stream }: &ClaimedStream,
        stop: &CancellationToken,
    ) -> Result<(), StorageError> {
        let began = Instant::now();
        let batch = i64::from(self.pace.batch);
        for signal in queue::waiting(&self.ctx.db, stream.id, batch).await? {
            // Others wait, and a claim must not end while its token is being pushed.
            if stop.is_cancelled() || began.elapsed() >= TURN {
                break;
            }
            let held = (stream.id, *claim);
            let Some(header) = delivery::header(&self.ctx, held).await? else {
                break;
            };
            let (pushed, asked) = self.push(stream, header, &signal).await;
            self.metrics.event_pushed(match &pushed {
                Pushed::Taken => "taken",
                Pushed::Refused(_) => "refused",
                Pushed::Failed { give_up: true, .. } => "dead",
                Pushed::Failed { .. } => "retried",
            });
            let now = self.ctx.clock.now();
            let asked = asked.map_or(Duration::ZERO, |asked| asked.pause(now));
            let pause = |failures: i64| now.plus(rest(failures, asked));
            if let Pushed::Refused(code) = &pushed {
                tracing::warn!(stream.id = %stream.id, reason = code, "an event was refused for good");
            }
            let next = delivery::settle(&self.ctx, held, signal.id, &pushed, pause).await?;
            if next == Next::Stop {
                break;
            }
        }
        Ok(())
    }

    /// Pushes one token once; how that went, and when the receiver wants to be asked again.
    async fn push(
        &self,
        stream: &EventStream,
        header: Header,
        signal: &WaitingSignal,
    ) -> (Pushed, Option<RetryAfter>) {
        let give_up = self.gives_up(stream, signal);
        let failed = |why: String| Pushed::Failed { why, give_up };
        let DeliveryMethod::Push { url, .. } = &stream.delivery else {
            return (failed("the stream is not pushed any more".to_owned()), None);
        };
        let header = match header {
            Header::None => None,
            Header::Given(value) => Some(value),
            Header::Lost => {
                let why = "the header cannot be opened with the hash keys that there are";
                return (failed(why.to_owned()), None);
            }
        };
        let token = match token::sign(&self.ctx, stream, signal).await {
            Ok(token) => token,
            Err(error) => {
                tracing::error!(error = %error, "a security event token cannot be signed");
                return (failed("the token cannot be signed".to_owned()), None);
            }
        };
        let mut headers = vec![("accept", "application/json")];
        headers.extend(
            header
                .as_ref()
                .map(|value| ("authorization", value.as_str())),
        );
        let posting = self
            .callbacks
            .post_and_listen(url.as_str(), CONTENT_TYPE, &headers, token);
        match posting.await {
            Ok(answer) => (self.heard(&answer, failed), answer.retry_after),
            Err(error) => (failed(error.to_string()), None),
        }
    }

    /// What an answer means.
    fn heard(&self, answer: &Answer, failed: impl Fn(String) -> Pushed) -> Pushed {
        let status = answer.status;
        match status {
            200..=299 => Pushed::Taken,
            400 => match Refusal::read(&answer.said, &self.ctx.detector) {
                Refusal::Final(code) => Pushed::Refused(code),
                Refusal::Passing(Some(code)) => failed(format!("status 400, {code}")),
                Refusal::Passing(None) => failed("status 400".to_owned()),
            },
            _ => failed(format!("status {status}")),
        }
    }

    /// Nothing is given up before its stream is disabled, and then there is only that to tell.
    fn gives_up(&self, stream: &EventStream, signal: &WaitingSignal) -> bool {
        let age = self.ctx.clock.now().since(signal.created_at);
        let disabled = stream.standing.status == StreamStatus::Disabled;
        // This push is not counted yet.
        disabled && self.pace.gives_up(age, signal.attempts + 1)
    }
}
