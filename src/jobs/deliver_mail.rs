//! Takes letters out of the outbox and hands them to the mail server.
//!
//! Claiming and settling are transactions of their own; none is open while the server is spoken
//! to. A letter leaves twice only when the server's answer, or ours to the database, was lost; it
//! carries the same `Message-ID` then.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::domain::Context;
use crate::mail::{ConnectError, Connection, Mailer, Outgoing, SendError};
use crate::model::{Timestamp, random};
use crate::storage::StorageError;
use crate::storage::outbox::{self, ClaimedLetter, Settlement};
use crate::telemetry::{LetterOutcome, Metrics};

/// How patient the job is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the outbox is looked at when nobody says that there is something in it: letters
    /// that other processes wrote, and letters whose next try has come.
    pub poll: Duration,
    /// Letters claimed at once.
    pub batch: u16,
    /// How long a claim holds. Longer than any letter takes.
    pub claim: Duration,
    /// Longest time one letter takes.
    pub send_timeout: Duration,
    /// The pause after a letter's first failure; it doubles with each further one.
    pub first_retry: Duration,
    /// The longest such pause.
    pub longest_retry: Duration,
    /// How long a letter is tried before it is dead.
    pub give_up_after: Duration,
}

impl Pace {
    /// The usual patience with these two limits.
    #[must_use]
    pub const fn new(send_timeout: Duration, give_up_after: Duration) -> Self {
        Self {
            poll: Duration::from_secs(1),
            batch: 100,
            claim: Duration::from_secs(300),
            send_timeout,
            first_retry: Duration::from_secs(15),
            longest_retry: Duration::from_secs(3_600),
            give_up_after,
        }
    }
}

/// The longest pause while the mail server cannot be reached.
const LONGEST_TROUBLE: Duration = Duration::from_secs(60);
/// How often the database is told what became of a letter before the letter is left to its claim.
const SETTLE_ATTEMPTS: usize = 3;

/// The job.
#[derive(Clone)]
pub struct DeliverMail {
    /// The domain's world.
    pub ctx: Arc<Context>,
    /// The way out.
    pub mailer: Mailer,
    /// What operators count.
    pub metrics: Metrics,
    /// How patient to be.
    pub pace: Pace,
    /// Told when letters were committed.
    pub letters_waiting: Arc<Notify>,
}

/// How a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Nothing more was due.
    Done,
    /// The mail server or the database is in trouble.
    Trouble,
    /// The job was told to stop.
    Stopped,
}

/// A letter that the server took, before that is written down.
struct Taken<'l> {
    letter: &'l ClaimedLetter,
    at: Timestamp,
}

