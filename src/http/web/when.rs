//! Moments on pages: how long ago or how far off, with the exact time for whoever points at it. A
//! script puts that into the reader's own zone.

use std::fmt;
use std::time::Duration;

use askama::filters::HtmlSafe;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::language::Language;
use super::texts::{self, Said};
use crate::model::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// From how far on the date says more than the number of days, in seconds.
const FAR: u64 = 45 * DAY;

/// A moment as HTML: a `time` element.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct When {
    pub(super) at: Timestamp,
    pub(super) now: Timestamp,
    pub(super) language: Language,
    /// Whether the date and the time of day are shown at once.
    pub(super) exact: bool,
}

impl When {
    fn roughly(&self, at: OffsetDateTime) -> Said<'static> {
        let future = self.at > self.now;
        let away = match future {
            true => self.at.since(self.now),
            false => self.now.since(self.at),
        };
        let (id, count) = match (away.as_secs(), future) {
            (0..MINUTE, _) => ("time-now", 0),
            (FAR.., _) => return texts::date(self.language, at),
            (seconds @ ..HOUR, true) => ("time-in-minutes", seconds / MINUTE),
            (seconds @ ..HOUR, false) => ("time-minutes-ago", seconds / MINUTE),
            (seconds @ ..DAY, true) => ("time-in-hours", seconds / HOUR),
            (seconds @ ..DAY, false) => ("time-hours-ago", seconds / HOUR),
            (seconds, true) => ("time-in-days", seconds / DAY),
            (seconds, false) => ("time-days-ago", seconds / DAY),
        };
        Said::new(self.language, id).with("count", count)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_utc();
        let machine = at.format(&Rfc3339).map_err(|_| fmt::Error)?;
        let exactly = texts::moment(self.language, at);
        match self.exact {
            true => write!(f, r#"<time datetime="{machine}">{exactly}</time>"#),
            false => {
                let roughly = self.roughly(at);
                write!(
                    f,
                    r#"<time datetime="{machine}" title="{exactly}">{roughly}</time>"#
                )
            }
        }
    }
}

// Numbers, and words of our own.
impl HtmlSafe for When {}

/// A span of time in words, in the largest unit that it fills: `3 hours`.
pub(in crate::http) fn span(language: Language, span: Duration) -> Said<'static> {
    let (id, count) = match span.as_secs() {
        0 => (
            "span-milliseconds",
            u64::try_from(span.as_millis()).unwrap_or(u64::MAX),
        ),
        seconds @ 1..MINUTE => ("span-seconds", seconds),
        seconds @ MINUTE..HOUR => ("span-minutes", seconds / MINUTE),
        seconds @ HOUR..DAY => ("span-hours", seconds / HOUR),
        seconds => ("span-days", seconds / DAY),
    };
    Said::new(language, id).with("count", count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_441_600_000);

    fn shown(at: Timestamp, language: Language) -> String {
        let exact = false;
        When {
            at,
            now: NOW,
            language,
            exact,
        }
        .to_string()
    }

    #[test]
    fn a_moment_says_how_long_ago_it_was_and_exactly_when() {
        let seconds = |count| NOW.minus(Duration::from_secs(count));
        for (at, words) in [
            (NOW, "just now"),
            (seconds(60), "1 minute ago"),
            (seconds(7_199), "1 hour ago"),
            (seconds(3 * DAY), "3 days ago"),
            (seconds(400 * DAY), "29 November 2024"),
            (NOW.plus(Duration::from_secs(2 * DAY)), "in 2 days"),
        ] {
            let html = shown(at, Language::English);
            assert!(html.contains(&format!(">{words}</time>")), "{html}");
        }
        assert_eq!(
            shown(seconds(HOUR), Language::German),
            "<time datetime=\"2026-01-03T11:00:00Z\" title=\"3. Januar 2026, 11:00 UTC\">\
             vor 1 Stunde</time>"
        );
    }
}
