//! What a token may do: a set of scope names (RFC 6749 3.3).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Scope names, each once, in alphabetical order. Written with one space between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(BTreeSet<String>);

/// The text is not a list of scopes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("scopes are names of printable ASCII without space, quote or backslash, 4096 bytes in all")]
pub struct InvalidScopes;

impl ScopeSet {
    /// Whether the set holds `scope`.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether every scope of this set is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The scopes that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The scopes of this set that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// Reads a set as it was stored; names that no longer parse are dropped rather than granted.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        text.parse().unwrap_or_default()
    }
}

impl FromStr for ScopeSet {
    type Err = InvalidScopes;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        let names: BTreeSet<String> = text
            .split(' ')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if text.len() > 4096 || !names.iter().all(|name| name.bytes().all(allowed)) {
            return Err(InvalidScopes);
        }
        Ok(Self(names))
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_with_one_spelling() {
        let scopes: ScopeSet = " b:write a b:write  ".parse().unwrap();
        assert_eq!(scopes.to_string(), "a b:write");
        assert!(scopes.contains("a") && !scopes.contains("b"));
        assert!("".parse::<ScopeSet>().unwrap().is_empty());
    }

    #[test]
    fn a_scope_is_printable_ascii() {
        for wrong in ["a\tb", "a\"b", "a\\b", "é", "a\nb", &"a".repeat(4097)] {
            assert_eq!(wrong.parse::<ScopeSet>(), Err(InvalidScopes));
        }
    }
}
