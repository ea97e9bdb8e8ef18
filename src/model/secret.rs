//! Secrets that cannot be printed, the digests that stand for them, and the keys between the two.

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The text of a token. It lives where it is made and where it is digested, and nowhere else.
#[derive(Clone)]
pub struct PlainToken(Zeroizing<String>);

impl PlainToken {
    /// Takes hold of a secret's text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself: for the one answer that hands it to its owner, and for digesting.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The last four characters, by which an owner recognises the token.
    #[must_use]
    pub fn hint(&self) -> String {
        let skipped = self.0.chars().count().saturating_sub(4);
        self.0.chars().skip(skipped).collect()
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken([redacted])")
    }
}

/// HMAC-SHA256 of a whole token under a hash key: what is stored, looked up and compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Wraps a digest as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for TokenDigest {
    /// A digest identifies a token for ever, so it stays out of logs as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest([redacted])")
    }
}

/// Names a hash key without telling it: derived from the key, the same on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashKeyId(String);

impl HashKeyId {
    /// Wraps an id as it was stored.
    #[must_use]
    pub const fn from_stored(id: String) -> Self {
        Self(id)
    }

    /// Sixteen hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HashKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One key that digests tokens. Keeps the keyed state, so that a digest costs one hash.
#[derive(Clone)]
pub struct HashKey {
    state: Hmac<Sha256>,
    id: HashKeyId,
}

/// The text is too short to be a key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a hash key has at least 16 characters; `openssl rand -hex 32` makes a good one")]
pub struct InvalidHashKey;

impl HashKey {
    /// # Errors
    /// When the text is too short to withstand guessing.
    pub fn parse(text: &str) -> Result<Self, InvalidHashKey> {
        if text.len() < 16 {
            return Err(InvalidHashKey);
        }
        let state = Hmac::new_from_slice(text.as_bytes()).map_err(|_| InvalidHashKey)?;
        let id = finish(&state, b"tokenward hash key id");
        let id = HashKeyId(hex::encode(
            id.first_chunk::<8>().copied().unwrap_or_default(),
        ));
        Ok(Self { state, id })
    }

    /// The key's public name.
    #[must_use]
    pub const fn id(&self) -> &HashKeyId {
        &self.id
    }

    /// What a database keeps to recognise this key again.
    #[must_use]
    pub fn canary(&self) -> TokenDigest {
        TokenDigest(finish(&self.state, b"tokenward hash key canary"))
    }

    /// Whether `canary` was made by this key; takes the same time either way.
    #[must_use]
    pub fn made(&self, canary: &TokenDigest) -> bool {
        self.canary().0.ct_eq(&canary.0).into()
    }

    /// A key for another purpose, which `label` names. No token has the shape of a label, so nothing
    /// that is stored as a digest tells such a key.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(finish(&self.state, label.as_bytes()))
    }

    /// What is kept of a digest that anybody could make by guessing. No token begins as this does,
    /// so neither is ever taken for the other.
    #[must_use]
    pub fn seal(&self, guessable: &[u8; 32]) -> [u8; 32] {
        let mut text = b"tokenward place ".to_vec();
        text.extend_from_slice(guessable);
        finish(&self.state, &text)
    }

    /// Vouches for a statement of ours: only who has the key can say this about `text`. No token
    /// begins as this does.
    #[must_use]
    pub fn vouch(&self, text: &[u8]) -> [u8; 32] {
        finish(&self.state, &[b"tokenward vouches ", text].concat())
    }

    /// The digest of a token's whole text.
    #[must_use]
    pub fn digest(&self, text: &[u8]) -> TokenDigest {
        TokenDigest(finish(&self.state, text))
    }
}

fn finish(state: &Hmac<Sha256>, text: &[u8]) -> [u8; 32] {
    state
        .clone()
        .chain_update(text)
        .finalize()
        .into_bytes()
        .into()
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashKey({})", self.id)
    }
}

/// Every active hash key. New tokens are digested under the current one; a lookup asks for the
/// digests under all of them, so that changing the key loses no token.
#[derive(Clone, Debug)]
pub struct HashKeys {
    current: HashKey,
    older: Vec<HashKey>,
}

impl HashKeys {
    /// The current key and those that came before it.
    #[must_use]
    pub const fn new(current: HashKey, older: Vec<HashKey>) -> Self {
        Self { current, older }
    }

    /// The key for new tokens.
    #[must_use]
    pub const fn current(&self) -> &HashKey {
        &self.current
    }

