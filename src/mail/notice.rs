//! Letters about what somebody did with a token, in words.

use askama::Template;

use super::brand::Brand;
use super::facts::{Fact, moment};
use super::shown::{Line, tame};
use super::words::Words;
use crate::model::letter::TokenReplayed;

/// Longest name that is written out.
pub(super) const LONGEST_NAME: usize = 100;
/// Most scopes that are listed.
const MOST_SCOPES: usize = 24;

/// Everything both templates show.
pub(super) struct Page {
    pub(super) brand: Line,
    pub(super) accent: String,
    pub(super) headline: Line,
    pub(super) paragraphs: Vec<Line>,
    pub(super) about: &'static str,
    pub(super) facts: Vec<Fact>,
    pub(super) steps: Vec<Line>,
    pub(super) genuine: Line,
    pub(super) contact: Line,
    pub(super) why_you: Line,
}

impl Page {
    /// Both texts, under this subject.
    pub(super) fn words(&self, subject: String) -> Result<Words, askama::Error> {
        Ok(Words {
            subject,
            text: TextPage { page: self }.render()?,
            html: HtmlPage { page: self }.render()?,
        })
    }
}

#[derive(Template)]
#[template(path = "notice.txt", config = "src/mail/askama.toml", escape = "none")]
struct TextPage<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "notice.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page,
}

/// A refresh token was used by two.
pub(super) fn token_replayed(
    letter: &TokenReplayed,
    brand: &Brand,
) -> Result<Words, askama::Error> {
    let name = match letter.client.trim() {
        "" => "an application".to_owned(),
        name => tame(name, LONGEST_NAME),
    };
    let subject = format!("Your connection to {name} was ended, because it may have been copied");
    let page = Page {
        brand: Line::new(tame(&brand.name, LONGEST_NAME)),
        accent: brand.accent.to_string(),
        headline: Line::new(format!("{subject}.")),
        paragraphs: vec![Line::new(format!(
            "A token with which {name} stays connected to your account was used a second time, \
             after it had been exchanged for another. Either the application made a mistake, or \
             somebody else holds a copy. Nobody can tell which, so every token of this connection \
             was revoked."
        ))],
        about: "The connection",
        facts: facts(letter, &name),
        steps: vec![
            Line::new(format!(
                "If you still use {name}, connect it again from the application itself."
            )),
            Line::new(
                "If it happens again, ask whoever makes the application where they keep your \
                 tokens, and look for a machine of yours that others can read.",
            ),
        ],
        genuine: Line::new(format!(
            "It has no login link, and it never asks for a password or for a token. You need not \
             click anything: type the address of {} into your browser yourself and go to {}.",
            tame(&brand.name, LONGEST_NAME),
            tame(&brand.settings, 200)
        )),
        contact: Line::new(format!(
            "Questions, or something you did not expect? Ask {}.",
            tame(&brand.security_contact, 200)
        )),
        why_you: Line::new(
            "You receive this letter because you allowed this application to act for you.",
        ),
    };
    page.words(subject)
}

fn facts(letter: &TokenReplayed, name: &str) -> Vec<Fact> {
    let scopes: Vec<String> = letter
        .scopes
        .iter()
        .take(MOST_SCOPES)
        .map(|scope| tame(scope, LONGEST_NAME))
        .collect();
    let fact = |label, value: String| Fact {
        label,
        value: Line::new(value),
    };
    vec![
        fact("Application", name.to_owned()),
        fact("Allowed since", moment(letter.granted_at)),
        fact("It could", scopes.join(", ")),
        fact("Token ends in", tame(&letter.hint, 8)),
        fact("Ended", moment(letter.ended_at)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand};

    #[test]
    fn somebody_reads_that_a_connection_was_ended() {
        let letter = TokenReplayed {
            client: "Engine <b>Viewer</b>".to_owned(),
            hint: "WQsZ".to_owned(),
            granted_at: at(900),
            scopes: vec!["openid".to_owned(), "orders:read".to_owned()],
            ended_at: at(0),
        };
        let words = token_replayed(&letter, &brand()).unwrap();
        insta::assert_snapshot!(
            "token_replayed.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
        assert!(!words.html.contains("<b>Viewer"));
        insta::assert_snapshot!("token_replayed.html", words.html);
    }
}
