//! The configuration file: read against the schema, every problem with its line.

use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::layers::{self, Key, suggestion};
use super::problem::Problem;
use super::schema::{Raw, join};
use super::source::{File, SetBy};

/// Lays a file's values over `keys`.
pub(super) fn lay(file: &File, keys: &mut Vec<Key>, problems: &mut Vec<Problem>) {
    let (path, text) = match file {
        File::Text(text) => (None, text.clone()),
        File::At(path) => match std::fs::read_to_string(path) {
            Ok(text) => (Some(path.clone()), text),
            Err(error) => {
                problems.push(unreadable(path.clone(), &error));
                return;
            }
        },
    };
    let mut walk = Walk {
        text: &text,
        path,
        keys,
        problems,
    };
    match DeTable::parse_recoverable(&text) {
        (table, errors) if errors.is_empty() => walk.table(table.get_ref(), ""),
        (_, errors) => walk.not_toml(&errors),
    }
}

fn unreadable(path: PathBuf, error: &std::io::Error) -> Problem {
    Problem {
        key: String::new(),
        from: SetBy::File {
            path: Some(path),
            line: None,
        },
        wrong: format!("the configuration file cannot be read: {error}"),
        right: String::new(),
    }
}

struct Walk<'w> {
    text: &'w str,
    path: Option<PathBuf>,
    keys: &'w mut Vec<Key>,
    problems: &'w mut Vec<Problem>,
}

impl Walk<'_> {
    fn table(&mut self, table: &DeTable<'_>, section: &str) {
        for (name, value) in table {
            let path = join(section, name.get_ref());
            let at = name.span().start;
            if matches!(value.get_ref(), DeValue::Table(_)) {
                layers::open(self.keys, section, name.get_ref());
            }
            match value.get_ref() {
                DeValue::Table(inner) if is_section(self.keys, &path) => self.table(inner, &path),
                value => self.value(path, value, at),
            }
        }
    }

    fn value(&mut self, path: String, value: &DeValue<'_>, at: usize) {
        let from = self.set_at(at);
        let Some(index) = self.keys.iter().position(|key| key.entry.path == path) else {
            let (wrong, right) = if is_section(self.keys, &path) {
                let right = format!("write [{path}] on a line of its own, and its keys below");
                ("is a section, not a key".to_owned(), right)
            } else {
                ("unknown key".to_owned(), suggestion(&path, self.keys))
            };
            self.problem(path, from, wrong, right);
            return;
        };
        let Some(key) = self.keys.get_mut(index) else {
            return;
        };
        match raw(value).filter(|raw| raw.same_type(&key.entry.default)) {
            Some(raw) => {
                key.value = raw;
                key.from = from;
            }
            None => {
                let right = format!("it is {}", key.entry.default.type_name());
                let wrong = format!("has the wrong type, {}", value.type_str());
                self.problem(path, from, wrong, right);
            }
        }
    }

    fn not_toml(&mut self, errors: &[toml::de::Error]) {
        for error in errors {
            // The message only: the error's own display quotes the line, and with it a secret.
            let from = self.set_at(error.span().map_or(0, |span| span.start));
            let wrong = format!("not TOML: {}", error.message());
            self.problem(String::new(), from, wrong, String::new());
        }
    }

    fn set_at(&self, at: usize) -> SetBy {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        SetBy::File {
            path: self.path.clone(),
            line: Some(1 + before.iter().filter(|byte| **byte == b'\n').count()),
        }
    }

    fn problem(&mut self, key: String, from: SetBy, wrong: String, right: String) {
        self.problems.push(Problem {
            key,
            from,
            wrong,
            right,
        });
    }
}

fn is_section(keys: &[Key], path: &str) -> bool {
    // The name in the default file only says that any name is right.
    !path.ends_with(".*")
        && keys.iter().any(|key| {
            let rest = key.entry.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.starts_with('.'))
        })
}

/// A TOML value as one of the types that configuration has.
pub(super) fn raw(value: &DeValue<'_>) -> Option<Raw> {
    match value {
        DeValue::String(text) => Some(Raw::Text(text.clone().into_owned())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(Raw::Number),
        DeValue::Boolean(on) => Some(Raw::Switch(*on)),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map(Raw::List),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::config::{SetBy, Settings, Sources};

    fn problems(toml: &str) -> Vec<String> {
        let problems = Settings::from_overlay(toml).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unknown_keys_are_refused_by_name_with_what_was_meant() {
        assert_eq!(
            problems("[server]\nlisen = \"x\"\nmoon = 1\n[tokns]\nprefix = \"a_\"\n[sky.blue]\n"),
            [
                "server.lisen (configuration:2): unknown key; did you mean `server.listen`?",
                "server.moon (configuration:3): unknown key",
                "sky (configuration:6): unknown key",
                "tokns (configuration:4): unknown key; did you mean the section `tokens`?",
            ]
        );
    }

    #[test]
    fn wrong_types_are_named_with_the_right_one() {
        assert_eq!(
            problems("[server]\nworkers = \"4\"\npublic_url = 1\n[tokens]\nhash_keys = [1]\n"),
            [
                "server.public_url (configuration:3): has the wrong type, integer; it is a text in quotes",
                "server.workers (configuration:2): has the wrong type, string; it is a whole number",
                "tokens.hash_keys (configuration:5): has the wrong type, array; it is a list of texts",
            ]
        );
        assert_eq!(
            problems("mail = \"smtp://h\""),
            [
                "mail (configuration:1): is a section, not a key; write [mail] on a line of its own, and its keys below"
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_toml_is_named_with_every_line_and_without_its_text() {
        let found = problems("[mail]\nurl = \"smtps://u:hunter2@h\nfrom = 'hunter2\n");
        assert!(
            found
                .iter()
                .any(|problem| problem.contains("configuration:2): not TOML")
                    || problem.starts_with("configuration:2: not TOML")),
            "{found:?}"
        );
        assert!(!found.concat().contains("hunter2"), "{found:?}");
    }

    #[test]
    fn dotted_keys_and_tables_mean_the_same() {
        let dotted = Settings::from_overlay("origins.github.enabled = false").unwrap();
        let inline = Settings::from_overlay("origins = { github = { enabled = false } }").unwrap();
        assert!(dotted.origins.find("github").is_none() && inline.origins.find("github").is_none());
        let line = &dotted
            .explain()
            .iter()
            .find(|line| line.key == "origins.github.enabled");
        let from = SetBy::File {
            path: None,
            line: Some(1),
        };
        assert_eq!(line.unwrap().from, from);
    }

    #[test]
    fn a_file_that_is_not_there_is_a_problem() {
        let sources = Sources::of_process(Some("/there/is/no/such/file.toml".into()));
        let problems = Settings::load(&sources.with_environment::<&str, &str>([])).unwrap_err();
        assert_eq!(problems.count(), 1);
        assert!(problems.to_string().contains("/there/is/no/such/file.toml"));
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_fail(toml in "(?s)([a-z.\\[\\]={}\"' \n#0-9]|mail|url|server|listen){0,40}") {
            let _ = Settings::from_overlay(&toml);
        }

        #[test]
        fn no_secret_of_a_file_is_ever_in_a_problem(end in "(?s)[\"'\\]\n ={}a-z]{0,8}") {
            for key in ["tokens.hash_keys", "origins.github.token", "mail.url", "database.url"] {
                let text = format!("{key} = \"hunter2{end}\nserver.workers = true");
                if let Err(problems) = Settings::from_overlay(&text) {
                    prop_assert!(!problems.to_string().contains("hunter2"), "{}", problems);
                }
            }
        }
    }
}
