//! Takes letters out of the outbox and hands them to the mail server.
//!
//! Claiming and settling are transactions of their own; none is open while the server is spoken
//! to. A letter leaves twice only when the server's answer, or ours to the database, was lost; it
//! carries the same `Message-ID` then.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::pace::{Pace, backoff};
use crate::domain::Context;
use crate::domain::outbox::{self as letters, NotReady};
use crate::mail::{ConnectError, Connection, Mailer, Outgoing, Reason, SendError};
use crate::model::Timestamp;
use crate::storage::StorageError;
use crate::storage::outbox::{self, ClaimedLetter, Settlement};
use crate::telemetry::{LetterOutcome, Metrics};

/// The longest pause while the mail server cannot be reached.
const LONGEST_TROUBLE: Duration = Duration::from_secs(60);
/// How long the database is waited for when it must hear what became of a letter. A claim holds
/// longer, so an outage shorter than this sends nothing twice.
const SETTLE_PATIENCE: Duration = Duration::from_secs(60);
/// The longest pause between two tries of that.
const LONGEST_SETTLE_PAUSE: Duration = Duration::from_secs(5);

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

/// Letters claimed together.
struct Batch {
    letters: Vec<ClaimedLetter>,
    ends: Timestamp,
}

/// What came of one try.
struct Attempt {
    /// What became of the letter; `None` when it was not even begun.
    outcome: Option<Settlement>,
    /// Why the connection is of no more use, if so.
    lost: Option<Reason>,
}

