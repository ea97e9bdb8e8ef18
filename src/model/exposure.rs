//! Exposures: the record that a token was seen at a place.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::detector::Detector;
use super::id::Id;
use super::leak_policy::Decision;
use super::time::Timestamp;
use super::token::Token;

/// Who reported: `github` and others, by a name of ours or of an operator's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(Cow<'static, str>);

impl Origin {
    /// GitHub's secret scanning.
    pub const GITHUB: Self = Self(Cow::Borrowed("github"));

    /// An internal service, by the revocation API.
    pub const INTERNAL: Self = Self(Cow::Borrowed("internal"));

    /// GitLab's secret detection, by its partner API.
    pub const GITLAB: Self = Self(Cow::Borrowed("gitlab"));

    /// A GitLab of one's own, by its Token Revocation API.
    pub const GITLAB_REVOCATION: Self = Self(Cow::Borrowed("gitlab_revocation"));

    /// Google's deps.dev.
    pub const DEPSDEV: Self = Self(Cow::Borrowed("depsdev"));

    /// Whoever had it.
    pub const POSSESSION: Self = Self(Cow::Borrowed("possession"));

    /// We ourselves, when a token comes from two sides.
    pub const REPLAY: Self = Self(Cow::Borrowed("replay"));

    /// Wraps a name as it was stored.
    #[must_use]
    pub const fn from_stored(name: String) -> Self {
        Self(Cow::Owned(name))
    }

    /// The name as stored and counted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in a sentence.
    #[must_use]
    pub fn title(&self) -> &str {
        match self.as_str() {
            "github" => "GitHub",
            "gitlab" | "gitlab_revocation" => "GitLab",
            "depsdev" => "deps.dev",
            "possession" => "somebody who had it",
            other => other,
        }
    }
}

/// The text cannot name an origin.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidOrigin {
    /// It would not fit into an address.
    #[error(
        "an origin's name is 1 to 32 lower-case letters, digits, `-` and single `_`, and begins \
         with a letter"
    )]
    Name,
    /// It is one of ours.
    #[error("this name belongs to an origin that every service has")]
    Taken,
}

/// Names that mean something already, or may one day.
const TAKEN: [&str; 8] = [
    "github",
    "gitlab",
    "gitlab_revocation",
    "depsdev",
    "internal",
    "operator",
    "possession",
    "replay",
];

impl FromStr for Origin {
    type Err = InvalidOrigin;

    /// Reads the name of an origin that operators add.
    fn from_str(name: &str) -> Result<Self, InvalidOrigin> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        // Two underscores would end the name in an environment variable.
        let separate = !name.contains("__") && !name.ends_with('_');
        if !begins || !separate || name.len() > 32 || !name.bytes().all(allowed) {
            return Err(InvalidOrigin::Name);
        }
        if TAKEN.contains(&name) {
            return Err(InvalidOrigin::Taken);
        }
        Ok(Self::from_stored(name.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a reported string is one that we ever issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// We issued it, whatever became of it since.
    TruePositive,
    /// We never did.
    FalsePositive,
}

impl Verdict {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::FalsePositive => "false_positive",
        }
    }
}

/// Longest address that is kept; the rest is cut.
const LONGEST_URL: usize = 2_000;
/// Longest source that is kept.
const LONGEST_SOURCE: usize = 64;

/// Where a token was seen. Two reports of one address are one place; without an address, the
/// source is the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address as reported, without any of our tokens in it and not longer than 2,000
    /// characters; `None` when the reporter gave none.
    pub url: Option<String>,
    /// What kind of place, such as `commit`, in lower case.
    pub source: Option<String>,
    key: [u8; 32],
}

