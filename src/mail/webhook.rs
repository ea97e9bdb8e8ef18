//! A letter about a machine that is not told any more, in words.

use super::notice::Page;
use super::shown::{Line, tame};
use super::voice::{Fact, Foot, LONGEST_NAME, Tone, Voice};
use super::words::Words;
use crate::model::letter::{Addressee, WebhookDisabled};

/// A machine is not told any more.
pub(super) fn webhook_disabled(
    letter: &WebhookDisabled,
    voice: Voice<'_>,
) -> Result<Words, askama::Error> {
    let host = tame(&letter.host, LONGEST_NAME);
    let subject = voice.say("letter-webhook").put("host", &host).to_string();
    let why = match letter.gone {
        true => "letter-webhook-gone",
        false => "letter-webhook-failed",
    };
    let why = voice.say(why).put("brand", voice.name());
    let foot = Foot {
        genuine: voice.say("letter-webhook-no-link").to_string(),
        contact: voice.contact_about("letter-contact-webhook", &letter.endpoint),
        why_you: match letter.operator {
            true => voice.because(Addressee::Operator),
            false => voice.say("letter-because-webhook").to_string(),
        },
    };
    let badge = voice.badge(Tone::Warning, "letter-webhook-badge");
    let page = Page {
        frame: voice.frame(format!("{subject}."), badge, foot),
        paragraphs: vec![Line::new(why.to_string())],
        about: "letter-about-webhook",
        facts: facts(letter, host, voice),
        steps: vec![
            voice.line("letter-webhook-delete"),
            voice.line("letter-webhook-repair"),
        ],
    };
    page.words(subject)
}

fn facts(letter: &WebhookDisabled, host: String, voice: Voice<'_>) -> Vec<Fact> {
    let failing = letter.failing_since.filter(|_| !letter.gone);
    let failing = failing.map(|since| voice.fact("letter-fact-failing", voice.moment(since)));
    let mut facts = vec![voice.fact("letter-fact-host", host)];
    facts.extend(failing);
    facts.push(voice.fact("letter-fact-disabled", voice.moment(letter.disabled_at)));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand};
    use crate::model::{Language, Letter};

    fn told(letter: WebhookDisabled) -> Result<Words, askama::Error> {
        Words::new(
            &Letter::WebhookDisabled(letter),
            Language::English,
            &brand(),
        )
    }

    #[test]
    fn somebody_reads_that_a_webhook_was_disabled() {
        let letter = WebhookDisabled {
            endpoint: "019b7a3c-0000-7000-8000-000000000001".to_owned(),
            host: "hooks.example".to_owned(),
            gone: false,
            operator: false,
            failing_since: Some(at(120)),
            disabled_at: at(0),
        };
        let words = told(letter.clone()).unwrap();
        insta::assert_snapshot!(
            "webhook_disabled.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
        let gone = WebhookDisabled {
            gone: true,
            operator: true,
            ..letter
        };
        let words = told(gone).unwrap();
        assert!(words.text.contains("status 410") && words.text.contains("you run Polar"));
    }
}
