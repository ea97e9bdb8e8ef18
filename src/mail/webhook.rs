//! A letter about a machine that is not told any more, in words.

use super::brand::Brand;
use super::facts::{Fact, moment};
use super::notice::{LONGEST_NAME, Page};
use super::shown::{Line, tame};
use super::words::Words;
use crate::model::letter::WebhookDisabled;

/// A machine is not told any more.
pub(super) fn webhook_disabled(
    letter: &WebhookDisabled,
    brand: &Brand,
) -> Result<Words, askama::Error> {
    let host = tame(&letter.host, LONGEST_NAME);
    let name = tame(&brand.name, LONGEST_NAME);
    let subject = format!("Your webhook at {host} was disabled");
    let why = match letter.gone {
        true => "It answered that it is gone for good (status 410).".to_owned(),
        false => "It has answered no message as it should for days.".to_owned(),
    };
    let page = Page {
        brand: Line::new(&name),
        accent: brand.accent.to_string(),
        headline: Line::new(format!("{subject}.")),
        paragraphs: vec![Line::new(format!(
            "{why} {name} tells it of leaked and revoked tokens no longer. Messages that it was not \
             told are kept for a while; of what happens from now on it is told nothing."
        ))],
        about: "The webhook",
        facts: facts(letter, host),
        steps: vec![
            Line::new("If you do not need it any more, delete it."),
            Line::new(
                "If you do, repair what answers there and enable it again: what waits is sent then.",
            ),
        ],
        genuine: Line::new(
            "It has no login link, and it never asks for a password or for a token.",
        ),
        contact: Line::new(format!(
            "Questions, or something you did not expect? Ask {} and name the webhook {}.",
            tame(&brand.security_contact, 200),
            tame(&letter.endpoint, 64)
        )),
        why_you: Line::new(match letter.operator {
            true => format!("You receive this letter because you run {name}."),
            false => "You receive this letter because you own or manage the organization that it \
                      belongs to."
                .to_owned(),
        }),
    };
    page.words(subject)
}

fn facts(letter: &WebhookDisabled, host: String) -> Vec<Fact> {
    let fact = |label, value: String| Fact {
        label,
        value: Line::new(value),
    };
    let failing = letter.failing_since.filter(|_| !letter.gone);
    let mut facts = vec![
        fact("Host", host),
        fact("Webhook", tame(&letter.endpoint, 64)),
    ];
    facts.extend(failing.map(|since| fact("Failing since", moment(since))));
    facts.push(fact("Disabled", moment(letter.disabled_at)));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand};

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
        let words = webhook_disabled(&letter, &brand()).unwrap();
        insta::assert_snapshot!(
            "webhook_disabled.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
        let gone = WebhookDisabled {
            gone: true,
            operator: true,
            ..letter
        };
        let words = webhook_disabled(&gone, &brand()).unwrap();
        assert!(words.text.contains("status 410") && words.text.contains("you run Polar"));
    }
}
