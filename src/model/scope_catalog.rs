//! The scopes that may be granted, each in words that its owner understands.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::language::Language;
use super::scope::ScopeSet;

/// Lets a client learn who signed in (OpenID Connect Core 3.1.2.1).
pub const OPENID: &str = "openid";
/// Lets a client learn the person's name (OpenID Connect Core 5.4).
pub const PROFILE: &str = "profile";
/// Lets a client learn the person's address.
pub const EMAIL: &str = "email";
/// Asks for a refresh token (OpenID Connect Core 11). Every client that may use refresh tokens gets
/// one, so this only has to be accepted.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Scopes of the protocol itself, which exist whatever the product offers.
const PROTOCOL: [(&str, &str); 4] = [
    (OPENID, "Know who you are"),
    (PROFILE, "See your name"),
    (EMAIL, "See your e-mail address"),
    (OFFLINE_ACCESS, "Stay connected while you are away"),
];

/// Names of the protocol's scopes.
pub const OPENID_SCOPES: [&str; 4] = [OPENID, PROFILE, EMAIL, OFFLINE_ACCESS];

/// Every scope that may be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeCatalog {
    words: BTreeMap<String, Words>,
    all: ScopeSet,
    risky: ScopeSet,
}

/// What a scope allows: as said to everybody, and as said in languages of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Words {
    otherwise: String,
    said_in: BTreeMap<Language, String>,
}

impl FromStr for Words {
    type Err = InvalidCatalog;

    /// `See your orders | de: Ihre Bestellungen ansehen`.
    fn from_str(text: &str) -> Result<Self, InvalidCatalog> {
        let fits = |words: &str| !words.is_empty() && !words.chars().any(char::is_control);
        let mut parts = text.split(" | ").map(str::trim);
        let otherwise = parts.next().filter(|words| fits(words));
        let otherwise = otherwise.ok_or(InvalidCatalog)?.to_owned();
        let mut said_in = BTreeMap::new();
        for part in parts {
            let (tag, words) = part.split_once(": ").ok_or(InvalidCatalog)?;
            let language = Language::ALL.into_iter().find(|one| one.tag() == tag);
            let language = language.ok_or(InvalidCatalog)?;
            let new = said_in.insert(language, words.to_owned()).is_none();
            if !new || !fits(words) {
                return Err(InvalidCatalog);
            }
        }
        Ok(Self { otherwise, said_in })
    }
}

/// An entry of the list is no scope with words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "each scope is its name, a space and what it allows in words, other languages behind their tags: \
     `orders:read See your orders | de: Ihre Bestellungen ansehen`"
)]
pub struct InvalidCatalog;

/// A scope is marked that is not offered.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is not among the scopes")]
pub struct UnknownScope(String);

impl ScopeCatalog {
    /// The protocol's scopes and these, each as `name words` or `name words | de: words`.
    ///
    /// # Errors
    /// When an entry lacks words, is no scope, or is there twice; when a language is none of ours.
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidCatalog> {
        let mut words = BTreeMap::new();
        let offered = entries.into_iter().map(|entry| {
            let entry = entry.trim().split_once(' ');
            entry.ok_or(InvalidCatalog)
        });
        for entry in PROTOCOL.into_iter().map(Ok).chain(offered) {
            let (name, said) = entry?;
            if words.insert(name.to_owned(), said.parse()?).is_some() {
                return Err(InvalidCatalog);
            }
        }
        let names: Vec<&str> = words.keys().map(String::as_str).collect();
        let all: ScopeSet = names.join(" ").parse().map_err(|_| InvalidCatalog)?;
        Ok(Self {
            words,
            all,
            risky: ScopeSet::default(),
        })
    }

    /// Marks these as far-reaching, so that people think twice.
    ///
    /// # Errors
    /// When one of them is not in the catalog.
    pub fn with_risky(self, risky: ScopeSet) -> Result<Self, UnknownScope> {
        let unknown = risky.iter().find(|scope| !self.all.contains(scope));
        match unknown {
            Some(scope) => Err(UnknownScope(scope.to_owned())),
            None => Ok(Self { risky, ..self }),
        }
    }

    /// Whether a scope lets a program do great harm.
    #[must_use]
    pub fn is_risky(&self, scope: &str) -> bool {
        self.risky.contains(scope)
    }

    /// Every scope.
    #[must_use]
    pub const fn all(&self) -> &ScopeSet {
        &self.all
    }

    /// What a scope allows, in words, of this language if there are any; the name itself when the
    /// product no longer offers it.
    #[must_use]
    pub fn words<'a>(&'a self, scope: &'a str, language: Language) -> &'a str {
        let Some(words) = self.words.get(scope) else {
            return scope;
        };
        words.said_in.get(&language).unwrap_or(&words.otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_words_and_the_protocols_are_always_there() {
        let catalog = ScopeCatalog::new(["orders:read See your orders"]).unwrap();
        for language in Language::ALL {
            assert_eq!(catalog.words("orders:read", language), "See your orders");
            assert_eq!(catalog.words("gone:read", language), "gone:read");
        }
        let all = "email offline_access openid orders:read profile";
        assert_eq!(catalog.all().to_string(), all);
    }

    #[test]
    fn a_language_may_have_words_of_its_own() {
        let catalog = ScopeCatalog::new(["a:read See: it | de: Es ansehen", "b:read This|that"]);
        let catalog = catalog.unwrap();
        assert_eq!(catalog.words("a:read", Language::English), "See: it");
        assert_eq!(catalog.words("a:read", Language::German), "Es ansehen");
        assert_eq!(catalog.words("b:read", Language::German), "This|that");
    }

    #[test]
    fn only_what_is_offered_is_far_reaching() {
        let catalog = ScopeCatalog::new(["orders:write Change your orders"]).unwrap();
        let marked = catalog.clone().with_risky("orders:write".parse().unwrap());
        assert!(marked.unwrap().is_risky("orders:write"));
        assert!(!catalog.is_risky("orders:write"));
        let unknown = catalog.with_risky("openid gone:write".parse().unwrap());
        assert_eq!(unknown, Err(UnknownScope("gone:write".to_owned())));
    }

    #[test]
    fn entries_without_words_and_twice_are_refused() {
        for wrong in [
            vec!["orders:read"],
            vec!["a b", "a c"],
            vec!["openid x"],
            vec!["a\"b words"],
            vec!["a  "],
            vec!["a  | de: b"],
            vec!["a b | b"],
            vec!["a b | de: "],
            vec!["a b | fr: c"],
            vec!["a b | de: c | de: d"],
        ] {
            assert_eq!(ScopeCatalog::new(wrong), Err(InvalidCatalog));
        }
    }
}
