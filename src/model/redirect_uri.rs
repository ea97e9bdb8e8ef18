//! Where an authorization answer goes: registered beforehand, compared exactly (RFC 9700 2.1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A redirect URI as a client registered it, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Wraps a URI as it was stored.
    #[must_use]
    pub const fn from_stored(uri: String) -> Self {
        Self(uri)
    }

    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
