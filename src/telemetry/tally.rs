//! What was counted since somebody last took it, to be written down for operators to see over time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::Figure;

/// So much of each figure.
pub type Counts = BTreeMap<Figure, u64>;

/// What was counted and not taken yet.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

impl Tally {
    /// Counts `number` more.
    pub(super) fn add(&self, figure: Figure, number: u64) {
        if number > 0 {
            let mut counts = self.counts();
            let count = counts.entry(figure).or_default();
            *count = count.saturating_add(number);
        }
    }

    /// Takes everything, and begins again at nothing.
    pub(super) fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
