//! About how many tokens work: what a share of them is measured by. Counting all would cost more than
//! knowing is worth, so it is estimated from a sample, and every process keeps its own estimate.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Context;
use crate::storage::StorageError;
use crate::storage::tokens::{self, Sample};

/// How many tokens are looked at. Where there are more, the estimate is off by a hundredth or so.
const SAMPLE: i64 = 10_000;
/// Nobody has counted yet.
const UNKNOWN: u64 = u64::MAX;

/// The estimate, as this process holds it.
#[derive(Debug)]
pub struct LiveTokens(AtomicU64);

impl Default for LiveTokens {
    fn default() -> Self {
        Self(AtomicU64::new(UNKNOWN))
    }
}

impl LiveTokens {
    /// About how many there are; `None` before the first estimate.
    #[must_use]
    pub fn estimate(&self) -> Option<u64> {
        let estimate = self.0.load(Ordering::Relaxed);
        (estimate != UNKNOWN).then_some(estimate)
    }
}

/// Estimates anew. Reads as much whether there are many tokens or very many.
///
/// # Errors
/// When the database fails; the estimate stays as it was.
pub async fn refresh(ctx: &Context) -> Result<(), StorageError> {
    let sample = tokens::sample_live(&ctx.db, SAMPLE, ctx.clock.now()).await?;
    ctx.live_tokens
        .0
        .store(extrapolated(sample), Ordering::Relaxed);
    Ok(())
}

/// The sample reaches up to a digest; what part of all digests lies below it, is the part of all tokens
/// that was looked at.
fn extrapolated(sample: Sample) -> u64 {
    let live = u64::try_from(sample.live).unwrap_or_default();
    let Some(until) = sample.until else {
        return live;
    };
    let all = u128::from(live) * (u128::from(u64::MAX) + 1) / (u128::from(until) + 1);
    u64::try_from(all).unwrap_or(UNKNOWN).min(UNKNOWN - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(live: i64, until: Option<u64>) -> Sample {
        Sample {
            seen: SAMPLE,
            live,
            until,
        }
    }

    #[test]
    fn few_tokens_are_counted_and_many_estimated() {
        assert_eq!(extrapolated(sample(7, None)), 7);
        assert_eq!(extrapolated(sample(5_000, Some(u64::MAX))), 5_000);
        assert_eq!(extrapolated(sample(5_000, Some(u64::MAX / 4))), 20_000);
        assert_eq!(extrapolated(sample(0, Some(3))), 0);
    }

    proptest! {
        #[test]
        fn no_sample_is_taken_for_none(live in any::<i64>(), until in any::<Option<u64>>()) {
            let tokens = LiveTokens(AtomicU64::new(extrapolated(sample(live, until))));
            prop_assert!(tokens.estimate().is_some() || until.is_none());
        }

        #[test]
        fn evenly_spread_tokens_are_estimated_well(all in 20_000_u64..1_000_000) {
            let sampled = u64::try_from(SAMPLE).unwrap();
            let until = u64::MAX / all * sampled;
            let estimate = extrapolated(sample(SAMPLE / 2, Some(until)));
            prop_assert!(estimate.abs_diff(all / 2) <= all / 100, "{} of {}", estimate, all);
        }
    }
}
