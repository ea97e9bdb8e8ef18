//! By what a command is told which token is meant.

use std::io::{IsTerminal, Read};

use anyhow::{Context as _, bail};
use clap::Args;
use zeroize::Zeroizing;

use crate::cli::values;
use crate::domain::tokens::TokenReference;
use crate::model::{Id, PlainToken, Token};

/// More than any token has; what is longer is not one.
const LONGEST: u64 = 4_096;

/// A token's text is never an argument: other users of the machine can read those, and shells
/// write them down.
#[derive(Debug, Args)]
pub(in crate::cli) struct Reference {
    /// The token's id; without, the token itself is read from standard input
    #[arg(long, value_parser = values::id::<Token>)]
    id: Option<Id<Token>>,
}

impl Reference {
    /// The id, or else what standard input holds.
    pub(super) fn read(&self) -> anyhow::Result<TokenReference> {
        if let Some(id) = self.id {
            return Ok(TokenReference::Id(id));
        }
        let input = std::io::stdin();
        if input.is_terminal() {
            bail!(
                "say which token: --id ID, or the token itself on standard input, \
                 as in `tokenward token inspect < FILE`"
            );
        }
        read(input.lock())
    }
}

fn read(input: impl Read) -> anyhow::Result<TokenReference> {
    let mut text = Zeroizing::new(String::new());
    input
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .context("cannot read a token from standard input")?;
    match text.trim() {
        "" => bail!("standard input is empty: it holds the token, unless --id names one"),
        token if text.len() as u64 > LONGEST || token.contains(char::is_whitespace) => {
            bail!("standard input holds more than one token")
        }
        token => Ok(TokenReference::Text(PlainToken::new(token.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_without_what_surrounds_it() {
        let found = read(" \r\npolar_pat_x\r\n".as_bytes()).unwrap();
        assert!(matches!(found, TokenReference::Text(token) if token.reveal() == "polar_pat_x"));
    }

    #[test]
    fn what_is_not_one_token_is_refused_without_repeating_it() {
        let long = "secret".repeat(1_000);
        for (input, says) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("secret secret", "more than one"),
            (long.as_str(), "more than one"),
        ] {
            let error = format!("{:#}", read(input.as_bytes()).unwrap_err());
            assert!(error.contains(says) && !error.contains("secret"), "{error}");
        }
        assert!(read(b"\xff".as_slice()).is_err());
    }
}
