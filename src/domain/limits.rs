//! How often strangers may do what costs us something: so often in an hour, by network address.

use std::net::IpAddr;
use std::time::Duration;

use crate::model::Timestamp;

/// What limits are about.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// How long to wait until there are fewer than `most` within an hour, when `recent` are there,
/// oldest first; `None` when there are fewer now.
pub(super) fn wait(recent: &[Timestamp], most: u32, now: Timestamp) -> Option<Duration> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let surplus = recent.len().checked_sub(most)?;
    let frees = recent.get(surplus)?;
    Some(frees.plus(HOUR).since(now).max(Duration::from_secs(1)))
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
        assert_eq!(wait(&recent, 4, at(30)), None);
        assert_eq!(wait(&recent, 3, at(30)), Some(Duration::from_secs(1_800)));
        assert_eq!(wait(&recent, 2, at(30)), Some(Duration::from_secs(2_400)));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let text = |address: &str| limited_by(address.parse().unwrap());
        assert_eq!(text("203.0.113.7"), "203.0.113.7");
        assert_eq!(text("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(text("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(text("2001:db8:1:2::1"), text("2001:db8:1:2:ffff::1"));
    }
}
