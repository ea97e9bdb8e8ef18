//! Defaults, then the file, then the environment: the later wins, and is remembered.

use super::problem::Problem;
use super::schema::{Entry, Raw, Schema};
use super::source::{SetBy, Sources};
use super::suggest::closest;
use super::{environment, file};

/// A key, its value in force and where that came from.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) entry: Entry,
    pub(super) value: Raw,
    pub(super) from: SetBy,
}

/// Every key with its value; what could not be laid over the defaults becomes a problem.
pub(super) fn merge(sources: &Sources, problems: &mut Vec<Problem>) -> Vec<Key> {
    let mut keys = defaults(problems);
    if let Some(source) = &sources.file {
        file::lay(source, &mut keys, problems);
    }
    environment::lay(&sources.environment, &mut keys, problems);
    keys
}

fn defaults(problems: &mut Vec<Problem>) -> Vec<Key> {
    match Schema::compiled_in() {
        Ok(schema) => schema.entries.into_iter().map(Key::default_of).collect(),
        Err(error) => {
            // Only a broken build gets here; saying so beats a panic.
            problems.push(Problem {
                key: String::new(),
                from: SetBy::Default,
                wrong: format!("the default configuration is not TOML: {}", error.message()),
                right: String::new(),
            });
            Vec::new()
        }
    }
}

impl Key {
    fn default_of(entry: Entry) -> Self {
        Self {
            value: entry.default.clone(),
            from: SetBy::Default,
            entry,
        }
    }
}

/// What an unknown `path` may have meant, as the second half of a problem.
pub(super) fn suggestion(path: &str, keys: &[Key]) -> String {
    let paths = keys.iter().map(|key| key.entry.path.as_str());
    if let Some(meant) = closest(path, paths.clone()) {
        return format!("did you mean `{meant}`?");
    }
    let sections = paths.filter_map(|path| path.rsplit_once('.').map(|(section, _)| section));
    match closest(path, sections) {
        Some(meant) => format!("did you mean the section `{meant}`?"),
        None => String::new(),
    }
}
