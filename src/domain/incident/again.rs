//! What is said and decided about places that had been written down before.

use std::collections::{HashMap, HashSet};

use super::{Incident, Record};
use crate::model::{Exposure, Id, Reaction, Token};
use crate::storage::exposures::{self, FreshExposure, Redecided};
use crate::storage::{StorageError, Tx};

/// What was known of tokens when a report of them came.
pub(super) struct Before {
    /// Places that were not known: their records are new.
    pub(super) fresh: HashSet<Id<Exposure>>,
    /// Of each token of which something else is decided now, the records of places at which it had only
    /// been observed; the oldest first.
    observed: HashMap<Id<Token>, Vec<Id<Exposure>>>,
}

impl Before {
    pub(super) async fn list(
        tx: &mut Tx,
        records: &[Record<'_>],
        written: &[FreshExposure],
    ) -> Result<Self, StorageError> {
        let fresh: HashSet<_> = written.iter().map(|fresh| fresh.id).collect();
        let elsewhere = written.iter().filter(|fresh| fresh.was_observed);
        let elsewhere: HashSet<_> = elsewhere.map(|fresh| fresh.id).collect();
        let concerns = |record: &&Record<'_>| {
            let known = !record.is_in(&fresh) || record.is_in(&elsewhere);
            known && record.new.exposure.decision.reaction != Reaction::Observe
        };
        let tokens = records.iter().filter(concerns);
        let mut tokens: Vec<_> = tokens.map(|record| record.case.id()).collect();
        tokens.dedup();
        let mut observed: HashMap<_, Vec<_>> = HashMap::new();
        if !tokens.is_empty() {
            for (token, exposure) in exposures::list_observed(tx, &tokens).await? {
                observed.entry(token).or_default().push(exposure);
            }
        }
        Ok(Self { fresh, observed })
    }

    /// The records of the places at which it was only observed.
    fn of(&self, record: &Record<'_>) -> &[Id<Exposure>] {
        let observed = self.observed.get(&record.case.id());
        observed.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether something else is decided about a token than only to observe it, as before.
    pub(super) fn observes(&self, record: &Record<'_>) -> bool {
        self.observed.contains_key(&record.case.id())
    }
}

impl Incident<'_> {
    /// A token may die although every place of it was known: it lived on when they were written down, or
    /// came back since. Or something is done about it for the first time, because it was only observed. Its
    /// owner was told something else, or nothing. Who hears of a new place hears what became of the token as
    /// well.
    pub(super) fn again<'r, 'a>(
        &self,
        records: &'r [Record<'a>],
        before: &Before,
    ) -> Vec<&'r Record<'a>> {
        let fresh = records.iter().filter(|record| record.is_in(&before.fresh));
        let heard: HashSet<_> = fresh.map(|record| record.case.id()).collect();
        let stale = |record: &&Record<'_>| !heard.contains(&record.case.id());
        let mut again: Vec<_> = records
            .iter()
            .filter(stale)
            .filter(|record| self.reacted.revoked.holds(record.case) || before.observes(record))
            .collect();
        again.dedup_by_key(|record| record.case.id());
        again
    }

    /// What is decided now counts for the places of tokens that died now, and for those that had only been
    /// observed until now.
    pub(super) async fn decide_anew(
        &self,
        tx: &mut Tx,
        records: &[Record<'_>],
        before: &Before,
    ) -> Result<(), StorageError> {
        let died = |record: &Record<'_>| self.reacted.revoked.holds(record.case);
        let mut changed: Vec<_> = records
            .iter()
            .filter(|record| {
                let known = !record.is_in(&before.fresh);
                before.observes(record) || (known && died(record))
            })
            .collect();
        changed.dedup_by_key(|record| record.case.id());
        let changed: Vec<_> = changed
            .iter()
            .map(|record| Redecided {
                token: record.case.id(),
                decision: &record.new.exposure.decision,
                died: died(record),
                observed: before.of(record),
            })
            .collect();
        match changed.is_empty() {
            true => Ok(()),
            false => exposures::redecide(tx, &changed, self.at).await,
        }
    }
}