impl DeliverMail {
    /// Delivers until told to stop, then finishes the letter in hand.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            match self.round(&stop).await {
                Round::Stopped => return,
                Round::Done => {
                    failures = 0;
                    let waiting = self.letters_waiting.notified();
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = waiting => {}
                        () = sleep(self.pace.poll) => {}
                    }
                }
                // While the server is in trouble, new letters do not make anybody knock faster.
                Round::Trouble => {
                    let pause = backoff(failures, Duration::from_secs(1), LONGEST_TROUBLE);
                    failures = failures.saturating_add(1);
                    if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// Delivers everything that is due now.
    #[tracing::instrument(name = "job.deliver_mail", skip_all)]
    pub async fn round(&self, stop: &CancellationToken) -> Round {
        let mut connection = None;
        let end = loop {
            if stop.is_cancelled() {
                break Round::Stopped;
            }
            match self.claim().await {
                Ok(letters) if letters.is_empty() => break Round::Done,
                Ok(letters) => {
                    if let Some(end) = self.deliver(&mut connection, &letters, stop).await {
                        break end;
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the outbox cannot be read");
                    break Round::Trouble;
                }
            }
        };
        if let Some(connection) = connection {
            connection.quit().await;
        }
        end
    }

    async fn claim(&self) -> Result<Vec<ClaimedLetter>, StorageError> {
        let now = self.ctx.clock.now();
        let mut tx = self.ctx.db.begin().await?;
        let limit = i64::from(self.pace.batch);
        let letters = outbox::claim(&mut tx, limit, now, now.plus(self.pace.claim)).await?;
        tx.commit().await?;
        Ok(letters)
    }

    /// Sends one claimed batch; tells how the round ends, if it does.
    async fn deliver(
        &self,
        connection: &mut Option<Connection>,
        letters: &[ClaimedLetter],
        stop: &CancellationToken,
    ) -> Option<Round> {
        let claim_ends = self.ctx.clock.now().plus(self.pace.claim);
        let mut rest = letters;
        // The letter before this one: the server has it, and the database does not know yet.
        let mut taken = None;
        while let Some((letter, later)) = rest.split_first() {
            let stopped = stop.is_cancelled();
            // Whoever claims it next must not find us sending it still.
            let late = self.ctx.clock.now().plus(self.pace.send_timeout * 2) > claim_ends;
            if stopped || late {
                self.written_down(taken).await;
                self.release(rest, None).await;
                return stopped.then_some(Round::Stopped);
            }
            // While one letter crosses the wire, the one before it is written down.
            let handing_over = self.hand_over(connection, letter);
            let (outcome, ()) = join(handing_over, self.written_down(taken.take())).await;
            match outcome {
                Ok(()) => taken = Some(self.taken(letter)),
                Err(SendError::Permanent(reason)) => self.dead(letter, reason).await,
                Err(SendError::Retry(reason)) => self.retry(letter, reason).await,
                Err(SendError::Connection {
                    reason,
                    letter_begun,
                }) => {
                    *connection = None;
                    tracing::warn!(reason, "the mail server is in trouble");
                    // A letter that breaks every connection backs off alone.
                    if letter_begun {
                        self.retry(letter, reason).await;
                        self.release(later, None).await;
                    } else {
                        self.release(rest, Some(&reason)).await;
                    }
                    return Some(Round::Trouble);
                }
            }
            rest = later;
        }
        self.written_down(taken).await;
        None
    }

    async fn hand_over(
        &self,
        connection: &mut Option<Connection>,
        letter: &ClaimedLetter,
    ) -> Result<(), SendError> {
        match self.connected(connection).await {
            Ok(open) => self.send(open, letter).await,
            Err(error) => Err(SendError::Connection {
                reason: error.to_string(),
                letter_begun: false,
            }),
        }
    }

    async fn connected<'c>(
        &self,
        connection: &'c mut Option<Connection>,
    ) -> Result<&'c mut Connection, ConnectError> {
        if connection.as_ref().is_none_or(Connection::is_broken) {
            *connection = None;
            return Ok(connection.insert(self.mailer.connect().await?));
        }
        match connection {
            Some(open) => Ok(open),
            None => Err(ConnectError::Unreachable(
                "the connection is closed".to_owned(),
            )),
        }
    }

    async fn send(
        &self,
        connection: &mut Connection,
        letter: &ClaimedLetter,
    ) -> Result<(), SendError> {
        let message_id = self.mailer.message_id(letter.id.uuid());
        let outgoing = Outgoing {
            message_id: &message_id,
            to: &letter.recipient,
            written_at: letter.created_at,
            letter: &letter.letter,
        };
        connection.send(&outgoing).await
    }

    fn taken<'l>(&self, letter: &'l ClaimedLetter) -> Taken<'l> {
        let at = self.ctx.clock.now();
        self.metrics.letter(LetterOutcome::Sent);
        self.metrics.delivery_to_letter(at.since(letter.created_at));
        tracing::debug!(letter.id = %letter.id, "letter sent");
        Taken { letter, at }
    }

    async fn written_down(&self, taken: Option<Taken<'_>>) {
        if let Some(Taken { letter, at }) = taken {
            self.settle(letter, Settlement::Sent { at }).await;
        }
    }

    async fn retry(&self, letter: &ClaimedLetter, error: String) {
        let now = self.ctx.clock.now();
        if now.since(letter.created_at) >= self.pace.give_up_after {
            return self.dead(letter, error).await;
        }
        let failures = u32::try_from(letter.attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = backoff(failures, self.pace.first_retry, self.pace.longest_retry);
        self.metrics.letter(LetterOutcome::Retried);
        tracing::warn!(letter.id = %letter.id, reason = error, "letter will be tried again");
        self.settle(
            letter,
            Settlement::Retry {
                due_at: now.plus(pause),
                error,
            },
        )
        .await;
    }

    async fn dead(&self, letter: &ClaimedLetter, error: String) {
        self.metrics.letter(LetterOutcome::Dead);
        tracing::error!(letter.id = %letter.id, reason = error, "letter is dead");
        let at = self.ctx.clock.now();
        self.settle(letter, Settlement::Dead { at, error }).await;
    }

    /// Writes down what became of a letter. When that fails, the claim runs out and the letter is
    /// tried again under its `Message-ID`: told twice is better than not told.
    async fn settle(&self, letter: &ClaimedLetter, settlement: Settlement) {
        for attempt in 1..=SETTLE_ATTEMPTS {
            match self.try_settle(letter, &settlement).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(letter.id = %letter.id, "the claim ended before the letter");
                    return;
                }
                Err(error) => {
                    tracing::warn!(letter.id = %letter.id, error = %error, "cannot settle letter");
                }
            }
            if attempt < SETTLE_ATTEMPTS {
                sleep(Duration::from_millis(250)).await;
            }
        }
    }

    async fn try_settle(
        &self,
        letter: &ClaimedLetter,
        settlement: &Settlement,
    ) -> Result<bool, StorageError> {
        let mut tx = self.ctx.db.begin().await?;
        let held = outbox::settle(&mut tx, letter, settlement).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Gives back letters that were not tried.
    async fn release(&self, letters: &[ClaimedLetter], error: Option<&str>) {
        let Some(first) = letters.first() else { return };
        let now: Timestamp = self.ctx.clock.now();
        let outcome = async {
            let mut tx = self.ctx.db.begin().await?;
            outbox::release(&mut tx, first.claim, now, error).await?;
            tx.commit().await
        };
        if let Err(error) = outcome.await {
            tracing::warn!(error = %error, "letters stay claimed until their claim ends");
        }
    }
}

/// Twice the pause for each failure, up to the longest, and a random fifth less or more.
fn backoff(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.min(20)));
    doubled.min(longest).mul_f64(0.8 + 0.4 * random::fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ() {
        let (first, longest) = (Duration::from_secs(10), Duration::from_secs(3_600));
        for (failures, seconds) in [(0, 10.0), (1, 20.0), (4, 160.0), (30, 3_600.0)] {
            let pause = backoff(failures, first, longest).as_secs_f64();
            assert!(
                (seconds * 0.8..=seconds * 1.2).contains(&pause),
                "{failures}: {pause}"
            );
        }
        let pauses: Vec<_> = (0..10).map(|_| backoff(0, first, longest)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