    /// All keys, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = &HashKey> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// The digest under which a new token is stored.
    #[must_use]
    pub fn digest(&self, token: &PlainToken) -> TokenDigest {
        self.current.digest(token.reveal().as_bytes())
    }

    /// Every digest under which a token may be stored, the current key's first.
    pub fn candidates<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = TokenDigest> + 'a {
        self.iter().map(move |key| key.digest(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";

    #[test]
    fn digests_match_the_published_vectors() {
        let key = HashKey::parse("super secret jwt secret").unwrap();
        for (prefix, expected) in [
            (
                "polar_pat_",
                "c88c4dbaee2212936435f33705837f2150376d3c5d04a51f8ec02d0e29e108f7",
            ),
            (
                "polar_oat_",
                "2c86dee5d41ba6eb0245acf8747c207002147b0f9ccec22360feb4eab872d049",
            ),
            (
                "polar_cs_",
                "477ebf0cd058bc633bfdbb90eadec5d9647b9d3721d004d1073ca16c4d826ed0",
            ),
            (
                "polar_crt_",
                "a575f611b88dc330965ad35a26bec0842689b83c625ba5691989dc21cfd0a863",
            ),
            (
                "polar_ac_",
                "46703543f58966ba6de24546d1d759fa3aaa9de125597381064efadd360db60a",
            ),
            (
                "polar_at_u_",
                "4b7047fb5e79b057bb95132b79393da38b00d5322a30862da09ed6329615998e",
            ),
            (
                "polar_at_o_",
                "681319b8e71efb9d0eb92286149fe048d891864f32c4e5a2214cdef393ff914b",
            ),
            (
                "polar_rt_u_",
                "e36d016571e982893f5e36c5f3c90656e771fdfa0fef76f73ba427bb2450e940",
            ),
            (
                "polar_rt_o_",
                "2077ffd96e261fcd8552fda96e858d5825e6311c79ccee89c32d9670650d2cb2",
            ),
            (
                "polar_cst_",
                "1c82408a6e143f0a00234c42623b885c0f0a07a5fff2b892b637074bd994ed3d",
            ),
            (
                "polar_us_",
                "0ad2b913deffb374332698d2f8d52718c1661e2aa6920e398d8ba1ce87720831",
            ),
        ] {
            let text = format!("{prefix}{SECRET}");
            assert_eq!(key.digest(text.as_bytes()).to_hex(), expected, "{prefix}");
        }
    }

    #[test]
    fn a_lookup_asks_under_every_key_and_stores_under_the_first() {
        let new = HashKey::parse("the newest key of them").unwrap();
        let old = HashKey::parse("super secret jwt secret").unwrap();
        let keys = HashKeys::new(new.clone(), vec![old.clone()]);
        let token = PlainToken::new(format!("polar_pat_{SECRET}"));
        let text = token.reveal().as_bytes();
        assert_eq!(keys.digest(&token), new.digest(text));
        let candidates: Vec<_> = keys.candidates(text).collect();
        assert_eq!(candidates, [new.digest(text), old.digest(text)]);
    }

    #[test]
    fn a_canary_recognises_only_its_own_key() {
        let one = HashKey::parse("super secret jwt secret").unwrap();
        let two = HashKey::parse("super secret jwt secret!").unwrap();
        assert!(one.made(&one.canary()));
        assert!(!two.made(&one.canary()));
        assert_ne!(one.id(), two.id());
    }

    #[test]
    fn what_is_sealed_is_known_again_under_the_same_key_only() {
        let one = HashKey::parse("super secret jwt secret").unwrap();
        let two = HashKey::parse("the newest key of them").unwrap();
        assert_eq!(one.seal(&[7; 32]), one.seal(&[7; 32]));
        assert_ne!(one.seal(&[7; 32]), one.seal(&[8; 32]));
        assert_ne!(one.seal(&[7; 32]), two.seal(&[7; 32]));
        assert_ne!(one.seal(&[7; 32]), *one.digest(&[7; 32]).as_bytes());
    }

    #[test]
    fn secrets_do_not_print_themselves() {
        let token = PlainToken::new(format!("polar_pat_{SECRET}"));
        let key = HashKey::parse("super secret jwt secret").unwrap();
        assert!(!format!("{token:?}").contains("polar_pat_abc"));
        assert!(!format!("{key:?}").contains("super"));
        assert_eq!(token.hint(), "QsSZ");
        assert!(HashKey::parse("short").is_err());
    }
}
