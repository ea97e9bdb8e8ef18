//! The letter that calls operators when an origin reports more than is plausible, in words.

use super::brand::Brand;
use super::facts::{Fact, moment};
use super::notice::{LONGEST_NAME, Page};
use super::shown::{Line, tame};
use super::words::Words;
use crate::model::letter::BreakerOpened;

/// An origin had so many tokens revoked that what else it reports goes into quarantine.
pub(super) fn breaker_opened(
    letter: &BreakerOpened,
    brand: &Brand,
) -> Result<Words, askama::Error> {
    let who = tame(&letter.reported_by, LONGEST_NAME);
    let origin = tame(&letter.origin, LONGEST_NAME);
    let subject = format!("{who} reports more leaked tokens than is plausible");
    let then = match letter.ending.as_str() {
        "release" => "they work again",
        _ => "they are revoked for good",
    };
    let page = Page {
        brand: Line::new(tame(&brand.name, LONGEST_NAME)),
        accent: brand.accent.to_string(),
        headline: Line::new(format!("{subject}.")),
        paragraphs: vec![
            Line::new(
                "Every token that it reports from now on goes into quarantine: it opens nothing, \
                 and nothing about it is final until you decide. What was revoked before stays \
                 revoked.",
            ),
            Line::new(format!(
                "The first tokens leave quarantine on {}, and unless you decide before, {then}.",
                moment(letter.ends_at)
            )),
        ],
        about: "What was counted",
        facts: vec![
            fact("Origin", origin.clone()),
            fact("Revoked", format!("{} working tokens", letter.revoked)),
            fact("Since", moment(letter.since)),
            fact("Stopped on", moment(letter.opened_at)),
        ],
        steps: vec![
            Line::new(format!(
                "Find out whether the reports are true: ask {who}, look at where the tokens were \
                 seen (tokenward exposure list --origin {origin}), and check whose keys sign the \
                 reports (tokenward origin test {origin})."
            )),
            Line::new(
                "If they are true, finish what is in quarantine (tokenward quarantine finish). If \
                 they are not, release it (tokenward quarantine release) and disable the origin.",
            ),
            Line::new(format!(
                "When you trust the origin again, close its breaker (tokenward origin reset \
                 {origin})."
            )),
        ],
        genuine: Line::new(
            "It has no login link, and it never asks for a password or for a token. You need not \
             click anything: ask the service itself with tokenward policy show.",
        ),
        contact: Line::new(format!(
            "Questions, or something you did not expect? Ask {}.",
            tame(&brand.security_contact, 200)
        )),
        why_you: Line::new("You receive this letter because you answer for security here."),
    };
    page.words(subject)
}

fn fact(label: &'static str, value: String) -> Fact {
    Fact {
        label,
        value: Line::new(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand};

    #[test]
    fn operators_read_that_an_origin_reports_too_much() {
        let letter = BreakerOpened {
            origin: "github".to_owned(),
            reported_by: "GitHub".to_owned(),
            revoked: 5_000,
            since: at(0),
            opened_at: at(900),
            ends_at: at(9_000),
            ending: "finish".to_owned(),
        };
        let words = breaker_opened(&letter, &brand()).unwrap();
        insta::assert_snapshot!(
            "breaker_opened.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
        insta::assert_snapshot!("breaker_opened.html", words.html);
    }
}
