//! A plot as SVG that needs neither script nor style of its own: bars, two on top of each other.

/// The width of a plot's own units, and its height.
pub(super) const WIDTH: u64 = 600;
/// The height of the highest bar.
pub(super) const HEIGHT: u64 = 120;

/// A bar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) second: bool,
}

/// A plot.
pub(super) struct Plot {
    pub(super) title: String,
    /// What the highest bar stands for.
    pub(super) most: u64,
    pub(super) bars: Vec<Bar>,
}

impl Plot {
    /// A bar for each of `first`, with what is at the same place of `second` on top of it.
    pub(super) fn new(title: String, first: &[u64], second: &[u64]) -> Self {
        let upper = |place: usize| second.get(place).copied().unwrap_or_default();
        let sums = first
            .iter()
            .enumerate()
            .map(|(place, low)| low.saturating_add(upper(place)));
        let most = sums.max().unwrap_or_default();
        let step = WIDTH / u64::try_from(first.len()).unwrap_or(1).max(1);
        let scaled = |value: u64| {
            let scaled = u128::from(value) * u128::from(HEIGHT) / u128::from(most.max(1));
            // What is there is seen.
            u64::try_from(scaled)
                .unwrap_or(HEIGHT)
                .max(u64::from(value > 0))
        };
        let mut bars = Vec::new();
        let mut x = 0;
        for (place, low) in first.iter().enumerate() {
            let mut top = HEIGHT;
            for (value, second) in [(*low, false), (upper(place), true)] {
                let height = scaled(value).min(top);
                top -= height;
                if height > 0 {
                    let width = step.saturating_sub(3).max(1);
                    bars.push(Bar {
                        x,
                        y: top,
                        width,
                        height,
                        second,
                    });
                }
            }
            x += step;
        }
        Self { title, most, bars }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_bar_is_on_the_plot(first: Vec<u64>, second: Vec<u64>) {
            let plot = Plot::new(String::new(), &first, &second);
            for bar in &plot.bars {
                prop_assert!(bar.height > 0 && bar.y + bar.height <= HEIGHT, "{bar:?}");
            }
        }
    }

    #[test]
    fn the_highest_is_as_high_as_the_plot_and_nothing_is_no_bar() {
        let plot = Plot::new(String::new(), &[0, 2], &[0, 2]);
        let heights: Vec<_> = plot.bars.iter().map(|bar| (bar.y, bar.height)).collect();
        assert_eq!((plot.most, heights), (4, vec![(60, 60), (0, 60)]));
    }
}
