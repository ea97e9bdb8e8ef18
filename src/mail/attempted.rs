//! The letter about a leaked token that somebody tried, in words.

use super::brand::Brand;
use super::facts::{Fact, moment};
use super::notice::{LONGEST_NAME, Page};
use super::shown::{Line, tame};
use super::words::Words;
use crate::model::TokenKind;
use crate::model::letter::{Addressee, LetterToken, TokenAttempted};

/// Longest name in the subject, so that the end of the sentence is seen.
const LONGEST_NAME_IN_SUBJECT: usize = 40;

/// Somebody tried a token after it leaked.
pub(super) fn token_attempted(
    letter: &TokenAttempted,
    brand: &Brand,
) -> Result<Words, askama::Error> {
    let subject = sentence(letter, LONGEST_NAME_IN_SUBJECT);
    let page = Page {
        brand: Line::new(tame(&brand.name, LONGEST_NAME)),
        accent: brand.accent.to_string(),
        headline: Line::new(format!("{}.", sentence(letter, LONGEST_NAME))),
        paragraphs: vec![
            Line::new(format!(
                "It was found where it should not be, and we revoked it on {}. Since then it opens \
                 nothing, and it opened nothing now.",
                moment(letter.dead_since)
            )),
            Line::new(
                "Whoever tried it has a copy. That may be a stranger who found it, or a program of \
                 your own that nobody gave a new one yet.",
            ),
        ],
        about: "The attempt",
        facts: facts(letter),
        steps: steps(letter),
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

/// The kind of a token, also of one that a newer version made.
pub(super) fn kind(token: &LetterToken) -> String {
    let kind: Option<TokenKind> = token.kind.parse().ok();
    kind.map_or_else(
        || tame(&token.kind.replace('_', " "), 40),
        |kind| kind.title().to_owned(),
    )
}

/// `Somebody tried your revoked personal access token “deploy”`
fn sentence(letter: &TokenAttempted, longest: usize) -> String {
    let article = match letter.addressee {
        Addressee::Owner => "your",
        _ => "the",
    };
    let token = &letter.token;
    let name = token.name.as_deref().or(token.client.as_deref());
    let name = name.map(|name| format!(" “{}”", tame(name, longest)));
    let of = match letter.addressee {
        Addressee::OrganizationManager | Addressee::Creator => token.organization.as_deref(),
        _ => None,
    };
    let of = of.map(|of| format!(" of {}", tame(of, longest)));
    format!(
        "Somebody tried {article} revoked {}{}{}",
        kind(token),
        name.unwrap_or_default(),
        of.unwrap_or_default()
    )
}

fn facts(letter: &TokenAttempted) -> Vec<Fact> {
    let fact = |label, value: String| Fact {
        label,
        value: Line::new(value),
    };
    let how = match letter.via.as_str() {
        "introspection" => "a service asked us whether it works",
        "session" => "in the cookie of a browser",
        "token_endpoint" => "an application wanted to exchange it",
        "client" => "an application wanted to sign in with it",
        "service" => "a service wanted to sign in with it",
        _ => "it was sent to our interface",
    };
    let from = letter.tried_from.as_deref();
    vec![
        fact("Tried on", moment(letter.tried_at)),
        fact(
            "From",
            from.map_or_else(|| "nobody told us".to_owned(), |from| tame(from, 60)),
        ),
        fact("How", how.to_owned()),
        fact("Token ends in", tame(&letter.token.hint, 4)),
        fact("Revoked on", moment(letter.dead_since)),
    ]
}

fn steps(letter: &TokenAttempted) -> Vec<Line> {
    let theirs = match letter.addressee {
        Addressee::Operator => "If it is a machine of yours, give its program a new token.",
        _ => "If the address is one of yours, find the program there and give it a new token.",
    };
    vec![
        Line::new(theirs),
        Line::new(format!(
            "If it is not, somebody tried to act in your name. Look in your records for what was \
             done with the token before {}.",
            moment(letter.dead_since)
        )),
        Line::new("We write this letter once for each token, however often it is tried later."),
    ]
}

/// How the reader tells this letter from a fake.
pub(super) fn genuine(addressee: Addressee, brand: &Brand) -> Line {
    let name = tame(&brand.name, LONGEST_NAME);
    let check = match addressee {
        Addressee::Operator => format!("look the token up in {name} yourself"),
        _ => format!(
            "type the address of {name} into your browser yourself and go to {}; what happened is \
             told there under Exposures",
            tame(&brand.settings, 200)
        ),
    };
    Line::new(format!(
        "It has no login link, and it never asks for a password or for a token. You need not click \
         anything: {check}."
    ))
}

/// Why this reader is written to.
pub(super) fn because(addressee: Addressee, brand: &Brand) -> String {
    match addressee {
        Addressee::Owner => "the token was yours".to_owned(),
        Addressee::OrganizationManager | Addressee::ManagerOfOwner => {
            "you own or manage the organization it belonged to".to_owned()
        }
        Addressee::Creator => "you made this token".to_owned(),
        Addressee::ClientOwner => "you own the application".to_owned(),
        Addressee::Operator => format!("you run {}", tame(&brand.name, LONGEST_NAME)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand, exposed};

    fn letter(addressee: Addressee) -> TokenAttempted {
        TokenAttempted {
            token: exposed().token,
            addressee,
            dead_since: at(900),
            tried_at: at(0),
            tried_from: Some("203.0.113.7".to_owned()),
            via: "introspection".to_owned(),
        }
    }

    #[test]
    fn somebody_reads_that_a_leaked_token_was_tried() {
        let words = token_attempted(&letter(Addressee::Owner), &brand()).unwrap();
        insta::assert_snapshot!(
            "token_attempted.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
        insta::assert_snapshot!("token_attempted.html", words.html);
    }

    #[test]
    fn names_stay_names_and_what_nobody_told_is_said() {
        let mut letter = letter(Addressee::OrganizationManager);
        letter.token.name = Some("<b>deploy</b>\n".to_owned());
        letter.token.organization = Some("Acme".to_owned());
        letter.tried_from = None;
        letter.via = "something newer".to_owned();
        let words = token_attempted(&letter, &brand()).unwrap();
        assert!(!words.html.contains("<b>deploy"));
        assert!(!words.subject.contains('\n'));
        assert!(words.subject.ends_with("of Acme"), "{}", words.subject);
        assert!(words.text.contains("nobody told us"));
    }
}
