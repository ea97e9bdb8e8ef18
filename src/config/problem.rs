//! What is wrong with a configuration, all of it at once.

use std::fmt;

use super::source::SetBy;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `server.listen`; empty when a whole file is meant.
    pub key: String,
    /// Where it was set.
    pub from: SetBy,
    /// What is wrong; never tells the value of a secret.
    pub wrong: String,
    /// What would be right; may be empty.
    pub right: String,
}

impl fmt::Display for Problem {
    /// `server.listen (tokenward.toml:3): … — …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.from, self.wrong)?;
        } else {
            write!(f, "{} ({}): {}", self.key, self.from, self.wrong)?;
        }
        if !self.right.is_empty() {
            write!(f, "; {}", self.right)?;
        }
        Ok(())
    }
}

/// Everything that is wrong; at least one thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// Each of them, in the order they were met.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Problems {
    /// One a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [_] => f.write_str("the configuration has a problem:")?,
            all => write!(f, "the configuration has {} problems:", all.len())?,
        }
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
