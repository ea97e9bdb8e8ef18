//! When a receiver wants to be asked again (RFC 9110 10.2.3).

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::model::Timestamp;

/// No receiver is left alone for longer, whatever it says.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What `Retry-After` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so long.
    In(Duration),
    /// Not before then.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header among others.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(RETRY_AFTER)?.to_str().ok()?)
    }

    /// Reads the header's value: whole seconds, or a date in any form of HTTP. Anything else says nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More than fits is very long.
            let seconds = text.parse().unwrap_or(u64::MAX);
            return Some(Self::In(Duration::from_secs(seconds)));
        }
        let at = httpdate::parse_http_date(text).ok()?;
        let at = at.duration_since(UNIX_EPOCH).ok()?.as_millis();
        Some(Self::At(Timestamp::from_millis(at.try_into().ok()?)))
    }

    /// How long that is from now, a day at most.
    #[must_use]
    pub fn pause(self, now: Timestamp) -> Duration {
        let pause = match self {
            Self::In(pause) => pause,
            Self::At(at) => at.since(now),
        };
        pause.min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn pause(text: &str) -> Option<u64> {
        // Sun, 06 Nov 1994 08:49:07 GMT
        let now = Timestamp::from_millis(784_111_747_000);
        let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
        RetryAfter::read(&headers).map(|said| said.pause(now).as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood_a_day_is_the_most_and_the_rest_says_nothing() {
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("1994-11-06T08:49:37Z", None),
            ("später", None),
        ] {
            assert_eq!(pause(text), seconds, "{text}");
        }
    }
}
