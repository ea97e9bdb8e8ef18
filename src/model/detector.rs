//! Finds our tokens inside any text: to act on them in a report, to keep them out of a log.

use std::borrow::Cow;
use std::collections::HashMap;

use regex::bytes::Regex;

use super::token_kind::TokenKind;
use super::token_text::{ChecksumRules, SECRET_LENGTH, TokenFormat, is_checked};

/// From this length on, what follows one of our prefixes is taken for a secret and not shown.
const SHORTEST_REDACTED: usize = 12;

/// The longest marker, `at_u_`, with room to grow.
const LONGEST_MARKER: usize = 8;

/// A piece of text that has the shape of one of our tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'t> {
    /// What its marker claims; the database knows better.
    pub kind: TokenKind,
    /// The token from its prefix to its last character.
    pub text: &'t str,
}

/// Knows the shapes of our tokens.
#[derive(Clone, Debug)]
pub struct Detector {
    start: Regex,
    kinds: HashMap<&'static str, TokenKind>,
    prefix_length: usize,
    rules: ChecksumRules,
}

impl Detector {
    /// A detector for the tokens of one brand.
    ///
    /// # Errors
    /// Never for a prefix that [`TokenFormat`] accepts.
    pub fn new(format: &TokenFormat, rules: ChecksumRules) -> Result<Self, regex::Error> {
        let kinds: HashMap<&'static str, TokenKind> = TokenKind::ALL
            .into_iter()
            .flat_map(|kind| kind.markers().iter().map(move |marker| (*marker, kind)))
            .collect();
        let mut markers: Vec<&str> = kinds.keys().copied().collect();
        markers.sort_unstable();
        // One literal start for all kinds lets the regex engine scan at memory speed.
        let prefix = regex::escape(format.prefix());
        let start = Regex::new(&format!("(?-u){prefix}(?:{})", markers.join("|")))?;
        Ok(Self {
            start,
            kinds,
            prefix_length: format.prefix().len(),
            rules,
        })
    }

    /// Every string in `text` that could be one of our tokens, first to last.
    ///
    /// Where every token of a kind has a checksum, a string without a right one is not a candidate.
    pub fn candidates<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = Candidate<'t>> {
        self.start.find_iter(text).filter_map(move |start| {
            let kind = self.kind_of(start.as_bytes().get(self.prefix_length..)?)?;
            let secret = text.get(start.end()..start.end().checked_add(SECRET_LENGTH)?)?;
            let ours =
                is_checked(secret) || (!self.rules.required(kind) && secret.iter().all(is_legacy));
            let whole = text.get(start.start()..start.end() + SECRET_LENGTH)?;
            ours.then_some(Candidate {
                kind,
                text: str::from_utf8(whole).ok()?,
            })
        })
    }

    /// `text` as a candidate when it is one from its first character to its last, as it must be
    /// where a caller presents a token.
    #[must_use]
    pub fn whole<'t>(&self, text: &'t str) -> Option<Candidate<'t>> {
        // Longer than any token: not worth a scan.
        if text.len() > self.prefix_length + LONGEST_MARKER + SECRET_LENGTH {
            return None;
        }
        self.candidates(text.as_bytes())
            .find(|candidate| candidate.text.len() == text.len())
    }

    /// Whether anything in `text` would be redacted.
    #[must_use]
    pub fn finds_secret(&self, text: &str) -> bool {
        matches!(self.redact(text), Cow::Owned(_))
    }

    /// `text` with everything that follows one of our prefixes replaced by `[redacted]`, also
    /// where it is cut short, prolonged or has a wrong checksum.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = String::new();
        let mut copied = 0;
        for start in self.start.find_iter(text.as_bytes()) {
            let rest = text.as_bytes().get(start.end()..).unwrap_or_default();
            let secret = rest.iter().take_while(|byte| is_legacy(byte)).count();
            if secret < SHORTEST_REDACTED || start.start() < copied {
                continue;
            }
            clean.push_str(text.get(copied..start.end()).unwrap_or_default());
            clean.push_str("[redacted]");
            copied = start.end() + secret;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(clean)
    }

    fn kind_of(&self, marker: &[u8]) -> Option<TokenKind> {
        self.kinds.get(str::from_utf8(marker).ok()?).copied()
    }
}

