//! The text of a token: prefix, marker, 37 random characters and a checksum of those 37.
//!
//! Compatible with Polar's: CRC-32 (IEEE) of the body alone, in base 62 with the digits `0-9A-Za-z`,
//! padded with `0` to six characters.

use std::fmt;
use std::sync::Arc;

use super::random;
use super::secret::PlainToken;
use super::token_kind::TokenKind;

/// Random characters in a token.
pub const BODY_LENGTH: usize = 37;
/// Characters of checksum behind them.
pub const CHECKSUM_LENGTH: usize = 6;
/// Everything behind prefix and marker; older tokens without checksum have the same length.
pub const SECRET_LENGTH: usize = BODY_LENGTH + CHECKSUM_LENGTH;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How this brand writes its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFormat {
    prefix: Arc<str>,
}

/// The prefix cannot start a token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a token prefix is 1 to 32 of a-z, 0-9 and _, starts with a letter and ends with _")]
pub struct InvalidPrefix;

impl TokenFormat {
    /// # Errors
    /// When the prefix could not be told from the text around it.
    pub fn new(prefix: &str) -> Result<Self, InvalidPrefix> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts = prefix.starts_with(|first: char| first.is_ascii_lowercase());
        if prefix.len() > 32 || !starts || !prefix.ends_with('_') || !prefix.bytes().all(allowed) {
            return Err(InvalidPrefix);
        }
        Ok(Self {
            prefix: prefix.into(),
        })
    }

    /// The brand's prefix, `polar_` unless configured.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A fresh token of `kind`.
    #[must_use]
    pub fn mint(&self, kind: TokenKind, for_organization: bool) -> PlainToken {
        self.assemble(kind, for_organization, &random::alphanumeric(BODY_LENGTH))
    }

    /// The type that an origin uses for `kind`, such as `polar_personal_access_token`.
    #[must_use]
    pub fn wire_type(&self, kind: TokenKind) -> String {
        format!("{}{}", self.prefix, kind.name())
    }

    fn assemble(&self, kind: TokenKind, for_organization: bool, body: &str) -> PlainToken {
        let marker = kind.marker(for_organization);
        let checksum = checksum(body.as_bytes());
        PlainToken::new(format!(
            "{}{marker}{body}{}",
            self.prefix,
            checksum.as_str()
        ))
    }
}

/// Six base-62 digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Checksum([u8; CHECKSUM_LENGTH]);

impl Checksum {
    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The checksum of a token's body.
#[must_use]
pub fn checksum(body: &[u8]) -> Checksum {
    let mut rest = crc32fast::hash(body);
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or_default();
        *digit = BASE62.get(index).copied().unwrap_or(b'0');
        rest /= 62;
    }
    Checksum(digits)
}

/// Whether `secret`, the part behind prefix and marker, carries its own checksum.
#[must_use]
pub fn is_checked(secret: &[u8]) -> bool {
    match secret.split_last_chunk::<CHECKSUM_LENGTH>() {
        Some((body, digits)) => {
            body.len() == BODY_LENGTH
                && body.iter().all(u8::is_ascii_alphanumeric)
                && checksum(body) == Checksum(*digits)
        }
        None => false,
    }
}

/// For which kinds a wrong checksum proves that a string was never ours.
///
/// A database shared with an older product may hold tokens without checksum; for their kinds the
/// proof does not hold, and every string of the right shape must be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecksumRules {
    optional: Vec<TokenKind>,
}

impl ChecksumRules {
    /// Every token we know has a checksum.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            optional: Vec::new(),
        }
    }

    /// Tokens of these kinds may lack one.
    #[must_use]
    pub const fn optional_for(kinds: Vec<TokenKind>) -> Self {
        Self { optional: kinds }
    }

    /// Whether a string of `kind` with a wrong checksum can be dismissed without a lookup.
    #[must_use]
    pub fn required(&self, kind: TokenKind) -> bool {
        !self.optional.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK";

    #[test]
    fn checksums_match_the_published_vectors() {
        let zeros = "0".repeat(37);
        let capitals = "A".repeat(37);
        for (body, expected) in [
            (BODY, "4WQsSZ"),
            (zeros.as_str(), "3jnQlY"),
            (capitals.as_str(), "2qTV0e"),
            ("0000000000000000000000000000000000002", "0cmqka"),
            ("0000000000000000000000000000000000284", "006StP"),
        ] {
            assert_eq!(checksum(body.as_bytes()).as_str(), expected);
        }
    }

    #[test]
    fn a_token_is_prefix_marker_body_and_checksum() {
        let format = TokenFormat::new("polar_").unwrap();
        let token = format.assemble(TokenKind::PersonalAccessToken, false, BODY);
        assert_eq!(
            token.reveal(),
            "polar_pat_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ"
        );
    }

    #[test]
    fn minted_tokens_carry_their_own_checksum_and_differ() {
        let format = TokenFormat::new("acme_").unwrap();
        for kind in TokenKind::ALL {
            let one = format.mint(kind, true);
            let secret = one.reveal().strip_prefix("acme_").unwrap();
            let secret = secret.strip_prefix(kind.marker(true)).unwrap();
            assert!(is_checked(secret.as_bytes()), "{kind}");
            assert_ne!(one.reveal(), format.mint(kind, true).reveal());
        }
    }

    #[test]
    fn a_prefix_must_stand_out() {
        for wrong in [
            "",
            "_",
            "polar",
            "Polar_",
            "po-lar_",
            "1polar_",
            "é_",
            &"a".repeat(33),
        ] {
            assert_eq!(TokenFormat::new(wrong), Err(InvalidPrefix), "{wrong}");
        }
    }
}
