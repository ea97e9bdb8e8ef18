//! Letters about what somebody did with a token, in words.

use askama::Template;

use super::facts::last_four;
use super::shown::{Line, tame};
use super::voice::{Fact, Foot, Frame, LONGEST_NAME, Tone, Voice};
use super::words::Words;
use crate::model::letter::TokenReplayed;

/// Most scopes that are listed.
const MOST_SCOPES: usize = 24;

/// Everything both templates show.
pub(super) struct Page<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) paragraphs: Vec<Line>,
    /// The name of the text above the facts.
    pub(super) about: &'static str,
    pub(super) facts: Vec<Fact>,
    pub(super) steps: Vec<Line>,
}

impl Page<'_> {
    /// Both texts, under this subject.
    pub(super) fn words(&self, subject: String) -> Result<Words, askama::Error> {
        Ok(Words {
            subject,
            text: TextPage { page: self }.render()?,
            html: HtmlPage { page: self }.render()?,
        })
    }
}

#[derive(Template)]
#[template(path = "notice.txt", config = "src/mail/askama.toml", escape = "none")]
struct TextPage<'a> {
    page: &'a Page<'a>,
}

#[derive(Template)]
#[template(path = "notice.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page<'a>,
}

/// A refresh token was used by two.
pub(super) fn token_replayed(
    letter: &TokenReplayed,
    voice: Voice<'_>,
) -> Result<Words, askama::Error> {
    let name = match letter.client.trim() {
        "" => voice.say("letter-an-application").to_string(),
        name => tame(name, LONGEST_NAME),
    };
    let say = |id| voice.say(id).put("client", &name).to_string();
    let subject = say("letter-replayed");
    let foot = Foot {
        genuine: voice.genuine("letter-check-applications"),
        contact: voice.contact(),
        why_you: voice.say("letter-because-allowed").to_string(),
    };
    let badge = voice.badge(Tone::Good, "letter-replayed-badge");
    let page = Page {
        frame: voice.frame(format!("{subject}."), badge, foot),
        paragraphs: vec![Line::new(say("letter-replayed-lead"))],
        about: "letter-about-connection",
        facts: facts(letter, &name, voice),
        steps: vec![
            Line::new(say("letter-replayed-again")),
            voice.line("letter-replayed-twice"),
        ],
    };
    page.words(subject)
}

fn facts(letter: &TokenReplayed, name: &str, voice: Voice<'_>) -> Vec<Fact> {
    let scopes = letter.scopes.iter().take(MOST_SCOPES);
    let scopes: Vec<String> = scopes.map(|scope| tame(scope, LONGEST_NAME)).collect();
    vec![
        voice.fact("letter-fact-application", name),
        voice.fact("letter-fact-allowed", voice.moment(letter.granted_at)),
        voice.fact("letter-fact-power", scopes.join(", ")),
        voice.fact("letter-fact-hint", last_four(&letter.hint)),
        voice.fact("letter-fact-ended", voice.moment(letter.ended_at)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::samples::{at, brand};
    use crate::model::{Language, Letter};

    #[test]
    fn somebody_reads_that_a_connection_was_ended() {
        let letter = TokenReplayed {
            client: "Engine <b>Viewer</b>".to_owned(),
            hint: "WQsZ".to_owned(),
            granted_at: at(900),
            scopes: vec!["openid".to_owned(), "orders:read".to_owned()],
            ended_at: at(0),
        };
        let words =
            Words::new(&Letter::TokenReplayed(letter), Language::English, &brand()).unwrap();
        insta::assert_snapshot!(
            "token_replayed.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
        assert!(!words.html.contains("<b>Viewer"));
    }
}
