use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_bundle::FluentResource;
use regex::Regex;

use super::*;

/// Every text of a language with what is put into it.
fn texts(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let variable = Regex::new(r"\$([a-z]+)").unwrap();
    let id = Regex::new(r"(?m)^([a-z][a-z0-9-]*) =").unwrap();
    let mut found = BTreeMap::new();
    for file in files_of(language) {
        FluentResource::try_new((*file).to_owned()).expect("a file of texts is whole");
        let starts: Vec<_> = id
            .captures_iter(file)
            .map(|c| c.get(0).unwrap().start())
            .collect();
        for (position, captures) in id.captures_iter(file).enumerate() {
            let end = starts.get(position + 1).copied().unwrap_or(file.len());
            let text = &file[captures.get(0).unwrap().start()..end];
            let variables = variable
                .captures_iter(text)
                .map(|c| c[1].to_owned())
                .collect();
            let new = found.insert(captures[1].to_owned(), variables).is_none();
            assert!(new, "{} is there twice", &captures[1]);
        }
    }
    found
}

fn sources(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path, ending));
        } else if path.extension().is_some_and(|end| end == ending) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn every_language_has_every_text_and_puts_the_same_into_it() {
    let english = texts(Language::English);
    let german = texts(Language::German);
    for (id, variables) in &english {
        assert_eq!(german.get(id), Some(variables), "{id} in German");
    }
    let refusals = |id: &&String| id.starts_with("refusal-");
    let more: Vec<_> = german
        .keys()
        .filter(|id| !english.contains_key(*id))
        .collect();
    assert!(more.iter().all(refusals), "only German has {more:?}");
}

/// Texts are named in templates and handlers as whole words.
#[test]
fn every_text_that_is_named_is_there_and_every_text_is_named() {
    let english = texts(Language::English);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let said = Regex::new(r#"(?:say|line)\("([a-z0-9-]+)"\)"#).unwrap();
    let rooms = ["http/web", "mail"].map(|room| source.join(room));
    let mut sources_of_names = vec![(
        source.join("texts.rs"),
        std::fs::read_to_string(source.join("texts.rs")).unwrap(),
    )];
    for (room, ending) in rooms
        .iter()
        .flat_map(|room| ["html", "txt", "rs"].map(|ending| (room, ending)))
    {
        sources_of_names.extend(sources(room, ending));
    }
    for (path, text) in &sources_of_names {
        for captures in said.captures_iter(text) {
            let path = path.display();
            assert!(
                english.contains_key(&captures[1]),
                "{path} says {}",
                &captures[1]
            );
        }
    }
    let named = |id: &str| {
        let quoted = format!("\"{id}\"");
        let of_error = id.strip_suffix("-detail").map(|stem| format!("\"{stem}\""));
        sources_of_names.iter().any(|(_, text)| {
            text.contains(&quoted) || of_error.as_ref().is_some_and(|stem| text.contains(stem))
        })
    };
    let unused: Vec<_> = english.keys().filter(|id| !named(id)).collect();
    assert!(unused.is_empty(), "no page and no letter says {unused:?}");
}

/// What people may be told by the domain is told in their language.
#[test]
fn refusals_are_translated() {
    let german = texts(Language::German);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let refused = Regex::new(
        r#"(?s)(?:DomainError::(?:Invalid|Taken)|(?:PageError|Self)::(?:BadRequest|Forbidden)|InvalidRedirectUri|RefusedMetadata::RedirectUri)\(\s*"([^"]*)""#,
    )
    .unwrap();
    let broken = Regex::new(r"\\\n\s*").unwrap();
    let mut missing = Vec::new();
    let mut found = sources(&source.join("domain"), "rs");
    for file in ["redirect_uri.rs", "registration.rs"] {
        let path = source.join("model").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        found.push((path, text));
    }
    found.extend(sources(&source.join("http/web"), "rs"));
    for (_, text) in found {
        for captures in refused.captures_iter(&text) {
            let id = refusal_id(&broken.replace_all(&captures[1], ""));
            if !german.contains_key(&id) {
                missing.push(id);
            }
        }
    }
    assert!(missing.is_empty(), "not in German: {missing:#?}");
}

#[test]
fn a_phrase_becomes_a_sentence() {
    let english = phrase(Language::English, "a name must not hold a token");
    assert_eq!(english, "A name must not hold a token.");
    let unknown = phrase(Language::German, "nobody translated this");
    assert_eq!(unknown, "Nobody translated this.");
}

#[test]
fn what_is_put_in_cannot_turn_the_text_around() {
    let said = Said::new(Language::English, "consent-heading").with("client", "\u{202e}live");
    let text = said.to_string();
    assert!(text.starts_with("\u{2068}\u{202e}live\u{2069}"), "{text:?}");
}
