//! Secrets that another service and we agreed upon beforehand.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Fewer characters can be guessed.
const SHORTEST: usize = 32;
/// More is no header.
const LONGEST: usize = 512;

/// Secrets, any of which is right: around a rotation there are two. Only their digests are kept,
/// and every comparison takes the same time.
#[derive(Clone)]
pub struct SharedSecrets(Vec<[u8; 32]>);

impl fmt::Debug for SharedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedSecrets({} × [redacted])", self.0.len())
    }
}

/// The text cannot be a secret that is shared.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "it has 32 to 512 characters of printable ASCII without spaces; `openssl rand -hex 32` makes a \
     good one"
)]
pub struct InvalidSharedSecret;

impl SharedSecrets {
    /// # Errors
    /// When one of them is too short, or could not be sent in a header; tells which, from 0.
    pub fn parse(texts: &[String]) -> Result<Self, (usize, InvalidSharedSecret)> {
        let digest = |(number, text): (usize, &String)| {
            let fits = (SHORTEST..=LONGEST).contains(&text.len());
            match fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
                true => Ok(Sha256::digest(text.as_bytes()).into()),
                false => Err((number, InvalidSharedSecret)),
            }
        };
        texts
            .iter()
            .enumerate()
            .map(digest)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `presented` is one of them. All are compared, whichever is right.
    #[must_use]
    pub fn fits(&self, presented: &[u8]) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        let right = self.0.iter().fold(Choice::from(0), |right, secret| {
            right | secret.as_slice().ct_eq(&presented)
        });
        right.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_them_is_right_and_nothing_else() {
        let (old, new) = ("o".repeat(32), "n".repeat(64));
        let secrets = SharedSecrets::parse(&[new.clone(), old.clone()]).unwrap();
        assert!(secrets.fits(old.as_bytes()) && secrets.fits(new.as_bytes()));
        for wrong in [
            "",
            "o",
            &old[1..],
            &format!("{old} "),
            &format!("Bearer {old}"),
        ] {
            assert!(!secrets.fits(wrong.as_bytes()), "{wrong}");
        }
        assert!(!SharedSecrets::parse(&[]).unwrap().fits(b""));
    }

    #[test]
    fn a_secret_that_could_be_guessed_or_not_be_sent_is_refused() {
        let good = "g".repeat(32);
        for wrong in [
            "g".repeat(31),
            "g".repeat(513),
            format!("{good} "),
            format!("{good}\u{e9}"),
        ] {
            let parsed = SharedSecrets::parse(&[good.clone(), wrong]);
            assert_eq!(parsed.unwrap_err(), (1, InvalidSharedSecret));
        }
    }

    #[test]
    fn they_are_counted_and_not_shown() {
        let secrets =
            SharedSecrets::parse(&["hunter2 hunter2".replace(' ', "-").repeat(4)]).unwrap();
        assert_eq!(format!("{secrets:?}"), "SharedSecrets(1 × [redacted])");
    }
}
