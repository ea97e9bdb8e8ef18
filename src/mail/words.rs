//! A letter in words: its subject, its plain text and its HTML. Both texts say the same.

use askama::Template;

use super::advice;
use super::brand::Brand;
use super::facts::About;
use super::shown::Line;
use super::voice::{Fact, Frame, Voice};
use super::{attempted, breaker, digest, notice, quarantine, sign_in, stream, webhook};
use crate::model::letter::TokenExposed;
use crate::model::{Language, Letter};

/// A letter as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// Stands alone, for programs that show no HTML. Lines end in `\n`.
    pub text: String,
    /// A whole document, with nothing in it that is fetched from elsewhere.
    pub html: String,
}

impl Words {
    /// Puts a letter into words of a language.
    ///
    /// # Errors
    /// When a template fails, which only a defect of ours can cause.
    pub fn new(letter: &Letter, language: Language, brand: &Brand) -> Result<Self, askama::Error> {
        let voice = Voice::new(language, brand);
        match letter {
            Letter::TokenExposed(exposed) => Self::token_exposed(exposed, voice),
            Letter::LeakDigest(seen) => digest::leak_digest(seen, voice),
            Letter::TokenAttempted(attempted) => attempted::token_attempted(attempted, voice),
            Letter::QuarantineEnded(ended) => quarantine::quarantine_ended(ended, voice),
            Letter::TokenReplayed(replayed) => notice::token_replayed(replayed, voice),
            Letter::BreakerOpened(opened) => breaker::breaker_opened(opened, voice),
            Letter::WebhookDisabled(webhook) => webhook::webhook_disabled(webhook, voice),
            Letter::StreamDisabled(stream) => stream::stream_disabled(stream, voice),
            Letter::LoginCode(code) => sign_in::login_code(code, voice),
        }
    }

    fn token_exposed(exposed: &TokenExposed, voice: Voice<'_>) -> Result<Self, askama::Error> {
        let about = About::new(exposed, voice);
        let page = Page::new(&about);
        Ok(Self {
            subject: about.subject(),
            text: TextPage { page: &page }.render()?,
            html: HtmlPage { page: &page }.render()?,
        })
    }
}

/// Everything both templates show.
struct Page<'a> {
    frame: Frame<'a>,
    alarm: Option<Line>,
    paragraphs: Vec<Line>,
    token: Vec<Fact>,
    address: Option<Line>,
    link: Option<String>,
    caution: Option<Line>,
    sighting: Vec<Fact>,
    steps: Vec<Line>,
}

impl<'a> Page<'a> {
    fn new(about: &About<'a>) -> Self {
        let badge = Some(about.badge());
        Self {
            frame: about.voice.frame(about.headline(), badge, about.foot()),
            alarm: about.alarm(),
            paragraphs: about.what_we_did(),
            token: about.token(),
            address: about.place.address.clone(),
            link: about.place.link.clone(),
            caution: about.caution(),
            sighting: about.sighting(),
            steps: advice::steps(about),
        }
    }
}

#[derive(Template)]
#[template(
    path = "token_exposed.txt",
    config = "src/mail/askama.toml",
    escape = "none"
)]
struct TextPage<'a> {
    page: &'a Page<'a>,
}

#[derive(Template)]
#[template(path = "token_exposed.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page<'a>,
}

#[cfg(test)]
#[path = "words_tests.rs"]
pub(super) mod tests;
