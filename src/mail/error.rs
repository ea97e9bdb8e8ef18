//! What went wrong, told so that the job knows what to do next and nobody learns an address.

/// Why no connection to the mail server came about. It says nothing about any letter.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConnectError {
    /// The server cannot be reached or is in trouble: it may be better soon.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
    /// The server turned us away in a way that waiting does not mend: credentials, TLS, policy.
    #[error("the mail server turned us away: {0}")]
    Refused(String),
}

/// What went wrong with a letter, in two wordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// In our own words, with the code of the answer: for logs, and for other letters.
    pub brief: String,
    /// With the server's words, which may be the letter's: filters repeat the addresses that they dislike.
    /// It is kept beside the letter alone, and forgotten with what that says.
    pub full: String,
}

impl From<String> for Reason {
    fn from(ours: String) -> Self {
        Self {
            brief: ours.clone(),
            full: ours,
        }
    }
}

impl From<&str> for Reason {
    fn from(ours: &str) -> Self {
        ours.to_owned().into()
    }
}

/// Why a letter was not handed over, by what to do about it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SendError {
    /// This letter will never be taken: give up on it.
    #[error("refused for good: {}", .0.brief)]
    Permanent(Reason),
    /// Not now: try this letter later. The connection is well and may carry the next letter.
    #[error("refused for now: {}", .0.brief)]
    Retry(Reason),
    /// The connection is lost, or the server will take no letter of ours: connect again before
    /// anything else is sent.
    #[error("connection lost: {}", reason.brief)]
    Connection {
        /// What happened.
        reason: Reason,
        /// Whether the server had already been told of this letter, its addressee or its text.
        /// Then the letter itself may be what breaks connections, and must back off alone.
        letter_begun: bool,
    },
}

/// Longest server text that is kept.
const LONGEST_TEXT: usize = 120;

/// What a server said, fit for the outbox: one short line of ASCII without any mail address. Servers like to
/// repeat the addressee, sometimes encoded in a help link.
pub(super) fn server_text(text: &str, addressee: &str) -> String {
    let addressee = addressee.to_ascii_lowercase();
    let local = addressee.split('@').next().unwrap_or_default();
    let personal = |word: &str| {
        let word = word.to_ascii_lowercase();
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.contains('@')
            || word.contains("%40")
            || word.contains("=40")
            || (!local.is_empty() && bare == local)
            || (local.len() > 4 && word.contains(local))
    };
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty() && word.is_ascii())
        .map(|word| if personal(word) { "[address]" } else { word });
    let mut line = String::new();
    for word in words {
        if line.len() + word.len() + 1 > LONGEST_TEXT {
            line.push_str(" ...");
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_servers_words_are_kept_without_the_address() {
        let said =
            "5.1.1 <Ada@Example.com>: ada has no mailbox, see https://x/?r=ada%40example.com";
        assert_eq!(
            server_text(said, "ada@example.com"),
            "5.1.1 [address] [address] has no mailbox, see [address]"
        );
    }

    proptest! {
        #[test]
        fn whatever_a_server_says_becomes_one_short_line(said in ".{0,400}") {
            let line = server_text(&said, "lovelace@example.com");
            prop_assert!(line.len() <= LONGEST_TEXT + 4);
            prop_assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert!(!line.contains('@'));
        }

        #[test]
        fn an_addressee_is_not_repeated(before in "[ -~]{0,40}", after in "[ -~]{0,40}") {
            let line = server_text(&format!("{before}lovelace{after}"), "lovelace@example.com");
            prop_assert!(!line.to_ascii_lowercase().contains("lovelace"));
        }
    }
}
