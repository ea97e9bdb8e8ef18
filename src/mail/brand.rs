//! What letters need to know of the product they speak for.

use std::fmt;
use std::str::FromStr;

/// The product in the reader's eyes. All of it is configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// Its name: `Tokenward`.
    pub name: String,
    /// The colour of the letter's rule.
    pub accent: Accent,
    /// Where a worried reader turns, as text: an e-mail address, a telephone number.
    pub security_contact: Option<String>,
    /// How a reader who typed the product's address gets to their tokens, in words that follow
    /// "go to": `Settings, then Developer`. The same in every language; without it, the way through
    /// our own pages in the reader's.
    pub settings: Option<String>,
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: "Tokenward".to_owned(),
            accent: Accent::default(),
            security_contact: None,
            settings: None,
        }
    }
}

/// A colour, `#rrggbb`: the only text of configuration that reaches a style sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accent(String);

/// The text is not a colour.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a colour is # and six hexadecimal digits, such as #1f6feb")]
pub struct InvalidAccent;

impl Default for Accent {
    fn default() -> Self {
        Self("#1f6feb".to_owned())
    }
}

impl FromStr for Accent {
    type Err = InvalidAccent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').ok_or(InvalidAccent)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidAccent);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_and_nothing_else() {
        assert_eq!("#1F6FEB".parse(), Ok(Accent::default()));
        for wrong in ["", "#fff", "red", "1f6feb", "#1f6feb;}", "#1f6feé"] {
            assert_eq!(wrong.parse::<Accent>(), Err(InvalidAccent), "{wrong}");
        }
    }
}
