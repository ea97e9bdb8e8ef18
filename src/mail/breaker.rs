//! The letter that calls operators when an origin reports more than is plausible, in words.

use super::notice::Page;
use super::shown::{Line, tame};
use super::voice::{Fact, Foot, LONGEST_NAME, Tone, Voice};
use super::words::Words;
use crate::model::letter::BreakerOpened;

/// An origin had so many tokens revoked that what else it reports goes into quarantine.
pub(super) fn breaker_opened(
    letter: &BreakerOpened,
    voice: Voice<'_>,
) -> Result<Words, askama::Error> {
    let ends_at = voice.moment(letter.ends_at);
    let say = |id| {
        let said = voice.say(id).put("moment", &ends_at);
        let said = said.put("reporter", tame(&letter.reported_by, LONGEST_NAME));
        let said = said.put("origin", tame(&letter.origin, LONGEST_NAME));
        said.to_string()
    };
    let then = match letter.ending.as_str() {
        "release" => "letter-breaker-release",
        _ => "letter-breaker-finish",
    };
    let steps = [
        "letter-breaker-find-out",
        "letter-breaker-decide",
        "letter-breaker-close",
    ];
    let foot = Foot {
        genuine: voice.genuine("letter-check-policy"),
        contact: voice.contact(),
        why_you: voice.say("letter-because-security").to_string(),
    };
    let subject = say("letter-breaker");
    let badge = voice.badge(Tone::Warning, "letter-breaker-badge");
    let page = Page {
        frame: voice.frame(format!("{subject}."), badge, foot),
        paragraphs: ["letter-breaker-lead", then]
            .map(|id| Line::new(say(id)))
            .into(),
        about: "letter-about-count",
        facts: facts(letter, voice),
        steps: steps.map(|id| Line::new(say(id))).into(),
    };
    page.words(subject)
}

fn facts(letter: &BreakerOpened, voice: Voice<'_>) -> Vec<Fact> {
    let revoked = voice
        .say("letter-breaker-revoked")
        .with("count", letter.revoked);
    vec![
        voice.fact("letter-fact-origin", tame(&letter.origin, LONGEST_NAME)),
        voice.fact("letter-fact-revoked", revoked.to_string()),
        voice.fact("letter-fact-since", voice.moment(letter.since)),
        voice.fact("letter-fact-stopped", voice.moment(letter.opened_at)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand};
    use crate::model::{Language, Letter};

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
        let words =
            Words::new(&Letter::BreakerOpened(letter), Language::English, &brand()).unwrap();
        insta::assert_snapshot!(
            "breaker_opened.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
    }
}
