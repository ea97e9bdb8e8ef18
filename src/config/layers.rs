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
    keys.retain(|key| !key.is_pattern());
    keys
}

/// Makes the keys of the section `name` below `section`, where sections there have names of
/// operators' choosing and this one was not met before.
pub(super) fn open(keys: &mut Vec<Key>, section: &str, name: &str) {
    let below = format!("{section}.{name}.");
    let known = keys.iter().any(|key| key.entry.path.starts_with(&below));
    let patterns = format!("{section}.*.");
    let first = keys
        .iter()
        .position(|key| key.entry.path.starts_with(&patterns));
    let (false, Some(first)) = (known, first) else {
        return;
    };
    let made: Vec<Key> = keys
        .iter()
        .filter_map(|key| {
            let rest = key.entry.path.strip_prefix(&patterns)?;
            Some(Key::default_of(Entry {
                path: format!("{below}{rest}"),
                ..key.entry.clone()
            }))
        })
        .collect();
    keys.splice(first..first, made);
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

    /// Whether it stands for the keys of sections that operators name.
    pub(super) fn is_pattern(&self) -> bool {
        self.entry.path.contains(".*.")
    }
}

/// What an unknown `path` may have meant, as the second half of a problem.
pub(super) fn suggestion(path: &str, keys: &[Key]) -> String {
    let named = keys.iter().filter(|key| !key.is_pattern());
    let paths = named.map(|key| key.entry.path.as_str());
    if let Some(meant) = closest(path, paths.clone()) {
        return format!("did you mean `{meant}`?");
    }
    let sections = paths.filter_map(|path| path.rsplit_once('.').map(|(section, _)| section));
    match closest(path, sections) {
        Some(meant) => format!("did you mean the section `{meant}`?"),
        None => String::new(),
    }
}
