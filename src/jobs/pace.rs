//! How patient the delivery of letters is, and that of what machines are told.

use std::time::Duration;

use crate::model::random;

/// The first and the longest pause of a receiver that fails.
const RESTS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(900));

/// How long a receiver is told one thing after another before it is another's turn. Together with
/// one message it takes much less than a claim holds.
pub(super) const TURN: Duration = Duration::from_secs(60);

/// How many receivers are spoken to at once: so many may stall before somebody waits for them.
pub(super) const AT_ONCE: usize = 48;
/// How many are looked at, so that there are others when those are being spoken to.
pub(super) const LOOKED_AT: i64 = 128;

/// How patient the job is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the outbox is looked at when nobody says that there is something in it: letters
    /// that other processes wrote, and letters whose next try has come.
    pub poll: Duration,
    /// Letters claimed at once.
    pub batch: u16,
    /// How long a claim holds. Much longer than connecting and one letter take together.
    pub claim: Duration,
    /// Longest time one letter takes.
    pub send_timeout: Duration,
    /// The pause after a letter's first failure; it doubles with each further one.
    pub first_retry: Duration,
    /// The longest such pause.
    pub longest_retry: Duration,
    /// How long a letter is tried before it is dead.
    pub give_up_after: Duration,
    /// How often a letter is tried whatever its age: one that waited through a long outage, or
    /// that an operator brought back, does not die of the first greylisting.
    pub fewest_tries: i64,
}

impl Pace {
    /// The usual patience with these two limits.
    #[must_use]
    pub const fn new(send_timeout: Duration, give_up_after: Duration) -> Self {
        Self {
            poll: Duration::from_secs(1),
            batch: 100,
            // Connecting has half a dozen steps, and each may take as long as a letter.
            claim: longer(Duration::from_secs(300), send_timeout.saturating_mul(12)),
            send_timeout,
            first_retry: Duration::from_secs(15),
            longest_retry: Duration::from_secs(3_600),
            give_up_after,
            fewest_tries: 8,
        }
    }

    /// The patience with clients that are told of logouts: a day.
    #[must_use]
    pub const fn for_logouts() -> Self {
        Self {
            poll: Duration::from_secs(2),
            batch: 32,
            claim: Duration::from_secs(120),
            send_timeout: Duration::from_secs(5),
            first_retry: Duration::from_secs(10),
            longest_retry: Duration::from_secs(3_600),
            give_up_after: Duration::from_secs(86_400),
            fewest_tries: 8,
        }
    }

    /// The patience with endpoints of webhooks, which are given up after so long.
    #[must_use]
    pub const fn for_webhooks(give_up_after: Duration) -> Self {
        Self {
            poll: Duration::from_secs(1),
            batch: 20,
            // Five turns.
            claim: Duration::from_secs(300),
            // Standard Webhooks: 15 to 30 seconds.
            send_timeout: Duration::from_secs(15),
            first_retry: Duration::from_secs(10),
            longest_retry: Duration::from_secs(6 * 3_600),
            give_up_after,
            fewest_tries: 8,
        }
    }

    /// Whether a letter of this age is dead after this many failures.
    pub(super) fn gives_up(&self, age: Duration, tries: i64) -> bool {
        age >= self.give_up_after && tries >= self.fewest_tries
    }

    /// The pause after a letter failed this often.
    pub(super) fn retry(&self, tries: i64) -> Duration {
        let failures = u32::try_from(tries.saturating_sub(1)).unwrap_or_default();
        backoff(failures, self.first_retry, self.longest_retry)
    }
}

const fn longer(one: Duration, other: Duration) -> Duration {
    if one.as_nanos() > other.as_nanos() {
        one
    } else {
        other
    }
}

/// The pause of a receiver that failed this often and asked for so long: that at least.
pub(super) fn rest(failures: i64, asked: Duration) -> Duration {
    let failures = u32::try_from(failures.saturating_sub(1)).unwrap_or_default();
    backoff(failures, RESTS.0, RESTS.1).max(asked)
}

/// Twice the pause for each failure, up to the longest, and a random fifth less or more.
pub(super) fn backoff(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.min(20)));
    doubled.min(longest).mul_f64(0.8 + 0.4 * random::fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Standard Webhooks, whose advice event streams follow as well.
    #[test]
    fn a_receiver_has_15_to_30_seconds_to_answer() {
        let pace = Pace::for_webhooks(Duration::from_secs(86_400));
        let recommended = Duration::from_secs(15)..=Duration::from_secs(30);
        assert!(recommended.contains(&pace.send_timeout), "{pace:?}");
    }

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
