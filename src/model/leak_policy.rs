//! What happens when a leak is reported, as configured under `[policy]`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::exposure::Origin;
use super::token::RevocationReason;
use super::token_kind::TokenKind;

/// What is done about a token that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// It dies for good, with everything that came from it; everybody concerned is told.
    Revoke,
    /// It is as dead as that, and told of, and an operator or a timer brings it back or finishes it.
    Quarantine,
    /// It lives on; its place is written down, and everybody concerned is told.
    Notify,
    /// It lives on; its place is written down, and nobody is told.
    Observe,
}

impl Reaction {
    /// Every reaction, the strongest first.
    pub const ALL: [Self; 4] = [Self::Revoke, Self::Quarantine, Self::Notify, Self::Observe];

    /// The name in configuration, in the database and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Quarantine => "quarantine",
            Self::Notify => "notify",
            Self::Observe => "observe",
        }
    }

    /// Reads a reaction as it was stored. Before there were several, there was one.
    #[must_use]
    pub fn from_stored(name: Option<&str>) -> Self {
        name.and_then(|name| name.parse().ok())
            .unwrap_or(Self::Revoke)
    }
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no reaction.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("it is revoke, quarantine, notify or observe")]
pub struct UnknownReaction;

impl FromStr for Reaction {
    type Err = UnknownReaction;

    fn from_str(name: &str) -> Result<Self, UnknownReaction> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.name() == name).ok_or(UnknownReaction)
    }
}

/// What is done about a report, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub reaction: Reaction,
    /// The rule as it is written in the configuration, or `default`.
    pub rule: String,
}

impl Decision {
    /// What no policy changes: we noticed it ourselves, or somebody who may say so wants it dead as well.
    #[must_use]
    pub fn always() -> Self {
        Self {
            reaction: Reaction::Revoke,
            rule: "always".to_owned(),
        }
    }

    /// What becomes of a token with others of its family or user, though it was only to be observed.
    #[must_use]
    pub fn with_relatives(reason: RevocationReason) -> Self {
        Self {
            reaction: match reason.is_quarantine() {
                true => Reaction::Quarantine,
                false => Reaction::Revoke,
            },
            rule: RELATIVES_RULE.to_owned(),
        }
    }
}

/// One rule: reports of an origin, of a kind, or of both are reacted to like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whose reports; `None` is everybody's.
    pub origin: Option<Origin>,
    /// Which kind of token; `None` is every kind.
    pub kind: Option<TokenKind>,
    /// What is done.
    pub reaction: Reaction,
}

/// The text is no rule.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidRule {
    /// It has not three words.
    #[error("a rule is an origin, a kind and a reaction, such as `github * quarantine`")]
    Shape,
    /// There is no such kind of token.
    #[error("there is no kind of token `{0}`")]
    Kind(String),
    /// There is no such reaction.
    #[error("there is no reaction `{0}`: {UnknownReaction}")]
    Reaction(String),
}

impl FromStr for Rule {
    type Err = InvalidRule;

    /// Reads `ORIGIN KIND REACTION`, each but the last perhaps `*`.
    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [origin, kind, reaction] = words.as_slice() else {
            return Err(InvalidRule::Shape);
        };
        let kind = match *kind {
            "*" => None,
            name => Some(
                name.parse()
                    .map_err(|_| InvalidRule::Kind(name.to_owned()))?,
            ),
        };
        let named = || InvalidRule::Reaction((*reaction).to_owned());
        Ok(Self {
            origin: (*origin != "*").then(|| Origin::from_stored((*origin).to_owned())),
            kind,
            reaction: reaction.parse().map_err(|_| named())?,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.as_ref().map_or("*", Origin::as_str);
        let kind = self.kind.map_or("*", TokenKind::name);
        write!(f, "{origin} {kind} {}", self.reaction)
    }
}

/// How a quarantine ends when nobody ends it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuarantineEnd {
    /// What is in it is revoked for good.
    Finish,
    /// What is in it works again.
    Release,
}

impl QuarantineEnd {
    /// The name in configuration and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Release => "release",
        }
    }

    /// Reads an end as it was stored. An unknown one was written by a newer version; what cannot be
    /// read does not give a token back.
    #[must_use]
    pub fn from_stored(name: &str) -> Self {
        match name {
            "release" => Self::Release,
            _ => Self::Finish,
        }
    }
}

/// The circuit breaker: an origin that has more tokens revoked than is plausible is slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Most working tokens that one origin has revoked within a window; `None` is no limit.
    pub most: Option<u32>,
    /// Most working tokens in percent of all that work, where that is less.
    pub share: Option<u8>,
    /// How long a window is.
    pub window: Duration,
    /// An open breaker closes when the origin has reported no working token for this long.
    pub quiet: Duration,
}

/// A share of few tokens is one token: up to so many, no share is too much.
pub const LEAST_BY_SHARE: u32 = 100;

impl BreakerPolicy {
    /// Most working tokens that one origin has revoked within a window while about `live` work; `None` is
    /// no limit. Where it is not known how many work, the number alone counts.
    #[must_use]
    pub fn limit(&self, live: Option<u64>) -> Option<u32> {
        let by_share = self.share.zip(live).map(|(share, live)| {
            let most = u128::from(live) * u128::from(share) / 100;
            u32::try_from(most).unwrap_or(u32::MAX).max(LEAST_BY_SHARE)
        });
        match (self.most, by_share) {
            (Some(most), Some(by_share)) => Some(most.min(by_share)),
            (most, by_share) => most.or(by_share),
        }
    }
}

