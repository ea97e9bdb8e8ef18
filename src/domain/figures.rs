//! What operators see over time: written down by the hour by every replica, read in a window.

use std::time::Duration;

use super::Context;
use crate::model::{Figure, Spread, Timestamp};
use crate::storage::{StorageError, figures as table, outbox};
use crate::telemetry::Counts;

/// What one row counts, in milliseconds.
const HOUR: i64 = 3_600_000;

/// Writes down what was counted since the last time, and how long the oldest waiting letter waits now.
///
/// # Errors
/// When the database fails. Nothing was written then, and the counts can be given again.
pub async fn note(ctx: &Context, counts: &Counts) -> Result<(), StorageError> {
    let now = ctx.clock.now();
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut all: Vec<_> = counts.iter().map(|(f, n)| (*f, number(*n))).collect();
    if let Some(oldest) = outbox::oldest_waiting(&ctx.db).await? {
        let age = i64::try_from(now.since(oldest).as_millis()).unwrap_or(i64::MAX);
        all.push((Figure::OutboxAge, age));
    }
    if all.is_empty() {
        return Ok(());
    }
    let hour = Timestamp::from_millis(start(now, HOUR));
    let mut tx = ctx.db.begin().await?;
    table::add(&mut tx, hour, &all).await?;
    tx.commit().await
}

fn start(at: Timestamp, step: i64) -> i64 {
    at.as_millis().div_euclid(step) * step
}

/// How far one looks back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// A day, by the hour.
    #[default]
    Day,
    /// A week, by six hours.
    Week,
    /// Thirty days, by the day.
    Month,
}

impl Window {
    /// Every window, from the shortest.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// Its name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// How many slots it has, and how many hours each of them.
    const fn slots(self) -> (i64, i64) {
        match self {
            Self::Day => (24, 1),
            Self::Week => (28, 6),
            Self::Month => (30, 24),
        }
    }
}

/// What was counted in a part of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it began.
    pub from: Timestamp,
    /// Reports of what we issued.
    pub true_positives: u64,
    /// Reports of what we never issued.
    pub false_positives: u64,
    /// Tokens that died.
    pub revocations: u64,
    /// How long deliveries took from arrival to commit.
    pub to_commit: Spread,
    /// How long the oldest waiting letter had waited at most.
    pub outbox_age: Duration,
}

impl Slot {
    fn new(from: Timestamp) -> Self {
        Self {
            from,
            true_positives: 0,
            false_positives: 0,
            revocations: 0,
            to_commit: Spread::default(),
            outbox_age: Duration::ZERO,
        }
    }

    fn take_in(&mut self, figure: Figure, value: i64) {
        let value = u64::try_from(value).unwrap_or_default();
        match figure {
            Figure::TruePositives => self.true_positives = value,
            Figure::FalsePositives => self.false_positives = value,
            Figure::Revocations => self.revocations = value,
            Figure::OutboxAge => self.outbox_age = Duration::from_millis(value),
            Figure::ToCommit(place) => self.to_commit.add(place, value),
        }
    }
}

/// What was counted in a window that ends now, the latest slot last. The latest is still being filled.
///
/// # Errors
/// When the database fails.
pub async fn look_back(ctx: &Context, window: Window) -> Result<Vec<Slot>, StorageError> {
    let (number, hours) = window.slots();
    let step = hours * HOUR;
    let until = start(ctx.clock.now(), step) + step;
    let since = until - number * step;
    let at = |slot: i64| Timestamp::from_millis(since + slot * step);
    let mut slots: Vec<_> = (0..number).map(|slot| Slot::new(at(slot))).collect();
    for (slot, figure, value) in table::list(&ctx.db, at(0), at(number), step).await? {
        let slot = usize::try_from(slot)
            .ok()
            .and_then(|slot| slots.get_mut(slot));
        if let Some(slot) = slot {
            slot.take_in(figure, value);
        }
    }
    Ok(slots)
}
