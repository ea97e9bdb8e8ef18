//! A letter about a machine that is sent no security events any more, in words.

use super::notice::Page;
use super::shown::{Line, tame};
use super::voice::{Fact, Foot, LONGEST_NAME, Tone, Voice};
use super::words::Words;
use crate::model::letter::{Addressee, StreamDisabled, StreamEnd};

/// A machine is sent no security events any more.
pub(super) fn stream_disabled(
    letter: &StreamDisabled,
    voice: Voice<'_>,
) -> Result<Words, askama::Error> {
    let (why, repair) = match letter.why {
        StreamEnd::Failing => ("letter-stream-failing", "letter-stream-repair"),
        StreamEnd::Overdue => ("letter-stream-overdue", "letter-stream-repair"),
        StreamEnd::Crowded => ("letter-stream-crowded", "letter-stream-repair"),
        StreamEnd::HolderEnded => ("letter-stream-holder-ended", "letter-stream-renew"),
    };
    let why = voice.say(why).put("brand", voice.name()).to_string();
    let foot = Foot {
        genuine: voice.say("letter-webhook-no-link").to_string(),
        contact: voice.contact_about("letter-contact-stream", &letter.stream),
        why_you: match letter.addressee {
            Addressee::OrganizationManager => {
                voice.say("letter-because-stream-manager").to_string()
            }
            Addressee::ClientOwner => voice.say("letter-because-stream-client").to_string(),
            other => voice.because(other),
        },
    };
    let subject = voice.say("letter-stream").to_string();
    let badge = voice.badge(Tone::Warning, "letter-webhook-badge");
    let page = Page {
        frame: voice.frame(format!("{subject}."), badge, foot),
        paragraphs: vec![Line::new(why), voice.line("letter-stream-lost")],
        about: "letter-about-stream",
        facts: facts(letter, voice),
        steps: vec![voice.line("letter-stream-delete"), voice.line(repair)],
    };
    page.words(subject)
}

fn facts(letter: &StreamDisabled, voice: Voice<'_>) -> Vec<Fact> {
    let shown = |id, text: &Option<String>| {
        let text = text.as_deref().map(|text| tame(text, LONGEST_NAME));
        text.map(|text| voice.fact(id, text))
    };
    let name = shown("letter-fact-name", &letter.description);
    let host = shown("letter-fact-host", &letter.host);
    let disabled = voice.fact("letter-fact-disabled", voice.moment(letter.disabled_at));
    name.into_iter().chain(host).chain([disabled]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand};
    use crate::model::{Language, Letter};

    fn told(why: StreamEnd, addressee: Addressee) -> Words {
        let letter = StreamDisabled {
            stream: "019b7a3c-0000-7000-8000-000000000001".to_owned(),
            description: Some("Sign-in at Acme".to_owned()),
            host: Some("events.example".to_owned()),
            why,
            addressee,
            disabled_at: at(0),
        };
        let letter = Letter::StreamDisabled(letter);
        Words::new(&letter, Language::English, &brand()).unwrap()
    }

    #[test]
    fn somebody_reads_that_a_stream_was_disabled() {
        let words = told(StreamEnd::Failing, Addressee::OrganizationManager);
        insta::assert_snapshot!(
            "stream_disabled.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
    }

    /// Without the ends of its lines.
    fn flat(words: &Words) -> String {
        words.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn why_and_what_helps_belong_together() {
        for (why, said) in [
            (StreamEnd::Overdue, "Nobody has fetched"),
            (StreamEnd::Crowded, "More events waited"),
        ] {
            let text = flat(&told(why, Addressee::ClientOwner));
            assert!(
                text.contains(said) && text.contains("enable it again"),
                "{text}"
            );
            assert!(text.contains("you own the application"), "{text}");
        }
        let text = flat(&told(StreamEnd::HolderEnded, Addressee::Operator));
        assert!(
            text.contains("has ended") && text.contains("make a new one"),
            "{text}"
        );
        assert!(
            text.contains("you run Polar") && !text.contains("enable it"),
            "{text}"
        );
    }
}
