//! Values as several commands read or show them.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use crate::config::Problem;
use crate::model::{Id, Timestamp};

/// How many items a list shows when nobody chose.
pub(super) const PAGE: u32 = 100;
/// How many it may show at most.
pub(super) const LARGEST_PAGE: i64 = 10_000;

#[derive(Debug, thiserror::Error)]
#[error("an id is a UUID, such as 01993c7e-8a52-7c3f-9b1d-2f6f0a4d5e61")]
pub(super) struct InvalidId;

/// Reads an id. A token itself is none.
pub(super) fn id<T>(text: &str) -> Result<Id<T>, InvalidId> {
    Id::from_str(text).map_err(|_| InvalidId)
}

/// Reads a moment.
pub(super) fn when(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("a date and time as RFC 3339 writes it")
}

/// A moment for scripts: RFC 3339.
pub(super) fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// A value for people, or what its absence means.
pub(super) fn or(value: Option<impl Display>, absent: &str) -> String {
    value.map_or_else(|| absent.to_owned(), |value| value.to_string())
}

/// How long something takes or waits, in its largest whole unit.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A configured duration, to the second: `36h` is `1d 12h`.
pub(super) fn exactly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let filled = parts.iter().filter(|(count, _)| *count > 0);
    let filled = filled.map(|(count, unit)| format!("{count}{unit}"));
    match seconds {
        0 => "0s".to_owned(),
        _ => filled.collect::<Vec<_>>().join(" "),
    }
}

/// A problem with the configuration, for scripts.
#[derive(Serialize)]
pub(super) struct ProblemView<'a> {
    key: &'a str,
    from: String,
    wrong: &'a str,
    right: &'a str,
}

impl<'a> ProblemView<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        Self {
            key: &problem.key,
            from: problem.from.to_string(),
            wrong: &problem.wrong,
            right: &problem.right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_whole_unit() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (7_199, "1h"),
            (172_800, "2d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_configured_duration_is_told_exactly() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (5_400, "1h 30m"),
            (129_600, "1d 12h"),
            (604_800, "7d"),
            (90_061, "1d 1h 1m 1s"),
        ] {
            assert_eq!(exactly(Duration::from_secs(seconds)), text);
        }
    }
}
