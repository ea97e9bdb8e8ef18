//! Tells clients that somebody signed out (OpenID Connect Back-Channel Logout 1.0).
//!
//! Claiming and settling are transactions of their own; none is open while a client is spoken to.
//! A client hears of one logout twice only when its answer, or ours to the database, was lost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::deliver_mail::Round;
use super::pace::Pace;
use crate::callbacks::{Answer, Callbacks};
use crate::domain::{Context, logout};
use crate::storage::StorageError;
use crate::storage::logout_notices::{self, ClaimedNotice, Outcome};

/// How long the job rests when the database is in trouble.
const TROUBLE: Duration = Duration::from_secs(10);

/// The job.
#[derive(Clone, Debug)]
pub struct DeliverLogouts {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// The way out.
    pub callbacks: Callbacks,
    /// How patient to be.
    pub pace: Pace,
}

/// What came of one try.
enum Attempt {
    Heard,
    /// Trying again may help, after so long at least.
    Failed(String, Duration),
    /// Trying again does not help.
    Refused(String),
}

impl DeliverLogouts {
    /// Delivers until told to stop, then finishes what it has in hand.
    pub async fn run(self, stop: CancellationToken) {
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

    /// Delivers everything that is due now, a batch at a time. The clients of a batch are told at
    /// once, so that a slow one delays nobody by more than its time limit.
    #[tracing::instrument(name = "job.deliver_logouts", skip_all)]
    pub async fn round(&self, stop: &CancellationToken) -> Round {
        while !stop.is_cancelled() {
            let claimed = match self.claim().await {
                Ok(claimed) if claimed.is_empty() => return Round::Done,
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::warn!(error = %error, "logout notices cannot be read");
                    return Round::Trouble;
                }
            };
            let settled = join_all(claimed.iter().map(|notice| self.deliver(notice))).await;
            // What was not written down is told again when its claim ends.
            if settled.contains(&false) {
                return Round::Trouble;
            }
        }
        Round::Stopped
    }

    async fn claim(&self) -> Result<Vec<ClaimedNotice>, StorageError> {
        let now = self.ctx.clock.now();
        if !logout_notices::is_due(&self.ctx.db, now).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.ctx.db.begin().await?;
        let limit = i64::from(self.pace.batch);
        let until = now.plus(self.pace.claim);
        let claimed = logout_notices::claim(&mut tx, limit, now, until).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    async fn deliver(&self, notice: &ClaimedNotice) -> bool {
        let outcome = match self.attempt(notice).await {
            Attempt::Heard => {
                tracing::debug!(notice.id = %notice.id, "a client was told of a logout");
                Outcome::Sent
            }
            Attempt::Refused(error) => dead(notice, error),
            Attempt::Failed(error, asked) => self.retry(notice, error, asked),
        };
        match self.settle(notice, &outcome).await {
            Ok(held) => {
                if !held {
                    tracing::warn!(notice.id = %notice.id, "the claim ended before the notice");
                }
                true
            }
            Err(error) => {
                tracing::warn!(notice.id = %notice.id, error = %error, "cannot settle notice");
                false
            }
        }
    }

    async fn attempt(&self, notice: &ClaimedNotice) -> Attempt {
        let Some(uri) = &notice.uri else {
            let why = "the client was disabled or no longer wants to hear of logouts";
            return Attempt::Refused(why.to_owned());
        };
        let token = match logout::token(&self.ctx, notice).await {
            Ok(token) => token,
            Err(error) => return Attempt::Failed(error.to_string(), Duration::ZERO),
        };
        let fields = [("logout_token", token.as_str())];
        match self.callbacks.post_form(uri, &fields).await {
            Ok(answer) => self.heard(&answer),
            Err(error) => Attempt::Failed(error.to_string(), Duration::ZERO),
        }
    }

    fn heard(&self, answer: &Answer) -> Attempt {
        let said = format!("the client answered with status {}", answer.status);
        match answer.status {
            // Back-Channel Logout 2.8; some frameworks turn an empty 200 into a 204.
            200 | 204 => Attempt::Heard,
            // The client understood, and does not want it.
            400 => Attempt::Refused(said),
            _ => {
                let now = self.ctx.clock.now();
                let asked = answer.retry_after.map(|asked| asked.pause(now));
                Attempt::Failed(said, asked.unwrap_or_default())
            }
        }
    }

    fn retry(&self, notice: &ClaimedNotice, error: String, asked: Duration) -> Outcome {
        let now = self.ctx.clock.now();
        if self
            .pace
            .gives_up(now.since(notice.created_at), notice.attempts)
        {
            return dead(notice, error);
        }
        tracing::info!(
            notice.id = %notice.id, client.id = %notice.client_id, reason = error,
            "a client will be told of a logout again"
        );
        let due_at = now.plus(self.pace.retry(notice.attempts).max(asked));
        Outcome::Retry { due_at, error }
    }

    async fn settle(
        &self,
        notice: &ClaimedNotice,
        outcome: &Outcome,
    ) -> Result<bool, StorageError> {
        let mut tx = self.ctx.db.begin().await?;
        let now = self.ctx.clock.now();
        let held = logout_notices::settle(&mut tx, notice, outcome, now).await?;
        tx.commit().await?;
        Ok(held)
    }
}

fn dead(notice: &ClaimedNotice, error: String) -> Outcome {
    tracing::warn!(
        notice.id = %notice.id, client.id = %notice.client_id, reason = error,
        "a client was not told of a logout, and nobody tries again"
    );
    Outcome::Dead { error }
}
