//! How long what is no longer needed is kept, as configured under `[retention]`.

use std::time::Duration;

use super::exposure::Origin;
use super::limits::Allowance;
use super::time::parse_duration;

/// The longest for places of code hosts, from when a case is closed: the agreements say within 30 days, and
/// the job that removes them needs a while.
const LONGEST_BY_AGREEMENT: Duration = Duration::from_secs(29 * 86_400);

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// How long the place where a token was seen is kept.
    pub places: PlacePolicy,
    /// Whether rows that are over are deleted. Places go either way.
    pub enabled: bool,
    /// How long letters are kept after they were sent.
    pub letters: Duration,
    /// How long letters are kept after they were given up.
    pub dead_letters: Duration,
    /// How long it is kept that a delivery came, and how it was answered.
    pub deliveries: Duration,
    /// How long requests to sign in are kept after they expired.
    pub login_codes: Duration,
    /// How long sessions are kept after they expired.
    pub sessions: Duration,
    /// How long it is kept that a client was told of a logout.
    pub logout_notices: Duration,
    /// How long messages to machines and the log of their tries are kept.
    pub webhooks: Duration,
    /// How long it is kept what became of tokens in event streams.
    pub events: Duration,
    /// How long quarantines are kept after they were settled.
    pub quarantines: Duration,
    /// How long it is kept who had everything of whom revoked, after that was done.
    pub bulk_revocations: Duration,
    /// How long network addresses are kept from which leaked tokens were tried and clients registered.
    pub addresses: Duration,
    /// How long rows of the audit log are kept.
    pub audit_log: Duration,
    /// How long the figures are kept that operators see over time.
    pub figures: Duration,
    /// How long access and refresh tokens, codes and customers' sessions are kept after they expired,
    /// however they ended.
    pub tokens: Duration,
}

/// Limits on codes look back this far.
pub const SHORTEST_LOGIN_CODES: Duration = Duration::from_secs(2 * 3_600);

/// A request with an `Idempotency-Key` may name one for so long.
pub const SHORTEST_BULK_REVOCATIONS: Duration = Duration::from_secs(86_400);

/// A limit on registrations looks back this far at most.
pub const SHORTEST_ADDRESSES: Duration = Allowance::LONGEST;

/// How long places are kept after their case was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacePolicy {
    usual: Duration,
    by_origin: Vec<(Origin, Duration)>,
}

/// Why places are not kept like that.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidPlacePolicy {
    /// Beyond what the agreement with a code host allows.
    #[error("what GitHub and GitLab report is kept for 29d at most")]
    TooLong,
    /// An entry that cannot be read.
    #[error("an entry is an origin and a duration, such as `internal 90d`, each origin once")]
    Unreadable,
}

impl PlacePolicy {
    /// `usual`, but for origins that an entry such as `internal 90d` names.
    ///
    /// # Errors
    /// When an entry cannot be read, or places of an origin would be kept for longer than the
    /// agreement with it allows.
    pub fn new<'e>(
        usual: Duration,
        entries: impl Iterator<Item = &'e str>,
    ) -> Result<Self, InvalidPlacePolicy> {
        let mut by_origin: Vec<(Origin, Duration)> = Vec::new();
        for entry in entries {
            let (name, keep) = entry
                .trim()
                .split_once(' ')
                .ok_or(InvalidPlacePolicy::Unreadable)?;
            let keep = parse_duration(keep).map_err(|_| InvalidPlacePolicy::Unreadable)?;
            let named = |(origin, _): &(Origin, Duration)| origin.as_str() == name;
            if by_origin.iter().any(named) {
                return Err(InvalidPlacePolicy::Unreadable);
            }
            if is_bound(name) && keep > LONGEST_BY_AGREEMENT {
                return Err(InvalidPlacePolicy::TooLong);
            }
            by_origin.push((Origin::from_stored(name.to_owned()), keep));
        }
        match usual > LONGEST_BY_AGREEMENT {
            // Origins without an entry are bound as well, whichever come to be.
            true => Err(InvalidPlacePolicy::TooLong),
            false => Ok(Self { usual, by_origin }),
        }
    }

    /// How long places that this origin reported are kept.
    #[must_use]
    pub fn of(&self, origin: &Origin) -> Duration {
        let own = self.by_origin.iter().find(|(named, _)| named == origin);
        own.map_or(self.usual, |(_, keep)| *keep)
    }
}

/// Whether an agreement says how long the origin's places may be kept.
fn is_bound(origin: &str) -> bool {
    origin == "github" || origin.starts_with("gitlab")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn policy(days: u32, entries: &[&str]) -> Result<PlacePolicy, InvalidPlacePolicy> {
        PlacePolicy::new(DAY * days, entries.iter().copied())
    }

    #[test]
    fn an_origin_has_its_own_time_or_the_usual_one() {
        let policy = policy(25, &["internal 90d", "github 2w"]).unwrap();
        let of = |name: &str| policy.of(&Origin::from_stored(name.to_owned()));
        assert_eq!(of("internal"), DAY * 90);
        assert_eq!(of("github"), DAY * 14);
        assert_eq!(of("gitlab"), DAY * 25);
    }

    #[test]
    fn what_code_hosts_report_is_gone_within_thirty_days() {
        assert!(policy(29, &["github 29d", "internal 52w"]).is_ok());
        let too_long = Err(InvalidPlacePolicy::TooLong);
        assert_eq!(policy(30, &["github 29d"]), too_long);
        for entry in ["github 30d", "gitlab 5w", "gitlab_revocation 30d"] {
            assert_eq!(policy(25, &[entry]), too_long, "{entry}");
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_refused() {
        let unreadable = Err(InvalidPlacePolicy::Unreadable);
        for entry in ["", "github", "github 0d", "github 30", "30d github"] {
            assert_eq!(policy(25, &[entry]), unreadable, "{entry}");
        }
        assert_eq!(policy(25, &["a 1d", "a 2d"]), unreadable);
    }
}
