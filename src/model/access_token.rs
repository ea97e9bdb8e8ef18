//! What owners say about their personal and organization access tokens: how long one shall live,
//! and in which order they want to see them.

use std::str::FromStr;
use std::time::Duration;

use time::Date;

use super::time::Timestamp;

/// A hundred years: beyond it a date is a mistake, and arithmetic stays far from overflow.
const LONGEST: u64 = 3_155_760_000;
const DAY: u64 = 86_400;

/// The text or number is no lifetime.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a lifetime is whole seconds, or a duration such as P30D, PT1H or P1Y, of at least 1 s")]
pub struct InvalidLifetime;

/// A lifetime in seconds.
///
/// # Errors
/// When it is zero, or longer than a hundred years.
pub fn lifetime_of_seconds(seconds: u64) -> Result<Duration, InvalidLifetime> {
    match (1..=LONGEST).contains(&seconds) {
        true => Ok(Duration::from_secs(seconds)),
        false => Err(InvalidLifetime),
    }
}

/// Reads a duration (ISO 8601: `P1Y`, `P30D`, `PT1H`, `P1DT12H`). A year has 365 days and a month
/// 30, as Polar reads them.
///
/// # Errors
/// When it is none, is negative or zero, or longer than a hundred years.
pub fn parse_lifetime(text: &str) -> Result<Duration, InvalidLifetime> {
    let rest = text.strip_prefix('P').ok_or(InvalidLifetime)?;
    let (days, clock) = match rest.split_once('T') {
        Some((_, "")) => return Err(InvalidLifetime),
        Some((days, clock)) => (days, clock),
        None => (rest, ""),
    };
    const DAYS: [(char, u64); 4] = [
        ('Y', 365 * DAY),
        ('M', 30 * DAY),
        ('W', 7 * DAY),
        ('D', DAY),
    ];
    const CLOCK: [(char, u64); 3] = [('H', 3_600), ('M', 60), ('S', 1)];
    let seconds = sum(days, &DAYS)?.checked_add(sum(clock, &CLOCK)?);
    lifetime_of_seconds(seconds.ok_or(InvalidLifetime)?)
}

/// The sum of numbers that are each followed by a unit; units in order, each at most once.
fn sum(text: &str, units: &[(char, u64)]) -> Result<u64, InvalidLifetime> {
    let mut units = units.iter();
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let (number, tail) = rest.split_at(end.ok_or(InvalidLifetime)?);
        let name = tail.chars().next().ok_or(InvalidLifetime)?;
        let (_, seconds) = units
            .find(|(unit, _)| *unit == name)
            .ok_or(InvalidLifetime)?;
        let number: u64 = number.parse().map_err(|_| InvalidLifetime)?;
        total = number
            .checked_mul(*seconds)
            .and_then(|more| total.checked_add(more))
            .ok_or(InvalidLifetime)?;
        rest = tail.strip_prefix(name).unwrap_or_default();
    }
    Ok(total)
}

/// Reads a day (`2027-01-31`) as the last one on which something works: the moment it is over in UTC.
#[must_use]
pub fn parse_last_day(text: &str) -> Option<Timestamp> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let number = |part: &str, digits: usize| {
        let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let month = u8::try_from(number(month, 2)?).ok()?.try_into().ok()?;
    let day = u8::try_from(number(day, 2)?).ok()?;
    let date = Date::from_calendar_date(number(year, 4)?.into(), month, day).ok()?;
    let over = date.next_day()?.midnight().assume_utc();
    Some(Timestamp::from_millis(
        over.unix_timestamp().checked_mul(1_000)?,
    ))
}

/// By what a list of tokens is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// When they were made.
    CreatedAt,
    /// What their owner calls them.
    Comment,
    /// When they were last used; those that never were come before the others.
    LastUsedAt,
    /// Whose they are.
    Organization,
}

/// One step of an order, written `created_at` or, the other way around, `-created_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorting {
    /// By what.
    pub key: SortKey,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// The text names no order.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the orders are created_at, comment, last_used_at and organization_id, each with or without -"
)]
pub struct UnknownOrder;

impl FromStr for Sorting {
    type Err = UnknownOrder;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let key = match name {
            "created_at" => SortKey::CreatedAt,
            "comment" => SortKey::Comment,
            "last_used_at" => SortKey::LastUsedAt,
            "organization_id" => SortKey::Organization,
            _ => return Err(UnknownOrder),
        };
        Ok(Self { key, descending })
    }
}

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageWindow {
    /// Which, from 1.
    pub page: u64,
    /// How many there are on one.
    pub limit: u32,
}

impl PageWindow {
    /// How many come before it.
    #[must_use]
    pub fn offset(self) -> i64 {
        let before = self
            .page
            .saturating_sub(1)
            .saturating_mul(u64::from(self.limit));
        i64::try_from(before).unwrap_or(i64::MAX)
    }

    /// How many pages so many make.
    #[must_use]
    pub fn pages(self, total: u64) -> u64 {
        total.div_ceil(u64::from(self.limit.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lifetimes_are_read_as_iso_8601_writes_them() {
        for (text, seconds) in [
            ("P30D", 30 * DAY),
            ("PT1H", 3_600),
            ("P1Y", 365 * DAY),
            ("P1M", 30 * DAY),
            ("P2W", 14 * DAY),
            ("P1DT12H30M5S", DAY + 45_005),
            ("PT90S", 90),
        ] {
            assert_eq!(
                parse_lifetime(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_would_be_endless_or_over_at_once_is_no_lifetime() {
        for wrong in [
            "",
            "P",
            "PT",
            "P0D",
            "PT0S",
            "-P1D",
            "P-1D",
            "P1DT",
            "P1H",
            "PT1D",
            "P1D1Y",
            "P1D1D",
            "30d",
            "P1.5D",
            "P101Y",
            "P99999999999999999999D",
            "P٣D",
            "p1d",
            "P1D ",
            "3600",
        ] {
            assert_eq!(parse_lifetime(wrong), Err(InvalidLifetime), "{wrong}");
        }
        assert_eq!(lifetime_of_seconds(0), Err(InvalidLifetime));
        assert_eq!(lifetime_of_seconds(u64::MAX), Err(InvalidLifetime));
    }

    #[test]
    fn a_last_day_is_over_when_the_next_one_begins() {
        for (text, over) in [
            ("2027-01-31", Some("2027-02-01T00:00:00Z")),
            ("2028-02-29", Some("2028-03-01T00:00:00Z")),
            ("2027-02-29", None),
            ("2027-13-01", None),
            ("2027-1-1", None),
            ("+027-01-01", None),
            ("9999-12-31", None),
            ("2027-01-31T00:00", None),
            ("", None),
        ] {
            let read = parse_last_day(text).map(|over| over.to_string());
            assert_eq!(read.as_deref(), over, "{text}");
        }
    }

    #[test]
    fn pages_are_counted_from_one() {
        let window = PageWindow { page: 3, limit: 10 };
        assert_eq!((window.offset(), window.pages(21)), (20, 3));
        assert_eq!(window.pages(0), 0);
        let far = PageWindow {
            page: u64::MAX,
            limit: 100,
        };
        assert_eq!(far.offset(), i64::MAX);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "P?[0-9YMWDTHS-]{0,24}") {
            if let Ok(lifetime) = parse_lifetime(&text) {
                prop_assert!((1..=LONGEST).contains(&lifetime.as_secs()));
            }
            let _ = text.parse::<Sorting>();
            let _ = parse_last_day(&text.replace('P', ""));
        }
    }
}
