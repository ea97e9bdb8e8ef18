//! How often somebody may do what anybody can try: every limit has its name and its allowance here.
//!
//! Most are counted in memory, in no more of it than some, and told to the other replicas each
//! second ([`share`]). Those that protect somebody's mailbox, or what stays in the database anyway,
//! are counted exactly, by rows ([`Limits::wait`]).

mod meter;
mod sharing;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::{Allowance, Client, Id, Limit, LimitPolicy, Organization, Timestamp, Token};
use meter::Meter;

pub use sharing::share;

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Whoever is at this network address. Those whose address nobody knows are one.
    Address(Option<IpAddr>),
    /// Whoever has this credential.
    Credential(Id<Token>),
    /// This client, whichever credential it presents.
    Client(Id<Client>),
    /// This organization, whichever token it presents.
    Organization(Id<Organization>),
}

impl Subject {
    /// By what it is told from others of its sort.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Address(address) => address.map(limited_by).unwrap_or_default(),
            Self::Credential(id) => id.to_string(),
            Self::Client(id) => id.to_string(),
            Self::Organization(id) => id.to_string(),
        }
    }
}

/// How somebody stands with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The limit.
    pub limit: Limit,
    /// What it allows.
    pub allowance: Allowance,
    /// How often it may be done at once from here on.
    pub remaining: u32,
    /// After how long everything may be done again.
    pub whole_in: Duration,
    /// How long to wait, for somebody who did it too often.
    pub wait: Option<Duration>,
}

impl Standing {
    /// The standing of somebody who must wait so long, where it is not counted in memory.
    #[must_use]
    pub const fn refused(limit: Limit, allowance: Allowance, wait: Duration) -> Self {
        Self {
            limit,
            allowance,
            remaining: 0,
            whole_in: wait,
            wait: Some(wait),
        }
    }
}

/// All limits.
#[derive(Debug)]
pub struct Limits(Vec<Counter>);

/// A limit, and what was counted.
#[derive(Debug)]
struct Counter {
    limit: Limit,
    allowance: Allowance,
    meter: Meter,
    refusals: AtomicU64,
}

impl Limits {
    /// Limits of which nothing was used.
    #[must_use]
    pub fn new(policy: &LimitPolicy) -> Self {
        let counter = |limit| {
            let allowance = policy.of(limit);
            Counter {
                limit,
                allowance,
                meter: Meter::new(allowance),
                refusals: AtomicU64::new(0),
            }
        };
        Self(Limit::ALL.into_iter().map(counter).collect())
    }

    /// Counts that somebody does something, unless they did it too often already.
    #[must_use]
    pub fn count(&self, limit: Limit, who: Subject, now: Timestamp) -> Option<Standing> {
        let counter = self.counter(limit)?;
        let (whole_again, wait) = match counter.meter.count(&who.text(), now) {
            Ok(whole_again) => (whole_again, None),
            Err((whole_again, wait)) => (whole_again, Some(wait)),
        };
        if wait.is_some() {
            counter.refusals.fetch_add(1, Ordering::Relaxed);
        }
        let whole_in = whole_again.since(now);
        let left = counter.allowance.within.saturating_sub(whole_in);
        let remaining = left.as_millis() / counter.allowance.each().as_millis().max(1);
        Some(Standing {
            limit,
            allowance: counter.allowance,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            whole_in,
            wait,
        })
    }

    /// How long to wait until something may be done again that was done at these times, oldest
    /// first, within what the limit counts over; `None` when it may be done now.
    #[must_use]
    pub fn wait(&self, limit: Limit, recent: &[Timestamp], now: Timestamp) -> Option<Duration> {
        let counter = self.counter(limit)?;
        let wait = wait(recent, counter.allowance, now);
        if wait.is_some() {
            counter.refusals.fetch_add(1, Ordering::Relaxed);
        }
        wait
    }

    /// What a limit counts over.
    #[must_use]
    pub fn within(&self, limit: Limit) -> Duration {
        self.counter(limit)
            .map_or(Allowance::LONGEST, |counter| counter.allowance.within)
    }

    /// What was refused since the process began, by limit.
    pub fn refusals(&self) -> impl Iterator<Item = (Limit, u64)> {
        let all = self.0.iter();
        all.map(|counter| (counter.limit, counter.refusals.load(Ordering::Relaxed)))
    }

    fn counter(&self, limit: Limit) -> Option<&Counter> {
        self.0.iter().find(|counter| counter.limit == limit)
    }
}

fn wait(recent: &[Timestamp], allowance: Allowance, now: Timestamp) -> Option<Duration> {
    let most = usize::try_from(allowance.most).unwrap_or(usize::MAX);
    let surplus = recent.len().checked_sub(most)?;
    let frees = recent.get(surplus)?;
    let wait = frees.plus(allowance.within).since(now);
    Some(wait.max(Duration::from_secs(1)))
}

/// What counts as one network address: an IPv6 network is a person's, not an address of it.
pub(super) fn limited_by(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_frees_a_place_when_the_oldest_request_is_an_hour_old() {
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        let recent = [at(0), at(10), at(20)];
        let hour = |most| Allowance {
            most,
            within: Duration::from_secs(3_600),
        };
        assert_eq!(wait(&recent, hour(4), at(30)), None);
        let half = Some(Duration::from_secs(1_800));
        assert_eq!(wait(&recent, hour(3), at(30)), half);
        let more = Some(Duration::from_secs(2_400));
        assert_eq!(wait(&recent, hour(2), at(30)), more);
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let text = |address: &str| limited_by(address.parse().unwrap());
        assert_eq!(text("203.0.113.7"), "203.0.113.7");
        assert_eq!(text("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(text("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(text("2001:db8:1:2::1"), text("2001:db8:1:2:ffff::1"));
    }

    #[test]
    fn a_standing_says_what_is_left_and_how_long_to_wait() {
        let hourly: Allowance = "3 in 1h".parse().unwrap();
        let limits = Limits::new(&LimitPolicy::new([hourly; Limit::ALL.len()]));
        let now = Timestamp::from_millis(1_790_000_000_000);
        let limit = Limit::GitlabReports;
        let count = || limits.count(limit, Subject::Address(None), now).unwrap();
        assert_eq!(
            [count().remaining, count().remaining, count().remaining],
            [2, 1, 0]
        );
        let refused = count();
        assert_eq!(
            (refused.remaining, refused.wait),
            (0, Some(Duration::from_secs(1_200)))
        );
        assert_eq!(refused.whole_in, Duration::from_secs(3_600));
        let refusals: Vec<_> = limits.refusals().filter(|(_, times)| *times > 0).collect();
        assert_eq!(refusals, [(limit, 1)]);
    }
}