/// A letter that was tried, and what is to be written down about it.
type Tried<'l> = (&'l ClaimedLetter, Settlement);

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
                Ok(batch) if batch.letters.is_empty() => break Round::Done,
                Ok(batch) => {
                    if let Some(end) = self.deliver(&mut connection, &batch, stop).await {
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

    async fn claim(&self) -> Result<Batch, StorageError> {
        let now = self.ctx.clock.now();
        let ends = now.plus(self.pace.claim);
        if !outbox::is_due(&self.ctx.db, now).await? {
            return Ok(Batch {
                letters: Vec::new(),
                ends,
            });
        }
        let mut tx = self.ctx.db.begin().await?;
        let limit = i64::from(self.pace.batch);
        let letters = outbox::claim(&mut tx, limit, now, ends).await?;
        tx.commit().await?;
        Ok(Batch { letters, ends })
    }

    /// Sends one claimed batch; tells how the round ends, if it does.
    ///
    /// While one letter crosses the wire, the one before it is written down. What cannot be written
    /// down is better not sent, so never more than these two are in hand.
    async fn deliver(
        &self,
        connection: &mut Option<Connection>,
        batch: &Batch,
        stop: &CancellationToken,
    ) -> Option<Round> {
        let mut rest = batch.letters.as_slice();
        let mut tried = None;
        while let Some((letter, later)) = rest.split_first() {
            // No letter is in hand while we connect, so a stop does not wait for it.
            let open = match stop.run_until_cancelled(self.connected(connection)).await {
                Some(Ok(open)) => open,
                Some(Err(error)) => {
                    complain(&error);
                    self.give_back(tried, rest, Some(&error.to_string()), stop)
                        .await;
                    return Some(Round::Trouble);
                }
                None => {
                    self.give_back(tried, rest, None, stop).await;
                    return Some(Round::Stopped);
                }
            };
            // Whoever claims it next must not find us sending it still.
            if self.ctx.clock.now().plus(self.pace.send_timeout * 2) > batch.ends {
                let settled = self.give_back(tried, rest, None, stop).await;
                return (!settled).then_some(Round::Trouble);
            }
            let attempt = self.attempt(open, letter);
            let (attempt, settled) = join(attempt, self.settle_tried(tried.take(), stop)).await;
            let Attempt { outcome, lost } = attempt;
            let not_begun = outcome.is_none();
            tried = outcome.map(|outcome| (letter, outcome));
            if !settled {
                self.settle_tried(tried, stop).await;
                return Some(Round::Trouble);
            }
            if let Some(reason) = lost {
                *connection = None;
                let back = if not_begun { rest } else { later };
                let reason = not_begun.then_some(reason.brief.as_str());
                self.give_back(tried, back, reason, stop).await;
                return Some(Round::Trouble);
            }
            rest = later;
        }
        let settled = self.settle_tried(tried, stop).await;
        (!settled).then_some(Round::Trouble)
    }

    /// Writes down the letter in hand and gives back the rest. When the first fails, the second is
    /// left to the end of the claim: giving back goes by the claim, and would give back the letter
    /// that was just sent as well.
    async fn give_back(
        &self,
        tried: Option<Tried<'_>>,
        rest: &[ClaimedLetter],
        reason: Option<&str>,
        stop: &CancellationToken,
    ) -> bool {
        let settled = self.settle_tried(tried, stop).await;
        if settled {
            self.release(rest, reason).await;
        }
        settled
    }

    async fn settle_tried(&self, tried: Option<Tried<'_>>, stop: &CancellationToken) -> bool {
        match tried {
            Some((letter, outcome)) => self.settle(letter, &outcome, stop).await,
            None => true,
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

    async fn attempt(&self, connection: &mut Connection, letter: &ClaimedLetter) -> Attempt {
        let (outcome, lost) = match self.send(connection, letter).await {
            Ok(()) => (Some(self.sent(letter)), None),
            Err(SendError::Permanent(reason)) => (Some(self.dead(letter, reason)), None),
            Err(SendError::Retry(reason)) => (Some(self.retry(letter, reason)), None),
            Err(SendError::Connection {
                reason,
                letter_begun,
            }) => {
                tracing::warn!(reason = reason.brief, "the mail server is in trouble");
                // A letter that breaks every connection backs off alone.
                let outcome = letter_begun.then(|| self.retry(letter, reason.clone()));
                (outcome, Some(reason))
            }
        };
        Attempt { outcome, lost }
    }

    async fn send(
        &self,
        connection: &mut Connection,
        letter: &ClaimedLetter,
    ) -> Result<(), SendError> {
        let Some(words) = &letter.letter else {
            // A newer version wrote it and may read it, when a replica of it comes by.
            let reason = "this version of Tokenward cannot read the letter";
            return Err(SendError::Retry(reason.into()));
        };
        let words = match letters::ready_to_send(&self.ctx, letter.id, words).await {
            Ok(words) => words,
            Err(error @ NotReady::Storage(_)) => {
                return Err(SendError::Retry(error.to_string().into()));
            }
            Err(error) => return Err(SendError::Permanent(error.to_string().into())),
        };
        let language = letters::language(&self.ctx, &words, &letter.recipient).await;
        let language = language.map_err(|error| SendError::Retry(error.to_string().into()))?;
        let message_id = self.mailer.message_id(letter.id.uuid());
        let outgoing = Outgoing {
            message_id: &message_id,
            to: &letter.recipient,
            written_at: letter.created_at,
            letter: &words,
            language,
        };
        connection.send(&outgoing).await
    }

    fn sent(&self, letter: &ClaimedLetter) -> Settlement {
        let at = self.ctx.clock.now();
        self.metrics.letter(LetterOutcome::Sent);
        self.metrics.delivery_to_letter(at.since(letter.created_at));
        tracing::debug!(letter.id = %letter.id, "letter sent");
        Settlement::Sent { at }
    }

    fn retry(&self, letter: &ClaimedLetter, reason: Reason) -> Settlement {
        let now = self.ctx.clock.now();
        let age = now.since(letter.created_at);
        if self.pace.gives_up(age, letter.attempts) {
            return self.dead(letter, reason);
        }
        self.metrics.letter(LetterOutcome::Retried);
        tracing::warn!(letter.id = %letter.id, reason = reason.brief, "letter will be tried again");
        let due_at = now.plus(self.pace.retry(letter.attempts));
        let error = reason.full;
        Settlement::Retry { due_at, error }
    }

    fn dead(&self, letter: &ClaimedLetter, reason: Reason) -> Settlement {
        self.metrics.letter(LetterOutcome::Dead);
        tracing::error!(letter.id = %letter.id, reason = reason.brief, "letter is dead");
        let at = self.ctx.clock.now();
        let error = reason.full;
        Settlement::Dead { at, error }
    }

    /// Writes down what became of a letter, and waits for the database when it must. `false` when
    /// the database stayed away: the claim runs out then and the letter is tried again under its
    /// `Message-ID`. Told twice is better than not told.
    async fn settle(
        &self,
        letter: &ClaimedLetter,
        settlement: &Settlement,
        stop: &CancellationToken,
    ) -> bool {
        let deadline = Instant::now() + SETTLE_PATIENCE;
        let mut failures = 0;
        loop {
            match self.try_settle(letter, settlement).await {
                Ok(true) => return true,
                Ok(false) => {
                    tracing::warn!(letter.id = %letter.id, "the claim ended before the letter");
                    return true;
                }
                Err(error) => {
                    tracing::warn!(letter.id = %letter.id, error = %error, "cannot settle letter");
                }
            }
            if stop.is_cancelled() || Instant::now() >= deadline {
                return false;
            }
            let pause = backoff(failures, Duration::from_millis(250), LONGEST_SETTLE_PAUSE);
            failures = failures.saturating_add(1);
            stop.run_until_cancelled(sleep(pause)).await;
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

/// What waiting does not mend is for a person to look at.
fn complain(error: &ConnectError) {
    match error {
        ConnectError::Refused(_) => tracing::error!(error = %error, "no letter can leave"),
        ConnectError::Unreachable(_) => tracing::warn!(error = %error, "no letter can leave"),
    }
}
