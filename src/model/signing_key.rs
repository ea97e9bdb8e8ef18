//! Keys that sign ID tokens and logout tokens, as far as everybody may know them.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::secret::HashKeyId;
use super::time::Timestamp;

/// How a token is signed (RFC 7518 3.1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what every OpenID Provider must offer (Discovery 3).
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

impl SigningAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    /// The name in a header and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl std::fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no algorithm that we sign with.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown algorithm; the algorithms are RS256, ES256")]
pub struct UnknownAlgorithm;

impl std::str::FromStr for SigningAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == text)
            .ok_or(UnknownAlgorithm)
    }
}

/// A key as it is stored: its public half for everybody, its private half encrypted.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Which.
    pub id: Id<Self>,
    /// Its name in headers and in the published set (RFC 7517 4.5).
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The public half as a JSON Web Key.
    pub public_jwk: String,
    /// The private half, encrypted.
    pub sealed: Vec<u8>,
    /// The hash key from which the encrypting key is derived.
    pub hash_key: HashKeyId,
    /// Since when it is published.
    pub created_at: Timestamp,
    /// From when on it signs, until a later key does.
    pub active_from: Timestamp,
}

/// Whether a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyState {
    /// It is published and does not sign yet.
    Next,
    /// It signs.
    Active,
    /// It signed, and is published for those who still hold what it signed.
    Retired,
}

impl SigningKeyState {
    /// The name in answers to operators.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}
