//! Alternating rounds: what else the machine does then hurts every side alike.

use std::time::{Duration, Instant};

use super::cpu;
use super::database::Database;

/// What one operation cost in one round.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Processor time of the measured process.
    pub(crate) service: Duration,
    /// Processor time of the database server, if there is one.
    pub(crate) server: Duration,
    /// Time that passed.
    pub(crate) wall: Duration,
}

impl Cost {
    /// Does `work`, so many operations, and tells what each of them cost the process `pid` and the
    /// server of `database`.
    pub(crate) fn measure(
        database: &Database,
        pid: u32,
        operations: usize,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let (service, server) = (cpu::time(pid)?, database.server_time()?);
        let started = Instant::now();
        work()?;
        let wall = started.elapsed();
        let operations = u32::try_from(operations)?.max(1);
        Ok(Self {
            service: cpu::time(pid)?.saturating_sub(service) / operations,
            server: database.server_time()?.saturating_sub(server) / operations,
            wall: wall / operations,
        })
    }
}

/// Whose processor time counts.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// Only the service's.
    Service,
    /// The service's and the database server's.
    Both,
}

impl Of {
    fn seconds(self, cost: &Cost) -> f64 {
        match self {
            Self::Service => cost.service.as_secs_f64(),
            Self::Both => (cost.service + cost.server).as_secs_f64(),
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
    pub(crate) fn cpu(&self, of: Of) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|cost| of.seconds(cost))))
    }

    /// The median of the time that passed.
    pub(crate) fn wall(&self) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|cost| cost.wall.as_secs_f64())))
    }

    /// Processor time relative to another side, round by round.
    pub(crate) fn over(&self, other: &Self, of: Of) -> Ratio {
        let pairs = self.0.iter().zip(&other.0);
        let ratios: Vec<f64> = pairs
            .map(|(one, other)| of.seconds(one) / of.seconds(other).max(1e-9))
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
