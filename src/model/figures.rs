//! What is counted over time, for operators to see.

use std::time::Duration;

/// Upper bounds of how long a delivery took from its arrival to its commit, in milliseconds. What took
/// longer than the last is counted behind it.
const BOUNDS: [u64; 14] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 15_000,
];

/// The names of what took no longer than the bound at the same place.
const TO_COMMIT: [&str; 15] = [
    "to_commit_00",
    "to_commit_01",
    "to_commit_02",
    "to_commit_03",
    "to_commit_04",
    "to_commit_05",
    "to_commit_06",
    "to_commit_07",
    "to_commit_08",
    "to_commit_09",
    "to_commit_10",
    "to_commit_11",
    "to_commit_12",
    "to_commit_13",
    "to_commit_14",
];

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Reports of what we issued.
    TruePositives,
    /// Reports of what we never issued.
    FalsePositives,
    /// Tokens that died, whatever they died of.
    Revocations,
    /// Deliveries that took so long from arrival to commit; see [`Figure::to_commit`].
    ToCommit(usize),
    /// How long the oldest waiting letter had waited at most, in milliseconds. Of several, the largest
    /// counts.
    OutboxAge,
}

impl Figure {
    /// The one that counts a delivery that took so long from its arrival to its commit.
    #[must_use]
    pub fn to_commit(took: Duration) -> Self {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| millis <= *bound);
        Self::ToCommit(place.unwrap_or(BOUNDS.len()))
    }

    /// The name as stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TruePositives => "true_positives",
            Self::FalsePositives => "false_positives",
            Self::Revocations => "revocations",
            Self::OutboxAge => "outbox_age",
            Self::ToCommit(place) => TO_COMMIT.get(place).copied().unwrap_or("to_commit_14"),
        }
    }

    /// Reads a name as it was stored; `None` for one that a newer version wrote.
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        let others = [
            Self::TruePositives,
            Self::FalsePositives,
            Self::Revocations,
            Self::OutboxAge,
        ];
        let place = TO_COMMIT.iter().position(|known| *known == name);
        let mut others = others.into_iter();
        place
            .map(Self::ToCommit)
            .or_else(|| others.find(|figure| figure.name() == name))
    }
}

/// How long deliveries took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    counts: [u64; BOUNDS.len() + 1],
}

/// What a part of all deliveries took at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtMost {
    /// So long.
    Within(Duration),
    /// Longer than this, which is as far as is told apart.
    Beyond(Duration),
}

impl Spread {
    /// Counts `number` more at this place of [`Figure::ToCommit`].
    pub fn add(&mut self, place: usize, number: u64) {
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(number);
        }
    }

    /// How many there were.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// What `percent` of them took at most; `None` when there were none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<AtMost> {
        let all = u128::from(self.number());
        let wanted = (all * u128::from(percent)).div_ceil(100).max(1);
        let mut so_far = 0_u128;
        let place = self.counts.iter().position(|count| {
            so_far += u128::from(*count);
            so_far >= wanted
        })?;
        let longest = BOUNDS.last().copied().unwrap_or_default();
        Some(match BOUNDS.get(place) {
            Some(bound) => AtMost::Within(Duration::from_millis(*bound)),
            None => AtMost::Beyond(Duration::from_millis(longest)),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn within(millis: u64) -> Option<AtMost> {
        Some(AtMost::Within(Duration::from_millis(millis)))
    }

    #[test]
    fn every_figure_is_known_by_its_name() {
        let places = (0..TO_COMMIT.len()).map(Figure::ToCommit);
        let others = [
            Figure::TruePositives,
            Figure::FalsePositives,
            Figure::Revocations,
            Figure::OutboxAge,
        ];
        for figure in places.chain(others) {
            assert_eq!(Figure::from_stored(figure.name()), Some(figure));
        }
        assert_eq!(Figure::from_stored("moons"), None);
    }

    #[test]
    fn half_of_them_and_nearly_all_of_them_took_at_most_so_long() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentile(50), None);
        for (millis, number) in [(0, 50), (4, 44), (60_000, 6)] {
            let Figure::ToCommit(place) = Figure::to_commit(Duration::from_millis(millis)) else {
                panic!("it counts times");
            };
            spread.add(place, number);
        }
        assert_eq!(spread.number(), 100);
        assert_eq!(spread.percentile(50), within(1));
        assert_eq!(spread.percentile(51), within(5));
        assert_eq!(spread.percentile(94), within(5));
        let beyond = AtMost::Beyond(Duration::from_millis(15_000));
        assert_eq!(spread.percentile(95), Some(beyond));
    }

    proptest! {
        #[test]
        fn a_larger_part_never_took_less(counts: [u32; 15], low in 0_u64..=100, high in 0_u64..=100) {
            let mut spread = Spread::default();
            for (place, count) in counts.iter().enumerate() {
                spread.add(place, u64::from(*count));
            }
            let bound = |percent| match spread.percentile(percent) {
                None => Duration::ZERO,
                Some(AtMost::Within(bound)) => bound,
                Some(AtMost::Beyond(_)) => Duration::MAX,
            };
            prop_assert!(bound(low.min(high)) <= bound(low.max(high)));
        }
    }
}
