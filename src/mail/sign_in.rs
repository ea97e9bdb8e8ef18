//! The letter that brings a code for signing in, in words.

use askama::Template;

use super::brand::Brand;
use super::facts::moment;
use super::shown::{Line, tame};
use super::words::Words;
use crate::model::letter::LoginCode;

/// Longest name that is written out.
const LONGEST_NAME: usize = 100;

/// Everything both templates show.
struct Page {
    brand: Line,
    accent: String,
    headline: Line,
    paragraphs: Vec<Line>,
    code: String,
    after: Vec<Line>,
    genuine: Line,
    contact: Line,
    why_you: Line,
}

#[derive(Template)]
#[template(
    path = "login_code.txt",
    config = "src/mail/askama.toml",
    escape = "none"
)]
struct TextPage<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "login_code.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page,
}

pub(super) fn login_code(letter: &LoginCode, brand: &Brand) -> Result<Words, askama::Error> {
    let name = tame(&brand.name, LONGEST_NAME);
    // The code itself stays out of the subject, which shows on locked screens.
    let subject = format!("Your code to sign in to {name}");
    let from = match &letter.asked_from {
        Some(address) => format!(" It was asked for from the address {}.", tame(address, 64)),
        None => String::new(),
    };
    let page = Page {
        brand: Line::new(&name),
        accent: brand.accent.to_string(),
        headline: Line::new(format!("{subject}.")),
        paragraphs: vec![Line::new("Type it into the page that asks for it:")],
        code: letter
            .code
            .as_ref()
            .map(|code| code.reveal().to_owned())
            .unwrap_or_default(),
        after: vec![
            Line::new(format!(
                "It works once, until {}, and only in the browser where you asked for it.{from}",
                moment(letter.expires_at)
            )),
            Line::new(
                "If you did not ask for it, somebody typed your address. You need not do anything: \
                 without this letter they cannot sign in. Never read the code out to anybody.",
            ),
        ],
        genuine: Line::new(format!(
            "It has no link to click. {name} never asks you for this code by telephone, by chat or \
             on a page of another address."
        )),
        contact: Line::new(format!(
            "Questions, or something you did not expect? Ask {}.",
            tame(&brand.security_contact, 200)
        )),
        why_you: Line::new(format!(
            "You receive this letter because somebody wants to sign in to {name} with this address."
        )),
    };
    Ok(Words {
        subject,
        text: TextPage { page: &page }.render()?,
        html: HtmlPage { page: &page }.render()?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::mail::samples::{at, brand};
    use crate::model::LoginCodeText;

    #[test]
    fn somebody_reads_their_code() {
        let letter = LoginCode {
            ticket: Uuid::from_u128(1),
            hash_key: "k".to_owned(),
            expires_at: at(0),
            asked_from: Some("203.0.113.7".to_owned()),
            code: Some(LoginCodeText::typed("K7MQ2X")),
        };
        let words = login_code(&letter, &brand()).unwrap();
        assert!(!words.subject.contains("K7MQ2X"));
        insta::assert_snapshot!(
            "login_code.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
        insta::assert_snapshot!("login_code.html", words.html);
    }
}
