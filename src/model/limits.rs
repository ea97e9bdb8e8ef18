//! Limits: how often somebody may do what anybody can try, as configured under `[limits]`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::time::parse_duration;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Codes mailed to one e-mail address.
    LoginCodes,
    /// Codes asked for from one network address.
    LoginCodesFromAddress,
    /// Clients registered from one network address.
    Registrations,
    /// Requests of one network address to have credentials revoked by presenting them.
    CredentialRevocations,
    /// Questions of a GitLab of one's own, by network address.
    GitlabQuestions,
    /// Reports of a GitLab of one's own, by network address.
    GitlabReports,
    /// Wrong secrets of who poses as that GitLab, by network address.
    GitlabWrongSecrets,
    /// Deliveries of one network address whose signature does not hold.
    UnverifiedDeliveries,
    /// Service keys that do not work, from one network address.
    WrongServiceKeys,
    /// Tokens that do not work where they are shown to us, from one network address.
    WrongTokens,
    /// Introspections of one network address by nobody who may ask.
    FailedIntrospections,
    /// Requests of one network address to the token endpoint that failed.
    FailedTokenRequests,
    /// Users signed out everywhere with one service key.
    GlobalRevocations,
    /// Requests of one receiver about its event streams, and to fetch what waits in them.
    StreamRequests,
    /// Requests of one organization, by its own tokens, about its webhooks.
    WebhookRequests,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::LoginCodes,
        Self::LoginCodesFromAddress,
        Self::Registrations,
        Self::CredentialRevocations,
        Self::GitlabQuestions,
        Self::GitlabReports,
        Self::GitlabWrongSecrets,
        Self::UnverifiedDeliveries,
        Self::WrongServiceKeys,
        Self::WrongTokens,
        Self::FailedIntrospections,
        Self::FailedTokenRequests,
        Self::GlobalRevocations,
        Self::StreamRequests,
        Self::WebhookRequests,
    ];

    /// Its name: in the configuration, in headers, in metrics and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoginCodes => "login_codes",
            Self::LoginCodesFromAddress => "login_codes_from_address",
            Self::Registrations => "registrations",
            Self::CredentialRevocations => "credential_revocations",
            Self::GitlabQuestions => "gitlab_questions",
            Self::GitlabReports => "gitlab_reports",
            Self::GitlabWrongSecrets => "gitlab_wrong_secrets",
            Self::UnverifiedDeliveries => "unverified_deliveries",
            Self::WrongServiceKeys => "wrong_service_keys",
            Self::WrongTokens => "wrong_tokens",
            Self::FailedIntrospections => "failed_introspections",
            Self::FailedTokenRequests => "failed_token_requests",
            Self::GlobalRevocations => "global_revocations",
            Self::StreamRequests => "stream_requests",
            Self::WebhookRequests => "webhook_requests",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// So many within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many: 1 to 1,000,000.
    pub most: u32,
    /// Within how long: a second to a day.
    pub within: Duration,
}

/// The text is no allowance.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("it is a number up to 1000000 and a time from 1s to 1d, such as \"60 in 1h\"")]
pub struct InvalidAllowance;

impl Allowance {
    /// The longest time that is counted over.
    pub const LONGEST: Duration = Duration::from_secs(86_400);
    const MOST: u32 = 1_000_000;
    /// For what nothing was configured for, which the default file leaves nothing of.
    const STRICTEST: Self = Self {
        most: 1,
        within: Self::LONGEST,
    };

    /// The time that one use takes to come back; never zero.
    #[must_use]
    pub fn each(self) -> Duration {
        // In whole milliseconds, as times are.
        let each = self.within.as_millis() / u128::from(self.most.max(1));
        Duration::from_millis(u64::try_from(each).unwrap_or(u64::MAX).max(1))
    }
}

impl FromStr for Allowance {
    type Err = InvalidAllowance;

    fn from_str(text: &str) -> Result<Self, InvalidAllowance> {
        let (most, within) = text.split_once(" in ").ok_or(InvalidAllowance)?;
        let most = most.trim().parse::<u32>().map_err(|_| InvalidAllowance)?;
        let within = parse_duration(within.trim()).map_err(|_| InvalidAllowance)?;
        let fits = (1..=Self::MOST).contains(&most)
            && (Duration::from_secs(1)..=Self::LONGEST).contains(&within);
        let allowance = Self { most, within };
        // Times are kept in milliseconds: more than one use in each cannot be told apart.
        let countable = u128::from(most) <= within.as_millis();
        (fits && countable)
            .then_some(allowance)
            .ok_or(InvalidAllowance)
    }
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitPolicy([Allowance; Limit::ALL.len()]);

impl LimitPolicy {
    /// What each of [`Limit::ALL`] allows, in that order.
    #[must_use]
    pub const fn new(allowances: [Allowance; Limit::ALL.len()]) -> Self {
        Self(allowances)
    }

    /// What a limit allows.
    #[must_use]
    pub fn of(&self, limit: Limit) -> Allowance {
        let mut all = Limit::ALL.iter().zip(&self.0);
        all.find(|(known, _)| **known == limit)
            .map_or(Allowance::STRICTEST, |(_, allowance)| *allowance)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_allowance_is_a_number_in_a_time() {
        let sixty = Allowance {
            most: 60,
            within: Duration::from_secs(3_600),
        };
        assert_eq!("60 in 1h".parse(), Ok(sixty));
        for wrong in [
            "",
            "60",
            "60 1h",
            "0 in 1h",
            "1000001 in 1d",
            "5 in 0s",
            "5 in 2d",
            "2000 in 1s",
            "-1 in 1h",
            "x in 1h",
            "5 in x",
        ] {
            assert_eq!(wrong.parse::<Allowance>(), Err(InvalidAllowance), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_an_allowance_can_be_counted(text in ".{0,20}|[0-9]{1,9} in [0-9]{1,6}[smhdw]") {
            if let Ok(allowance) = text.parse::<Allowance>() {
                prop_assert!(!allowance.each().is_zero());
                prop_assert!(allowance.each() <= allowance.within);
            }
        }
    }
}
