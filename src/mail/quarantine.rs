//! The letter about a token whose quarantine is over, in words.

use super::facts::last_four;
use super::notice::Page;
use super::shown::{Line, tame};
use super::voice::{Badge, Fact, Foot, LONGEST_NAME, LONGEST_NAME_IN_SUBJECT, Tone, Voice};
use super::words::Words;
use crate::model::letter::{Addressee, QuarantineEnded};

/// A token is in quarantine no longer.
pub(super) fn quarantine_ended(
    letter: &QuarantineEnded,
    voice: Voice<'_>,
) -> Result<Words, askama::Error> {
    let headline = format!("{}.", sentence(letter, LONGEST_NAME, voice));
    let foot = Foot {
        genuine: voice.genuine(Voice::check_of(letter.addressee)),
        contact: voice.contact_about("letter-contact-token", &letter.token.id),
        why_you: voice.because(letter.addressee),
    };
    let page = Page {
        frame: voice.frame(headline, badge(letter, voice), foot),
        paragraphs: paragraphs(letter, voice),
        about: "letter-about-token",
        facts: facts(letter, voice),
        steps: steps(letter, voice),
    };
    page.words(sentence(letter, LONGEST_NAME_IN_SUBJECT, voice))
}

fn badge(letter: &QuarantineEnded, voice: Voice<'_>) -> Option<Badge> {
    let (tone, id) = match (letter.released, letter.works) {
        (false, _) => (Tone::Good, "letter-finished-badge"),
        (true, true) => (Tone::Warning, "letter-released-badge"),
        (true, false) => (Tone::Calm, "letter-released-dead-badge"),
    };
    voice.badge(tone, id)
}

/// `Your personal access token “deploy” works again`
fn sentence(letter: &QuarantineEnded, longest: usize, voice: Voice<'_>) -> String {
    let token = &letter.token;
    let name = token.name.as_deref().or(token.client.as_deref());
    let of = match letter.addressee {
        Addressee::OrganizationManager | Addressee::Creator => token.organization.as_deref(),
        _ => None,
    };
    let own = letter.addressee == Addressee::Owner;
    let id = match (letter.released, letter.works, own, of) {
        (true, true, true, _) => "letter-released-own",
        (true, true, false, None) => "letter-released",
        (true, true, false, Some(_)) => "letter-released-of",
        (true, false, true, _) => "letter-released-dead-own",
        (true, false, false, None) => "letter-released-dead",
        (true, false, false, Some(_)) => "letter-released-dead-of",
        (false, _, true, _) => "letter-finished-own",
        (false, _, false, None) => "letter-finished",
        (false, _, false, Some(_)) => "letter-finished-of",
    };
    let thing = match own {
        true => voice.thing(token, name, longest),
        false => voice.the_thing(token, name, longest),
    };
    let of = of.map(|of| tame(of, longest)).unwrap_or_default();
    voice.say(id).put("thing", thing).put("who", of).to_string()
}

fn paragraphs(letter: &QuarantineEnded, voice: Voice<'_>) -> Vec<Line> {
    let lead = match (letter.released, letter.works) {
        (false, _) => "letter-finished-lead",
        (true, true) => "letter-released-lead",
        (true, false) => "letter-released-dead-lead",
    };
    let lead = voice.say(lead).put("moment", voice.moment(letter.began_at));
    let relatives = match letter.released {
        true => "letter-released-relatives",
        false => "letter-finished-relatives",
    };
    let relatives = voice.say(relatives).with("count", letter.relatives);
    let relatives = (letter.relatives > 0).then(|| relatives.to_string());
    let lines = std::iter::once(lead.to_string()).chain(relatives);
    lines.map(Line::new).collect()
}

fn facts(letter: &QuarantineEnded, voice: Voice<'_>) -> Vec<Fact> {
    let name = letter.token.name.as_deref();
    let name = name.map(|name| voice.fact("letter-fact-name", tame(name, LONGEST_NAME)));
    let hint = last_four(&letter.token.hint);
    let hint = (!hint.is_empty()).then(|| voice.fact("letter-fact-hint", hint));
    let kind = voice.fact("letter-fact-kind", voice.kind(&letter.token));
    let mut facts: Vec<_> = name.into_iter().chain([kind]).chain(hint).collect();
    facts.push(voice.fact("letter-fact-quarantined", voice.moment(letter.began_at)));
    facts.push(voice.fact("letter-fact-decided", voice.moment(letter.ended_at)));
    facts
}

fn steps(letter: &QuarantineEnded, voice: Voice<'_>) -> Vec<Line> {
    let (replace, then) = match letter.released {
        false => ("letter-finished-replace", "letter-finished-remove"),
        true => ("letter-released-replace", "letter-released-tidy"),
    };
    let replace = voice.say(replace).put("settings", voice.settings());
    vec![Line::new(replace.to_string()), voice.line(then)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand, exposed};
    use crate::model::Language;

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
            let words = quarantine_ended(
                &letter(released, works),
                Voice::new(Language::English, &brand()),
            )
            .unwrap();
            insta::assert_snapshot!(
                format!("quarantine_{name}.txt"),
                format!("Subject: {}\n\n{}", words.subject, words.text)
            );
        }
    }

    #[test]
    fn strangers_names_add_no_markup_and_relatives_are_counted() {
        let mut letter = letter(false, false);
        letter.addressee = Addressee::OrganizationManager;
        letter.token.name = Some("<b>deploy</b>\n".to_owned());
        letter.token.organization = Some("Acme".to_owned());
        letter.relatives = 1;
        let words = quarantine_ended(&letter, Voice::new(Language::English, &brand())).unwrap();
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
        let words = quarantine_ended(&letter, Voice::new(Language::English, &brand())).unwrap();
        assert!(!words.text.contains("With it"));
    }
}
