//! Alternating rounds: what else the machine does then hurts every side alike.

use std::time::Duration;

/// What one operation cost in one round.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Processor time of the measured process.
    pub(crate) cpu: Duration,
    /// Time that passed.
    pub(crate) wall: Duration,
}

impl Cost {
    pub(crate) fn each(cpu: Duration, wall: Duration, operations: usize) -> Self {
        let operations = u32::try_from(operations).unwrap_or(u32::MAX).max(1);
        Self {
            cpu: cpu / operations,
            wall: wall / operations,
        }
    }
}

/// One side's rounds.
#[derive(Clone, Default)]
pub(crate) struct Rounds(Vec<Cost>);

impl Rounds {
    pub(crate) fn push(&mut self, cost: Cost) {
        self.0.push(cost);
    }

    /// The median processor time.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|cost| cost.cpu.as_secs_f64())))
    }

    /// The median of the time that passed.
    pub(crate) fn wall(&self) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|cost| cost.wall.as_secs_f64())))
    }

    /// Processor time relative to another side, round by round.
    pub(crate) fn over(&self, other: &Self) -> Ratio {
        let pairs = self.0.iter().zip(&other.0);
        let ratios: Vec<f64> = pairs
            .map(|(one, other)| one.cpu.as_secs_f64() / other.cpu.as_secs_f64().max(1e-9))
            .collect();
        Ratio {
            median: median(ratios.iter().copied()),
            least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            most: ratios.iter().copied().fold(0.0, f64::max),
        }
    }
}

/// A ratio over all rounds.
#[derive(Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            median,
            least,
            most,
        } = self;
        write!(f, "**{median:.2}** ({least:.2}–{most:.2})")
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = values.len().checked_sub(1).map(|last| last / 2);
    let lower = lower.and_then(|middle| values.get(middle)).copied();
    (lower.unwrap_or(f64::NAN) + upper) / 2.0
}