impl Place {
    /// The place that a report names.
    #[must_use]
    pub fn new(url: Option<&str>, source: Option<&str>, detector: &Detector) -> Self {
        let url = url.map(str::trim).filter(|url| !url.is_empty());
        let source = source.map(str::trim).filter(|source| !source.is_empty());
        let source = source.map(|source| kept(&source.to_lowercase(), LONGEST_SOURCE, detector));
        let named = match (url, &source) {
            (Some(url), _) => format!("url {url}"),
            (None, Some(source)) => format!("source {source}"),
            (None, None) => String::new(),
        };
        let key = Sha256::digest(named.as_bytes()).into();
        Self {
            url: url.map(|url| kept(url, LONGEST_URL, detector)),
            source,
            key,
        }
    }

    /// Tells places apart, also those whose address had to be cut. Whoever guesses an address can make
    /// this, so it is stored only as [`crate::model::HashKey::seal`] leaves it.
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

/// `text` as it may be stored: no token of ours, no controls, not too long.
fn kept(text: &str, longest: usize, detector: &Detector) -> String {
    let clean = detector.redact(text);
    clean
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(longest)
        .collect()
}

/// One token, seen at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Which.
    pub id: Id<Exposure>,
    /// Which token.
    pub token: Id<Token>,
    /// Who reported it first.
    pub origin: Origin,
    /// Where.
    pub place: Place,
    /// When it was reported first.
    pub first_seen_at: Timestamp,
    /// Since when the token is dead; `None` when it was not dead and was left as it was.
    pub revoked_at: Option<Timestamp>,
    /// What was decided about it.
    pub decision: Decision,
    /// What the reporter was answered.
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::token_text::{ChecksumRules, TokenFormat};

    #[test]
    fn an_origin_that_operators_add_has_a_name_that_fits_everywhere() {
        for name in ["a", "scanner-2", "in_house", &"x".repeat(32)] {
            assert_eq!(name.parse::<Origin>().unwrap().as_str(), name);
        }
        for name in [
            "",
            "2a",
            "A",
            "a/b",
            "a b",
            "a__b",
            "a_",
            "-a",
            "\u{e9}",
            &"x".repeat(33),
        ] {
            assert_eq!(name.parse::<Origin>(), Err(InvalidOrigin::Name), "{name}");
        }
        for ours in [
            Origin::GITHUB,
            Origin::GITLAB,
            Origin::DEPSDEV,
            Origin::REPLAY,
        ] {
            assert_eq!(ours.as_str().parse::<Origin>(), Err(InvalidOrigin::Taken));
        }
    }

    fn detector() -> Detector {
        Detector::new(
            &TokenFormat::new("polar_").unwrap(),
            ChecksumRules::strict(),
        )
        .unwrap()
    }

    fn place(url: Option<&str>, source: Option<&str>) -> Place {
        Place::new(url, source, &detector())
    }

    #[test]
    fn an_address_is_one_place_whatever_its_source() {
        let one = place(Some("https://github.com/a"), Some("commit"));
        assert_eq!(one.key(), place(Some(" https://github.com/a "), None).key());
        assert_ne!(
            one.key(),
            place(Some("https://github.com/b"), Some("commit")).key()
        );
    }

    #[test]
    fn without_an_address_the_source_is_the_place() {
        assert_eq!(place(Some(""), Some("Commit")), place(None, Some("commit")));
        assert_ne!(
            place(None, Some("commit")).key(),
            place(None, Some("npm")).key()
        );
        assert_ne!(
            place(None, Some("commit")).key(),
            place(Some("commit"), None).key()
        );
    }

    #[test]
    fn what_is_kept_of_a_place_holds_no_token_and_no_controls() {
        let pat = "polar_pat_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
        let long = "x".repeat(5_000);
        let place = place(
            Some(&format!("https://x.example/?t={pat}\r\n{long}")),
            Some("a\nb"),
        );
        let url = place.url.unwrap();
        assert!(url.starts_with("https://x.example/?t=polar_pat_[redacted]\u{fffd}\u{fffd}xxx"));
        assert_eq!(url.chars().count(), 2_000);
        assert_eq!(place.source.unwrap(), "a\u{fffd}b");
    }
}
