//! Every word that people read on pages and in letters, in each language, in Fluent's format: `texts/en`, `texts/de`.
//! Templates and handlers name texts, so that a translator never opens either.

use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use time::OffsetDateTime;
use unic_langid::LanguageIdentifier;

use crate::model::Language;

type Bundle = FluentBundle<FluentResource>;

/// The files of a language, by their names without ending.
macro_rules! files {
    ($language:literal: $($name:literal),* $(,)?) => {
        &[$(include_str!(concat!("texts/", $language, "/", $name, ".ftl"))),*]
    };
}

const ENGLISH: &[&str] = files!("en": "frame", "login", "settings", "dev", "applications", "tokens", "exposures", "errors",
        "admin", "organizations", "letters");
const GERMAN: &[&str] = files!("de": "frame", "login", "settings", "dev", "applications", "tokens",
    "exposures", "errors", "refusals", "admin", "organizations", "letters");

static BUNDLES: LazyLock<[Bundle; 2]> = LazyLock::new(|| Language::ALL.map(bundle));

const fn files_of(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => ENGLISH,
        Language::German => GERMAN,
    }
}

fn bundle(language: Language) -> Bundle {
    let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // What is put in stands in an element of its own where its direction may differ.
    bundle.set_use_isolating(false);
    for file in files_of(language) {
        // Tests hold that every file is whole and nothing is there twice.
        let resource = match FluentResource::try_new((*file).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
    }
    bundle
}

fn bundle_of(language: Language) -> &'static Bundle {
    let [english, german] = &*BUNDLES;
    match language {
        Language::English => english,
        Language::German => german,
    }
}

/// A text in a language, with what is put into it. It is written out by `Display`.
pub(crate) struct Said<'a> {
    language: Language,
    id: &'a str,
    arguments: FluentArgs<'a>,
}

impl<'a> Said<'a> {
    /// The text of this name.
    pub(crate) fn new(language: Language, id: &'a str) -> Self {
        Self {
            language,
            id,
            arguments: FluentArgs::new(),
        }
    }

    /// Puts a word or a number into it.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Argument<'a>) -> Self {
        self.arguments.set(name, value.into_value());
        self
    }

    /// Puts words into it that cannot turn the text around, because somebody looked at each of
    /// their characters before, or because they are our own.
    #[must_use]
    pub(crate) fn put(mut self, name: &'static str, words: impl Into<String>) -> Self {
        self.arguments.set(name, FluentValue::from(words.into()));
        self
    }
}

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundle = bundle_of(self.language);
        let message = bundle.get_message(self.id);
        let Some(pattern) = message.and_then(|message| message.value()) else {
            tracing::error!(
                text = self.id,
                "a page or a letter names a text that there is not"
            );
            return f.write_str(self.id);
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&self.arguments), &mut errors);
        if !errors.is_empty() {
            tracing::error!(text = self.id, ?errors, "a text lacks what is put into it");
        }
        f.write_str(&text)
    }
}

/// What can be put into a text: words and numbers, owned or, as templates hand them over, behind
/// references.
pub(crate) trait Argument<'a> {
    /// As Fluent wants it.
    fn into_value(self) -> FluentValue<'a>;
}

impl<'a, T: Word + ?Sized> Argument<'a> for &'a T {
    fn into_value(self) -> FluentValue<'a> {
        self.value()
    }
}

/// A word or a number.
pub(crate) trait Word {
    /// As Fluent wants it.
    fn value(&self) -> FluentValue<'_>;
}

impl<T: Word + ?Sized> Word for &T {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

impl Word for str {
    /// Words that somebody else chose are kept to their own direction (Unicode Annex 9, isolates):
    /// a name cannot turn the sentence around it.
    fn value(&self) -> FluentValue<'_> {
        match self.is_ascii() {
            true => self.into(),
            false => format!("\u{2068}{self}\u{2069}").into(),
        }
    }
}

impl Word for String {
    fn value(&self) -> FluentValue<'_> {
        self.as_str().value()
    }
}

impl Argument<'_> for String {
    fn into_value(self) -> FluentValue<'static> {
        self.as_str().value().into_owned()
    }
}

impl Word for IpAddr {
    fn value(&self) -> FluentValue<'_> {
        self.to_string().into()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Word for $number {
            fn value(&self) -> FluentValue<'_> {
                (*self).into()
            }
        }

        impl Argument<'_> for $number {
            fn into_value(self) -> FluentValue<'static> {
                self.into()
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, usize, i64);

/// What programs are told as a phrase, as people are told it: translated where there is a text for
/// it, named `refusal-` and its words.
pub(crate) fn phrase(language: Language, phrase: &str) -> String {
    let id = refusal_id(phrase);
    match bundle_of(language).has_message(&id) {
        true => Said::new(language, &id).to_string(),
        false => sentence(phrase),
    }
}

fn refusal_id(phrase: &str) -> String {
    let words = phrase.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    format!("refusal-{}", words.join("-").to_ascii_lowercase())
}

fn sentence(phrase: &str) -> String {
    let mut rest = phrase.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let mut text: String = first.chain(rest).collect();
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

/// A day as the language writes it: `1 January 2026`.
pub(crate) fn date(language: Language, at: OffsetDateTime) -> Said<'static> {
    dated(language, at, "time-date")
}

/// A moment to the minute: `1 January 2026, 12:00 UTC`.
pub(crate) fn moment(language: Language, at: OffsetDateTime) -> Said<'static> {
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    dated(language, at, "time-exact").put("clock", clock)
}

fn dated(language: Language, at: OffsetDateTime, id: &'static str) -> Said<'static> {
    let month = Said::new(language, "time-month").with("month", u8::from(at.month()));
    Said::new(language, id)
        .with("day", at.day())
        .put("month", month.to_string())
        // A number of four digits, never grouped.
        .put("year", at.year().to_string())
}

#[cfg(test)]
#[path = "texts/tests.rs"]
mod tests;