/// Tokens from before the checksum are 43 characters of URL-safe base64.
const fn is_legacy(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(*byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAT: &str = "polar_pat_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
    const OLD: &str = "polar_pat_-bcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQs_Z";

    fn detector(rules: ChecksumRules) -> Detector {
        Detector::new(&TokenFormat::new("polar_").unwrap(), rules).unwrap()
    }

    fn found(text: &str) -> Vec<String> {
        let detector = detector(ChecksumRules::strict());
        detector
            .candidates(text.as_bytes())
            .map(|candidate| candidate.text.to_owned())
            .collect()
    }

    #[test]
    fn a_token_is_found_whatever_stands_around_it() {
        for around in [
            format!("\"{PAT}\""),
            format!("Authorization: Bearer {PAT}\r\n"),
            format!("https://x.example/?key={PAT}&b=1"),
            format!("export KEY='{PAT}'; # {{"),
            format!("polar_pat_{PAT}"),
            format!("KEYpolar_{PAT}abc"),
            format!("\u{fe0f}é{PAT}\u{1f511}"),
        ] {
            assert_eq!(found(&around), [PAT], "{around}");
        }
        assert_eq!(found(&format!("{PAT}{PAT} {PAT}")).len(), 3);
    }

    #[test]
    fn a_string_that_was_never_ours_is_no_candidate() {
        for other in [
            "polar_pat_",
            "polar_pat_abc",
            "polar_ci_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ",
            "polar_pat_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSz",
            "POLAR_PAT_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ",
            OLD,
            "",
        ] {
            assert!(found(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn tokens_without_checksum_count_where_they_can_exist() {
        let lenient = detector(ChecksumRules::optional_for(vec![
            TokenKind::PersonalAccessToken,
        ]));
        let text = format!("a {OLD} b polar_pat_{PAT}");
        let all: Vec<_> = lenient
            .candidates(text.as_bytes())
            .map(|found| found.text)
            .collect();
        assert!(all.contains(&OLD) && all.contains(&PAT));
        let oat = OLD.replace("pat", "oat");
        assert_eq!(lenient.candidates(oat.as_bytes()).count(), 0);
    }

    #[test]
    fn nothing_of_a_secret_survives_redaction() {
        let detector = detector(ChecksumRules::strict());
        for (text, clean) in [
            (format!("token={PAT}"), "token=polar_pat_[redacted]"),
            (
                format!("{PAT}tail {PAT}"),
                "polar_pat_[redacted] polar_pat_[redacted]",
            ),
            (PAT.chars().take(30).collect(), "polar_pat_[redacted]"),
            (format!("é{OLD}é"), "épolar_pat_[redacted]é"),
            ("polar_us_customers".to_owned(), "polar_us_customers"),
            ("nothing here".to_owned(), "nothing here"),
        ] {
            assert_eq!(detector.redact(&text), clean);
            assert_eq!(detector.finds_secret(&text), clean != text);
        }
    }

    #[test]
    fn the_kind_is_told_by_the_marker() {
        let detector = detector(ChecksumRules::strict());
        let format = TokenFormat::new("polar_").unwrap();
        for kind in TokenKind::ALL {
            for organization in [false, true] {
                let token = format.mint(kind, organization);
                let found = detector
                    .candidates(token.reveal().as_bytes())
                    .next()
                    .unwrap();
                assert_eq!((found.kind, found.text), (kind, token.reveal()));
            }
        }
        assert!(detector.whole(PAT).is_some());
        assert!(detector.whole(&format!(" {PAT}")).is_none());
        assert!(
            detector
                .whole(&format!("{PAT}{}", "x".repeat(100_000)))
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn a_planted_token_is_always_found_and_never_left(before in ".*", after in ".*") {
            let detector = detector(ChecksumRules::strict());
            let text = format!("{before}{PAT}{after}");
            prop_assert!(detector.candidates(text.as_bytes()).any(|found| found.text == PAT));
            prop_assert!(!detector.redact(&text).contains("abcdefghijklmnopqrstuvwxyz"));
        }

        #[test]
        fn arbitrary_bytes_are_read_without_harm(bytes: Vec<u8>) {
            let detector = detector(ChecksumRules::optional_for(TokenKind::ALL.to_vec()));
            prop_assert!(detector.candidates(&bytes).count() <= bytes.len());
        }
    }
}
