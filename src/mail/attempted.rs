//! The letter about a leaked token that somebody tried, in words.

use super::facts::last_four;
use super::notice::Page;
use super::shown::{Line, tame};
use super::voice::{Fact, Foot, LONGEST_NAME, LONGEST_NAME_IN_SUBJECT, Tone, Voice};
use super::words::Words;
use crate::model::letter::{Addressee, TokenAttempted};

/// Somebody tried a token after it leaked.
pub(super) fn token_attempted(
    letter: &TokenAttempted,
    voice: Voice<'_>,
) -> Result<Words, askama::Error> {
    let headline = format!("{}.", sentence(letter, LONGEST_NAME, voice));
    let foot = Foot {
        genuine: voice.genuine(Voice::check_of(letter.addressee)),
        contact: voice.contact_about("letter-contact-token", &letter.token.id),
        why_you: voice.because(letter.addressee),
    };
    let badge = voice.badge(Tone::Warning, "letter-tried-badge");
    let dead_since = voice.moment(letter.dead_since);
    let lead = voice.say("letter-tried-lead").put("moment", dead_since);
    let page = Page {
        frame: voice.frame(headline, badge, foot),
        paragraphs: vec![Line::new(lead.to_string()), voice.line("letter-tried-who")],
        about: "letter-about-attempt",
        facts: facts(letter, voice),
        steps: steps(letter, voice),
    };
    page.words(sentence(letter, LONGEST_NAME_IN_SUBJECT, voice))
}

/// `Somebody tried your revoked personal access token “deploy”`
fn sentence(letter: &TokenAttempted, longest: usize, voice: Voice<'_>) -> String {
    let token = &letter.token;
    let name = token.name.as_deref().or(token.client.as_deref());
    let thing = voice.thing(token, name, longest);
    let (id, of) = match (letter.addressee, token.organization.as_deref()) {
        (Addressee::Owner, _) => ("letter-tried-own", None),
        (Addressee::OrganizationManager | Addressee::Creator, Some(of)) => {
            ("letter-tried-of", Some(tame(of, longest)))
        }
        _ => ("letter-tried", None),
    };
    let said = voice.say(id).put("thing", thing);
    said.put("who", of.unwrap_or_default()).to_string()
}

fn facts(letter: &TokenAttempted, voice: Voice<'_>) -> Vec<Fact> {
    let how = voice.say("letter-tried-how").put("way", &letter.via);
    let from = match letter.tried_from.as_deref() {
        Some(from) => tame(from, 60),
        None => voice.say("letter-tried-from-unknown").to_string(),
    };
    vec![
        voice.fact("letter-fact-tried", voice.moment(letter.tried_at)),
        voice.fact("letter-fact-from", from),
        voice.fact("letter-fact-how", how.to_string()),
        voice.fact("letter-fact-hint", last_four(&letter.token.hint)),
        voice.fact("letter-fact-revoked", voice.moment(letter.dead_since)),
    ]
}

fn steps(letter: &TokenAttempted, voice: Voice<'_>) -> Vec<Line> {
    let theirs = match letter.addressee {
        Addressee::Operator => "letter-tried-ours",
        _ => "letter-tried-yours",
    };
    let dead_since = voice.moment(letter.dead_since);
    let stranger = voice
        .say("letter-tried-not-yours")
        .put("moment", dead_since);
    vec![
        voice.line(theirs),
        Line::new(stranger.to_string()),
        voice.line("letter-tried-once"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand, exposed};
    use crate::model::Language;

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
        let words = token_attempted(
            &letter(Addressee::Owner),
            Voice::new(Language::English, &brand()),
        )
        .unwrap();
        insta::assert_snapshot!(
            "token_attempted.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
    }

    #[test]
    fn names_stay_names_and_what_nobody_told_is_said() {
        let mut letter = letter(Addressee::OrganizationManager);
        letter.token.name = Some("<b>deploy</b>\n".to_owned());
        letter.token.organization = Some("Acme".to_owned());
        letter.tried_from = None;
        letter.via = "something newer".to_owned();
        let words = token_attempted(&letter, Voice::new(Language::English, &brand())).unwrap();
        assert!(!words.html.contains("<b>deploy"));
        assert!(!words.subject.contains('\n'));
        assert!(words.subject.ends_with("of Acme"), "{}", words.subject);
        assert!(words.text.contains("nobody told us"));
    }
}
