//! The letter about a token whose quarantine is over, in words.

use super::attempted::{because, genuine, kind};
use super::brand::Brand;
use super::facts::{Fact, LONGEST_NAME, last_four, moment};
use super::notice::Page;
use super::shown::{Line, tame};
use super::words::Words;
use crate::model::letter::{Addressee, QuarantineEnded};

/// Longest name in the subject, so that the end of the sentence is seen.
const LONGEST_NAME_IN_SUBJECT: usize = 40;

/// A token is in quarantine no longer.
pub(super) fn quarantine_ended(
    letter: &QuarantineEnded,
    brand: &Brand,
) -> Result<Words, askama::Error> {
    let subject = sentence(letter, LONGEST_NAME_IN_SUBJECT);
    let page = Page {
        brand: Line::new(tame(&brand.name, LONGEST_NAME)),
        accent: brand.accent.to_string(),
        headline: Line::new(format!("{}.", sentence(letter, LONGEST_NAME))),
        paragraphs: paragraphs(letter),
        about: "The token",
        facts: facts(letter),
        steps: steps(letter, brand),
        genuine: genuine(letter.addressee, brand),
        contact: Line::new(format!(
            "Questions, or something you did not expect? Ask {} and name the token {}.",
            tame(&brand.security_contact, 200),
            tame(&letter.token.id, 64)
        )),
        why_you: Line::new(format!(
            "You receive this letter because {}.",
            because(letter.addressee, brand)
        )),
    };
    page.words(subject)
}

/// `Your personal access token “deploy” works again`
fn sentence(letter: &QuarantineEnded, longest: usize) -> String {
    let article = match letter.addressee {
        Addressee::Owner => "Your",
        _ => "The",
    };
    let token = &letter.token;
    let name = token.name.as_deref().or(token.client.as_deref());
    let name = name.map(|name| format!(" “{}”", tame(name, longest)));
    let of = match letter.addressee {
        Addressee::OrganizationManager | Addressee::Creator => token.organization.as_deref(),
        _ => None,
    };
    let of = of.map(|of| format!(" of {}", tame(of, longest)));
    let now = match (letter.released, letter.works) {
        (false, _) => "has been revoked for good",
        (true, true) => "works again",
        (true, false) => "has left quarantine, and still does not work",
    };
    format!(
        "{article} {}{}{} {now}",
        kind(token),
        name.unwrap_or_default(),
        of.unwrap_or_default()
    )
}

fn paragraphs(letter: &QuarantineEnded) -> Vec<Line> {
    let began = moment(letter.began_at);
    let what = match (letter.released, letter.works) {
        (false, _) => format!(
            "It was put into quarantine on {began}, because it was reported as leaked. That is \
             decided now: it opens nothing any more, and never will again."
        ),
        (true, true) => format!(
            "It was put into quarantine on {began}, because it was reported as leaked. Whoever runs \
             this service has taken that back: it opens again what it opened before, for whoever \
             has a copy."
        ),
        (true, false) => format!(
            "It was put into quarantine on {began}, because it was reported as leaked. Whoever runs \
             this service has taken that back; meanwhile it has expired, or what it belongs to is \
             blocked."
        ),
    };
    let did = match letter.released {
        true => "came back",
        false => "were revoked for good",
    };
    let relatives = match letter.relatives {
        0 => None,
        1 => Some(format!(
            "With it 1 related token {}.",
            did.replace("were", "was")
        )),
        number => Some(format!("With it {number} related tokens {did}.")),
    };
    let lines = std::iter::once(what).chain(relatives);
    lines.map(Line::new).collect()
}

fn facts(letter: &QuarantineEnded) -> Vec<Fact> {
    let fact = |label, value: String| Fact {
        label,
        value: Line::new(value),
    };
    let name = letter.token.name.as_deref();
    let hint = last_four(&letter.token.hint);
    let mut facts: Vec<_> = name
        .map(|name| fact("Name", tame(name, LONGEST_NAME)))
        .into_iter()
        .collect();
    facts.push(fact("Kind", kind(&letter.token)));
    if !hint.is_empty() {
        facts.push(fact("Ends in", hint));
    }
    facts.push(fact("In quarantine", moment(letter.began_at)));
    facts.push(fact("Decided on", moment(letter.ended_at)));
    facts
}

fn steps(letter: &QuarantineEnded, brand: &Brand) -> Vec<Line> {
    let settings = tame(&brand.settings, 200);
    if !letter.released {
        return vec![
            Line::new(format!(
                "If something of yours still needs it, create a new token: go to {settings}."
            )),
            Line::new("Remove it from where it was seen, and find out how it got there."),
        ];
    }
    vec![
        Line::new(format!(
            "If it stood where others could read it, replace it: go to {settings}, create a new \
             token and revoke this one."
        )),
        Line::new(
            "If you gave a program another one meanwhile, revoke the one that you need no longer.",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand, exposed};

    fn letter(released: bool, works: bool) -> QuarantineEnded {
        QuarantineEnded {
            token: exposed().token,
            addressee: Addressee::Owner,
            began_at: at(72),
            ended_at: at(0),
            released,
            works,
            relatives: 2,
        }
    }

    #[test]
    fn somebody_reads_what_became_of_a_quarantine() {
        for (name, released, works) in [
            ("released", true, true),
            ("released_dead", true, false),
            ("finished", false, false),
        ] {
            let words = quarantine_ended(&letter(released, works), &brand()).unwrap();
            insta::assert_snapshot!(
                format!("quarantine_{name}.txt"),
                format!("Subject: {}\n\n{}", words.subject, words.text)
            );
        }
        let words = quarantine_ended(&letter(true, true), &brand()).unwrap();
        insta::assert_snapshot!("quarantine_released.html", words.html);
    }

    #[test]
    fn strangers_names_add_no_markup_and_relatives_are_counted() {
        let mut letter = letter(false, false);
        letter.addressee = Addressee::OrganizationManager;
        letter.token.name = Some("<b>deploy</b>\n".to_owned());
        letter.token.organization = Some("Acme".to_owned());
        letter.relatives = 1;
        let words = quarantine_ended(&letter, &brand()).unwrap();
        assert!(!words.html.contains("<b>deploy") && !words.subject.contains('\n'));
        assert!(
            words.subject.contains(" of Acme has been revoked"),
            "{}",
            words.subject
        );
        assert!(
            words
                .text
                .contains("With it 1 related token was revoked for good.")
        );
        letter.relatives = 0;
        let words = quarantine_ended(&letter, &brand()).unwrap();
        assert!(!words.text.contains("With it"));
    }
}
