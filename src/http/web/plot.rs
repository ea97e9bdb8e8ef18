//! A plot as SVG that needs neither script nor style of its own: bars, two on top of each other.

use crate::model::Timestamp;

/// The width of a plot's own units, and its height.
const WIDTH: u64 = 600;
/// The height of the highest bar.
const HEIGHT: u64 = 120;

/// What is counted, one value for each place, and what that is called.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) values: Vec<u64>,
    /// Whether it is shown, but not what the plot is about.
    pub(super) quiet: bool,
}

/// A bar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) quiet: bool,
}

/// A plot.
pub(super) struct Plot {
    pub(super) title: String,
    /// When it begins.
    pub(super) from: Timestamp,
    /// What each series is called and whether it is quiet; nothing where there is but one.
    pub(super) legend: Vec<(String, bool)>,
    /// What the highest bar stands for.
    pub(super) most: u64,
    /// The same in words.
    pub(super) most_said: String,
    pub(super) bars: Vec<Bar>,
}

impl Plot {
    /// A bar for each value of `first`, with what is at the same place of `second` on top of it.
    pub(super) fn new(
        title: impl Into<String>,
        from: Timestamp,
        first: Series,
        second: Option<Series>,
    ) -> Self {
        let upper = |place: usize| {
            let second = second.as_ref();
            let value = second.and_then(|second| second.values.get(place));
            value.copied().unwrap_or_default()
        };
        let places = first.values.iter().enumerate();
        let sums = places.map(|(place, low)| low.saturating_add(upper(place)));
        let most = sums.max().unwrap_or_default();
        let step = WIDTH / u64::try_from(first.values.len()).unwrap_or(1).max(1);
        let above = second.as_ref().is_some_and(|second| second.quiet);
        let mut bars = Vec::new();
        for (place, low) in first.values.iter().enumerate() {
            let x = step * u64::try_from(place).unwrap_or_default();
            let pair = [(*low, first.quiet), (upper(place), above)];
            bars.extend(stack(pair, most, (x, step)));
        }
        let legend = match second {
            None => Vec::new(),
            Some(second) => vec![(first.name, first.quiet), (second.name, second.quiet)],
        };
        Self {
            title: title.into(),
            from,
            legend,
            most,
            most_said: super::sheet::grouped(most),
            bars,
        }
    }

    /// With what the highest bar stands for in other words.
    pub(super) fn measured(mut self, say: impl FnOnce(u64) -> String) -> Self {
        self.most_said = say(self.most);
        self
    }
}

/// Up to two bars on top of each other.
fn stack(pair: [(u64, bool); 2], most: u64, (x, step): (u64, u64)) -> impl Iterator<Item = Bar> {
    let mut top = HEIGHT;
    pair.into_iter().filter_map(move |(value, quiet)| {
        let scaled = u128::from(value) * u128::from(HEIGHT) / u128::from(most.max(1));
        // What is there is seen.
        let height = u64::try_from(scaled).unwrap_or(HEIGHT);
        let height = height.max(u64::from(value > 0)).min(top);
        top -= height;
        (height > 0).then(|| Bar {
            x,
            y: top,
            width: step.saturating_sub(3).max(1),
            height,
            quiet,
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(values: Vec<u64>) -> Series {
        Series {
            name: String::new(),
            values,
            quiet: false,
        }
    }

    fn plot(first: Vec<u64>, second: Vec<u64>) -> Plot {
        let now = Timestamp::from_millis(0);
        Plot::new("", now, series(first), Some(series(second)))
    }

    proptest! {
        #[test]
        fn every_bar_is_on_the_plot(first: Vec<u64>, second: Vec<u64>) {
            let plot = plot(first, second);
            for bar in &plot.bars {
                prop_assert!(bar.height > 0 && bar.y + bar.height <= HEIGHT, "{bar:?}");
            }
        }
    }

    #[test]
    fn the_highest_is_as_high_as_the_plot_and_nothing_is_no_bar() {
        let plot = plot(vec![0, 2], vec![0, 2]);
        let heights: Vec<_> = plot.bars.iter().map(|bar| (bar.y, bar.height)).collect();
        assert_eq!((plot.most, heights), (4, vec![(60, 60), (0, 60)]));
    }
}
