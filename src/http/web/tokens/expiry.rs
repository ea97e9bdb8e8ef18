//! When a new token ends: a few usual spans, a day, or never, as far as operators allow.

use std::time::Duration;

use crate::model::Timestamp;
use crate::model::access_token::parse_last_day;

const DAY: Duration = Duration::from_secs(86_400);

/// What is offered, in days.
const USUAL: [u32; 5] = [7, 30, 60, 90, 365];
/// What is chosen unless somebody chooses.
const DEFAULT: u32 = 30;

/// What somebody chose, as forms and addresses say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct Chosen {
    /// A number of days, `date` or `never`.
    pub(super) choice: String,
    /// The last day (`2027-01-31`), for `date`.
    pub(super) date: String,
}

/// What may be chosen, and what is.
pub(in crate::http) struct ExpiryView {
    /// Spans in days, each with whether it is chosen.
    pub(super) days: Vec<(u32, bool)>,
    /// Whether a day is chosen.
    pub(super) by_date: bool,
    /// Which.
    pub(super) date: String,
    /// The first day that may be chosen, and the last.
    pub(super) first: String,
    pub(super) last: Option<String>,
    /// Whether it may live until it is revoked, and whether that is chosen.
    pub(super) never: Option<bool>,
}

/// Why a choice is none, as the name of a text.
pub(super) type Wrong = &'static str;

impl Chosen {
    /// How long a token lives that is made now; `None` is until it is revoked.
    pub(super) fn lifetime(
        &self,
        now: Timestamp,
        most: Option<Duration>,
    ) -> Result<Option<Duration>, Wrong> {
        let lifetime = match &*self.choice {
            "never" => None,
            "date" => Some(self.until_day(now)?),
            days => {
                let days = USUAL.iter().find(|usual| usual.to_string() == days);
                Some(DAY * *days.ok_or("token-expiry-missing")?)
            }
        };
        match (most, lifetime) {
            (Some(_), None) => Err("token-expiry-too-long"),
            (Some(most), Some(wanted)) if wanted > most => Err("token-expiry-too-long"),
            _ => Ok(lifetime),
        }
    }

    fn until_day(&self, now: Timestamp) -> Result<Duration, Wrong> {
        let over = parse_last_day(&self.date).ok_or("token-expiry-no-date")?;
        let far = Duration::from_secs(100 * 365 * 86_400);
        match over.since(now) {
            Duration::ZERO => Err("token-expiry-past"),
            lifetime if lifetime > far => Err("token-expiry-too-long"),
            lifetime => Ok(lifetime),
        }
    }

    /// What may be chosen, with this chosen.
    pub(super) fn view(&self, now: Timestamp, most: Option<Duration>) -> ExpiryView {
        let allowed = |days: &u32| most.is_none_or(|most| DAY * *days <= most);
        let offered: Vec<u32> = USUAL.into_iter().filter(allowed).collect();
        let usual = offered.iter().rev().find(|days| **days <= DEFAULT);
        let usual = usual.or(offered.last()).copied();
        let chosen = USUAL.iter().find(|days| days.to_string() == self.choice);
        let (by_date, never) = (self.choice == "date", self.choice == "never");
        let chosen = chosen.copied().filter(|days| offered.contains(days));
        let chosen = chosen.or(usual).filter(|_| !by_date && !never);
        ExpiryView {
            days: offered
                .into_iter()
                .map(|days| (days, chosen == Some(days)))
                .collect(),
            by_date: by_date || usual.is_none(),
            // The field shows nothing else.
            date: parse_last_day(&self.date).map_or_else(String::new, |_| self.date.clone()),
            first: day(now),
            last: most.map(|most| day(now.plus(most).minus(DAY))),
            never: most.is_none().then_some(never),
        }
    }
}

/// A day as forms write it.
fn day(at: Timestamp) -> String {
    at.to_utc().date().to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-27T04:00:00Z
    const NOW: Timestamp = Timestamp::from_millis(1_795_752_000_000);

    fn chosen(choice: &str, date: &str) -> Chosen {
        Chosen {
            choice: choice.to_owned(),
            date: date.to_owned(),
        }
    }

    #[test]
    fn a_choice_is_a_span_a_day_or_no_end() {
        let lifetime = |choice: &str, date: &str, most| chosen(choice, date).lifetime(NOW, most);
        assert_eq!(lifetime("30", "", None), Ok(Some(DAY * 30)));
        assert_eq!(lifetime("never", "", None), Ok(None));
        let today = lifetime("date", "2026-11-27", None);
        assert_eq!(today, Ok(Some(Duration::from_secs(20 * 3_600))));
        for (choice, date, wrong) in [
            ("", "", "token-expiry-missing"),
            ("31", "", "token-expiry-missing"),
            ("+7", "", "token-expiry-missing"),
            ("date", "", "token-expiry-no-date"),
            ("date", "2026-11-26", "token-expiry-past"),
            ("date", "9000-01-01", "token-expiry-too-long"),
        ] {
            assert_eq!(lifetime(choice, date, None), Err(wrong), "{choice} {date}");
        }
        for (choice, date) in [("never", ""), ("60", ""), ("date", "2027-01-31")] {
            let limited = lifetime(choice, date, Some(DAY * 30));
            assert_eq!(limited, Err("token-expiry-too-long"), "{choice} {date}");
        }
    }

    #[test]
    fn only_what_is_allowed_is_offered_and_a_month_is_usual() {
        let all = Chosen::default().view(NOW, None);
        let offered = [
            (7, false),
            (30, true),
            (60, false),
            (90, false),
            (365, false),
        ];
        assert_eq!(all.days, offered);
        assert_eq!((all.never, all.last), (Some(false), None));
        let limited = chosen("never", "").view(NOW, Some(DAY * 20));
        assert_eq!((limited.days, limited.never), (vec![(7, false)], None));
        let short = Chosen::default().view(NOW, Some(DAY * 20));
        assert_eq!(short.days, [(7, true)]);
        assert_eq!(short.last.as_deref(), Some("2026-12-16"));
        assert!(Chosen::default().view(NOW, Some(DAY)).by_date);
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_no_longer_than_allowed(choice: String, date in "[0-9-]{0,10}") {
            for choice in [&*choice, "date"] {
                let lifetime = chosen(choice, &date).lifetime(NOW, Some(DAY * 90));
                if let Ok(lifetime) = lifetime {
                    prop_assert!(lifetime.is_some_and(|one| one <= DAY * 90));
                }
            }
        }
    }
}
