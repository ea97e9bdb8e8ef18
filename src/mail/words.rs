//! A letter in words: its subject, its plain text and its HTML. Both texts say the same.

use askama::Template;

use super::advice;
use super::brand::Brand;
use super::facts::{About, Fact};
use super::shown::{Line, tame};
use super::{attempted, breaker, digest, notice, quarantine, sign_in, webhook};
use crate::model::Letter;
use crate::model::letter::TokenExposed;

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
    /// Puts a letter into words.
    ///
    /// # Errors
    /// When a template fails, which only a defect of ours can cause.
    pub fn new(letter: &Letter, brand: &Brand) -> Result<Self, askama::Error> {
        match letter {
            Letter::TokenExposed(exposed) => Self::token_exposed(exposed, brand),
            Letter::LeakDigest(seen) => digest::leak_digest(seen, brand),
            Letter::TokenAttempted(attempted) => attempted::token_attempted(attempted, brand),
            Letter::QuarantineEnded(ended) => quarantine::quarantine_ended(ended, brand),
            Letter::TokenReplayed(replayed) => notice::token_replayed(replayed, brand),
            Letter::BreakerOpened(opened) => breaker::breaker_opened(opened, brand),
            Letter::WebhookDisabled(webhook) => webhook::webhook_disabled(webhook, brand),
            Letter::LoginCode(code) => sign_in::login_code(code, brand),
        }
    }

    fn token_exposed(exposed: &TokenExposed, brand: &Brand) -> Result<Self, askama::Error> {
        let about = About::new(exposed, brand);
        let page = Page::new(&about, brand);
        Ok(Self {
            subject: about.subject(),
            text: TextPage { page: &page }.render()?,
            html: HtmlPage { page: &page }.render()?,
        })
    }
}

/// Everything both templates show.
struct Page {
    brand: Line,
    accent: String,
    headline: Line,
    alarm: Option<Line>,
    paragraphs: Vec<Line>,
    token: Vec<Fact>,
    address: Option<Line>,
    link: Option<String>,
    caution: Option<Line>,
    sighting: Vec<Fact>,
    steps: Vec<Line>,
    genuine: Line,
    contact: Line,
    why_you: Line,
}

impl Page {
    fn new(about: &About<'_>, brand: &Brand) -> Self {
        let reference = tame(&about.letter.token.id, 64);
        Self {
            brand: Line::new(&about.brand),
            accent: brand.accent.to_string(),
            headline: about.headline(),
            alarm: about.alarm(),
            paragraphs: [Some(about.what_we_did()), about.relatives()]
                .into_iter()
                .flatten()
                .collect(),
            token: about.token(),
            address: about.place.address.clone(),
            link: about.place.link.clone(),
            caution: about.caution(),
            sighting: about.sighting(),
            steps: advice::steps(about).into_iter().map(Line::new).collect(),
            genuine: about.genuine(),
            contact: Line::new(format!(
                "Questions, or something you did not expect? Ask {} and name the token {reference}.",
                tame(&brand.security_contact, 200)
            )),
            why_you: about.why_you(),
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
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "token_exposed.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page,
}

#[cfg(test)]
#[path = "words_tests.rs"]
pub(super) mod tests;