/// `[policy]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakPolicy {
    /// What is done when no rule fits.
    pub default: Reaction,
    /// The rules, no two for the same origin and kind.
    pub rules: Vec<Rule>,
    /// How long a quarantine lasts when nobody ends it.
    pub quarantine: Duration,
    /// What happens then.
    pub quarantine_end: QuarantineEnd,
    /// When reports are too many to be true.
    pub breaker: BreakerPolicy,
}

/// What decides where no rule fits.
pub const DEFAULT_RULE: &str = "default";

/// What decides about a token when the breaker of its origin is open.
pub const BREAKER_RULE: &str = "breaker";

/// What decides about a token that was only to be observed, and died with others of its family or user.
pub const RELATIVES_RULE: &str = "relatives";

impl LeakPolicy {
    /// What is done when `origin` reports a token of this kind. A rule for origin and kind comes
    /// before one for the origin, that before one for the kind, and the default is last.
    #[must_use]
    pub fn decide(&self, origin: &Origin, kind: TokenKind) -> Decision {
        let fits = |rule: &&Rule| {
            rule.origin.as_ref().is_none_or(|own| own == origin)
                && rule.kind.is_none_or(|own| own == kind)
        };
        let weight = |rule: &&Rule| (rule.origin.is_some(), rule.kind.is_some());
        match self.rules.iter().filter(fits).max_by_key(weight) {
            Some(rule) => Decision {
                reaction: rule.reaction,
                rule: rule.to_string(),
            },
            None => Decision {
                reaction: self.default,
                rule: DEFAULT_RULE.to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(rules: &[&str]) -> LeakPolicy {
        LeakPolicy {
            default: Reaction::Revoke,
            rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
            quarantine: Duration::from_secs(60),
            quarantine_end: QuarantineEnd::Finish,
            breaker: BreakerPolicy {
                most: None,
                share: None,
                window: Duration::from_secs(60),
                quiet: Duration::from_secs(60),
            },
        }
    }

    #[test]
    fn the_lesser_of_number_and_share_is_the_limit() {
        for (most, share, live, limit) in [
            (None, None, Some(1_000), None),
            (Some(50), None, Some(10), Some(50)),
            (Some(5_000), Some(20), Some(10_000), Some(2_000)),
            (Some(5_000), Some(20), Some(100_000), Some(5_000)),
            (None, Some(20), Some(10_000), Some(2_000)),
            // A share of few is a few.
            (Some(5_000), Some(20), Some(10), Some(LEAST_BY_SHARE)),
            (Some(50), Some(20), Some(10), Some(50)),
            // Nobody has counted yet.
            (Some(5_000), Some(1), None, Some(5_000)),
            (None, Some(1), None, None),
            (None, Some(100), Some(u64::MAX), Some(u32::MAX)),
        ] {
            let breaker = BreakerPolicy {
                most,
                share,
                ..policy(&[]).breaker
            };
            assert_eq!(breaker.limit(live), limit, "{most:?} {share:?} {live:?}");
        }
    }

    #[test]
    fn the_most_specific_rule_decides_and_is_named() {
        let policy = policy(&[
            "* service_key notify",
            "github * quarantine",
            "github service_key observe",
            "* * notify",
        ]);
        let decided = |origin, kind| {
            let decision = policy.decide(&origin, kind);
            (decision.reaction, decision.rule)
        };
        for (origin, kind, reaction, rule) in [
            (
                Origin::GITHUB,
                TokenKind::ServiceKey,
                Reaction::Observe,
                "github service_key observe",
            ),
            (
                Origin::GITHUB,
                TokenKind::AccessToken,
                Reaction::Quarantine,
                "github * quarantine",
            ),
            (
                Origin::GITLAB,
                TokenKind::ServiceKey,
                Reaction::Notify,
                "* service_key notify",
            ),
            (
                Origin::GITLAB,
                TokenKind::AccessToken,
                Reaction::Notify,
                "* * notify",
            ),
        ] {
            assert_eq!(decided(origin, kind), (reaction, rule.to_owned()));
        }
    }

    #[test]
    fn who_is_on_probation_is_so_for_every_kind() {
        let policy = policy(&["* service_key notify", "github * observe"]);
        let decision = policy.decide(&Origin::GITHUB, TokenKind::ServiceKey);
        assert_eq!(decision.rule, "github * observe");
    }

    #[test]
    fn without_rules_the_default_decides() {
        let decision = policy(&[]).decide(&Origin::GITHUB, TokenKind::AccessToken);
        assert_eq!(decision.reaction, Reaction::Revoke);
        assert_eq!(decision.rule, "default");
    }

    #[test]
    fn what_is_no_rule_is_refused_by_name() {
        let refused = |text: &str| text.parse::<Rule>().unwrap_err();
        for text in ["", "github", "github *", "github * revoke now"] {
            assert_eq!(refused(text), InvalidRule::Shape, "{text}");
        }
        assert_eq!(refused("* pat revoke"), InvalidRule::Kind("pat".to_owned()));
        assert_eq!(
            refused("* * kill"),
            InvalidRule::Reaction("kill".to_owned())
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_rule_or_refused_and_a_rule_reads_back(text in "[a-z_* ]{0,40}|.{0,40}") {
            if let Ok(rule) = text.parse::<Rule>() {
                prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
            }
        }
    }
}
