//! Who speaks in a letter, and in which language: our own words, and what is the same in every
//! letter.

use super::brand::Brand;
use super::shown::{Line, tame};
use crate::model::letter::{Addressee, LetterToken};
use crate::model::{Language, Timestamp, TokenKind};
use crate::texts::{self, Said};

/// Longest name that is written out, in the letter and in its subject.
pub(super) const LONGEST_NAME: usize = 100;
pub(super) const LONGEST_NAME_IN_SUBJECT: usize = 40;

/// The product, speaking a language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice<'a> {
    pub(super) language: Language,
    brand: &'a Brand,
}

/// One line of a table.
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: Line,
}

/// The letter in two words, above its heading.
pub(super) struct Badge {
    pub(super) tone: Tone,
    pub(super) words: String,
}

/// How serious it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// It is taken care of, or was never dangerous.
    Calm,
    /// It is good to know.
    Good,
    /// Somebody has to decide or to look.
    Warning,
    /// It is still open.
    Alarm,
}

impl Tone {
    /// Its class in the style sheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}

/// What stands around every letter.
pub(super) struct Frame<'a> {
    voice: Voice<'a>,
    pub(super) brand: Line,
    pub(super) accent: String,
    pub(super) badge: Option<Badge>,
    pub(super) headline: Line,
    pub(super) genuine: Line,
    pub(super) contact: Line,
    pub(super) why_you: Line,
}

impl Frame<'_> {
    /// The language's tag.
    pub(super) const fn lang(&self) -> &'static str {
        self.voice.language.tag()
    }

    /// One of our texts into which nothing is put.
    pub(super) fn say(&self, id: &str) -> String {
        self.voice.say(id).to_string()
    }
}

impl<'a> Voice<'a> {
    pub(super) const fn new(language: Language, brand: &'a Brand) -> Self {
        Self { language, brand }
    }

    /// One of our texts.
    pub(super) fn say<'t>(self, id: &'t str) -> Said<'t> {
        Said::new(self.language, id)
    }

    /// One of our texts into which nothing is put.
    pub(super) fn line(self, id: &str) -> Line {
        Line::new(self.say(id).to_string())
    }

    pub(super) fn moment(self, at: Timestamp) -> String {
        texts::moment(self.language, at.to_utc()).to_string()
    }

    /// The product's name.
    pub(super) fn name(self) -> String {
        tame(&self.brand.name, LONGEST_NAME)
    }

    /// How a reader gets to their tokens.
    pub(super) fn settings(self) -> String {
        self.way("letter-way")
    }

    /// How a reader gets to the applications that they made.
    pub(super) fn applications(self) -> String {
        self.way("letter-way-applications")
    }

    /// How a reader gets to their organizations.
    pub(super) fn organizations(self) -> String {
        self.way("letter-way-organizations")
    }

    /// A way through our own pages, unless the product has others.
    fn way(self, ours: &str) -> String {
        match &self.brand.settings {
            Some(way) => tame(way, 200),
            None => self.say(ours).to_string(),
        }
    }

    /// A name in quotation marks.
    pub(super) fn quoted(self, name: &str, longest: usize) -> String {
        let said = self.say("letter-quoted").put("name", tame(name, longest));
        said.to_string()
    }

    pub(super) fn fact(self, label: &str, value: impl AsRef<str>) -> Fact {
        Fact {
            label: self.say(label).to_string(),
            value: Line::new(value),
        }
    }

    pub(super) fn badge(self, tone: Tone, id: &str) -> Option<Badge> {
        let words = self.say(id).to_string();
        Some(Badge { tone, words })
    }

    /// The kind of a token, also of one that a newer version made.
    pub(super) fn kind(self, token: &LetterToken) -> String {
        self.kind_in(token, "letter-kind")
    }

    /// `personal access token “deploy”`, as it follows "your".
    pub(super) fn thing(self, token: &LetterToken, name: Option<&str>, longest: usize) -> String {
        self.named(self.kind(token), name, longest)
    }

    /// `The personal access token “deploy”`.
    pub(super) fn the_thing(
        self,
        token: &LetterToken,
        name: Option<&str>,
        longest: usize,
    ) -> String {
        self.named(self.kind_in(token, "letter-kind-the"), name, longest)
    }

    fn kind_in(self, token: &LetterToken, id: &str) -> String {
        let kind = match token.kind.parse::<TokenKind>() {
            Ok(kind) => kind.name().to_owned(),
            Err(_) => tame(&token.kind.replace('_', " "), 40),
        };
        self.say(id).put("kind", kind).to_string()
    }

    fn named(self, kind: String, name: Option<&str>, longest: usize) -> String {
        let Some(name) = name else { return kind };
        let said = self.say("letter-thing").put("kind", kind);
        said.put("name", tame(name, longest)).to_string()
    }

    /// What stands around a letter.
    pub(super) fn frame(self, headline: String, badge: Option<Badge>, foot: Foot) -> Frame<'a> {
        // Names such as "Acme Inc." bring their own full stop.
        let why = foot.why_you.trim_end_matches('.');
        Frame {
            voice: self,
            brand: Line::new(self.name()),
            accent: self.brand.accent.to_string(),
            badge,
            headline: Line::new(headline),
            genuine: Line::new(foot.genuine),
            contact: Line::new(foot.contact),
            why_you: Line::new(self.say("letter-because").put("why", why).to_string()),
        }
    }

    /// Whom to ask.
    pub(super) fn contact(self) -> String {
        let said = self.say("letter-contact");
        said.put("contact", self.who_helps()).to_string()
    }

    /// Whom to ask, and what to name: a token or a webhook.
    pub(super) fn contact_about(self, id: &str, named: &str) -> String {
        let said = self.say(id).put("contact", self.who_helps());
        said.put("id", tame(named, 64)).to_string()
    }

    fn who_helps(self) -> String {
        match &self.brand.security_contact {
            Some(contact) => tame(contact, 200),
            None => self.say("letter-whoever-runs").to_string(),
        }
    }

    /// How the reader tells a letter from a fake: by what they look up themselves.
    pub(super) fn genuine(self, check: &str) -> String {
        let check = self.say(check).put("brand", self.name());
        let check = check.put("settings", self.settings());
        self.genuine_if(check.put("applications", self.applications()).to_string())
    }

    /// The same, with words of the letter's own.
    pub(super) fn genuine_if(self, check: String) -> String {
        self.say("letter-no-link").put("check", check).to_string()
    }

    /// What somebody can look up who stands in this relation to a token.
    pub(super) const fn check_of(addressee: Addressee) -> &'static str {
        match addressee {
            Addressee::Operator => "letter-check-operator",
            _ => "letter-check-exposures",
        }
    }

    /// Why this reader is written to about a token.
    pub(super) fn because(self, addressee: Addressee) -> String {
        let id = match addressee {
            Addressee::Owner => "letter-because-owner",
            Addressee::OrganizationManager | Addressee::ManagerOfOwner => "letter-because-manager",
            Addressee::Creator => "letter-because-creator",
            Addressee::ClientOwner => {
                let application = self.say("letter-the-application").to_string();
                let said = self.say("letter-because-client");
                return said.put("application", application).to_string();
            }
            Addressee::Operator => "letter-because-operator",
        };
        self.say(id).put("brand", self.name()).to_string()
    }
}

/// The words at the end of a letter, as sentences; why somebody is written to follows "because".
pub(super) struct Foot {
    pub(super) genuine: String,
    pub(super) contact: String,
    pub(super) why_you: String,
}
