//! Hands out values as types and writes down what does not parse.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use super::layers::Key;
use super::problem::Problem;
use super::schema::{Raw, Secrecy};
use super::source::SetBy;
use crate::model::time::parse_duration;

/// Reads merged keys. `None` always means that a problem was written down.
pub(super) struct Reader<'k> {
    keys: &'k [Key],
    problems: Vec<Problem>,
}

impl<'k> Reader<'k> {
    pub(super) const fn new(keys: &'k [Key], problems: Vec<Problem>) -> Self {
        Self { keys, problems }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// The key's text, parsed by its type.
    pub(super) fn parsed<T>(&mut self, path: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.with(path, |text| {
            text.parse().map_err(|error: T::Err| error.to_string())
        })
    }

    /// The key's text, parsed by `parse`, whose error says what would be right.
    pub(super) fn with<T>(
        &mut self,
        path: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(path)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(right) => {
                self.refuse(path, right);
                None
            }
        }
    }

    /// Like [`Reader::with`], for keys that may be empty: the outer `None` is a problem.
    pub(super) fn optional<T>(
        &mut self,
        path: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        if self.text(path)?.is_empty() {
            return Some(None);
        }
        self.with(path, parse).map(Some)
    }

    /// The key's text as it stands.
    pub(super) fn text(&mut self, path: &str) -> Option<&'k str> {
        match self.value(path)? {
            Raw::Text(text) => Some(text),
            _ => self.mistyped(path),
        }
    }

    /// A line of text for people, not longer than `longest`.
    pub(super) fn line(&mut self, path: &str, longest: usize) -> Option<String> {
        self.with(path, |text| one_line(text, longest))
    }

    /// A secret as it stands.
    pub(super) fn secret(&mut self, path: &str) -> Option<SecretString> {
        self.text(path).map(SecretString::from)
    }

    pub(super) fn duration(&mut self, path: &str) -> Option<Duration> {
        self.with(path, |text| {
            parse_duration(text).map_err(|error| error.to_string())
        })
    }

    /// A path, which must be given.
    pub(super) fn path(&mut self, path: &str) -> Option<PathBuf> {
        self.with(path, |text| match text {
            "" => Err("it is the path of a file".to_owned()),
            text => Ok(PathBuf::from(text)),
        })
    }

    /// The path of a file that must be there and readable, or nothing.
    pub(super) fn existing_file(&mut self, path: &str) -> Option<Option<PathBuf>> {
        let text = self.text(path)?;
        if text.is_empty() {
            return Some(None);
        }
        let file = PathBuf::from(text);
        let wrong = match std::fs::File::open(&file).and_then(|open| open.metadata()) {
            Ok(metadata) if metadata.is_file() => return Some(Some(file)),
            Ok(_) => "it is no file".to_owned(),
            Err(error) => error.to_string(),
        };
        let wrong = format!("`{}` cannot be read: {wrong}", text.escape_debug());
        self.problem(path, wrong, "it is the path of a PEM file".to_owned());
        None
    }

    pub(super) fn switch(&mut self, path: &str) -> Option<bool> {
        match self.value(path)? {
            Raw::Switch(on) => Some(*on),
            _ => self.mistyped(path),
        }
    }

    pub(super) fn number<T>(&mut self, path: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let Raw::Number(number) = self.value(path)? else {
            return self.mistyped(path);
        };
        let fitting = T::try_from(*number)
            .ok()
            .filter(|number| range.contains(number));
        if fitting.is_none() {
            self.refuse(path, format!("it is {} to {}", range.start(), range.end()));
        }
        fitting
    }

    pub(super) fn list(&mut self, path: &str) -> Option<&'k [String]> {
        match self.value(path)? {
            Raw::List(items) => Some(items),
            _ => self.mistyped(path),
        }
    }

    /// The sections below `section`, each once, in the order they were met.
    pub(super) fn names(&self, section: &str) -> Vec<String> {
        let below = format!("{section}.");
        let paths = self.keys.iter().map(|key| key.entry.path.as_str());
        let mut names: Vec<String> = paths
            .filter_map(|path| path.strip_prefix(&below)?.rsplit_once('.'))
            .map(|(name, _)| name.to_owned())
            .collect();
        names.dedup();
        names
    }

    /// Writes down that the value in force does not fit, and what would.
    pub(super) fn refuse(&mut self, path: &str, right: String) {
        let shown = self.keys.iter().find(|key| key.entry.path == path);
        let wrong = match shown.map(|key| (&key.value, key.entry.secrecy)) {
            Some((Raw::Text(text), Secrecy::Open)) if text.is_empty() => "is empty".to_owned(),
            Some((Raw::Text(text), Secrecy::Open)) => {
                format!("`{}` does not fit", text.escape_debug())
            }
            Some((Raw::Number(number), Secrecy::Open)) => format!("{number} does not fit"),
            _ => "the value does not fit".to_owned(),
        };
        self.problem(path, wrong, right);
    }

    pub(super) fn problem(&mut self, path: &str, wrong: String, right: String) {
        let below = format!("{path}.");
        let set_below =
            |key: &&Key| key.entry.path.starts_with(&below) && key.from != SetBy::Default;
        let key = self.keys.iter().find(|key| key.entry.path == path);
        // A section was set where the first of its keys was.
        let key = key.or_else(|| self.keys.iter().find(set_below));
        self.problems.push(Problem {
            key: path.to_owned(),
            from: key.map_or(SetBy::Default, |key| key.from.clone()),
            wrong,
            right,
        });
    }

    fn value(&mut self, path: &str) -> Option<&'k Raw> {
        let found = self.keys.iter().find(|key| key.entry.path == path);
        if found.is_none() {
            self.problem(
                path,
                "is missing from the default file".to_owned(),
                String::new(),
            );
        }
        found.map(|key| &key.value)
    }

    fn mistyped<T>(&mut self, path: &str) -> Option<T> {
        let wrong = "has another type in the default file".to_owned();
        self.problem(path, wrong, String::new());
        None
    }
}

pub(super) fn one_line(text: &str, longest: usize) -> Result<String, String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= longest;
    if fits && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("it is 1 to {longest} characters on one line"))
}
