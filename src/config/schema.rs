//! The default file as a schema: which keys exist, of which type, and what each is for.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::file::raw;

/// `config/default.toml`, as compiled in.
pub const DEFAULT_FILE: &str = include_str!("../../config/default.toml");

/// Every key there is.
#[derive(Debug)]
pub(super) struct Schema {
    /// In the order of the default file.
    pub(super) entries: Vec<Entry>,
}

/// One key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Such as `server.listen`.
    pub(super) path: String,
    pub(super) default: Raw,
    pub(super) why: String,
    pub(super) secrecy: Secrecy,
}

/// A value before anybody asked what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Text(String),
    Number(i64),
    Switch(bool),
    List(Vec<String>),
}

impl Raw {
    /// The type in a sentence.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text in quotes",
            Self::Number(_) => "a whole number",
            Self::Switch(_) => "true or false",
            Self::List(_) => "a list of texts",
        }
    }

    pub(super) const fn same_type(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Text(_), Self::Text(_))
                | (Self::Number(_), Self::Number(_))
                | (Self::Switch(_), Self::Switch(_))
                | (Self::List(_), Self::List(_))
        )
    }
}

/// How much of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// All of it.
    Open,
    /// All but the password.
    UrlWithPassword,
    /// Nothing.
    Whole,
}

impl Secrecy {
    fn of(path: &str) -> Self {
        match path {
            "database.url" | "mail.url" => Self::UrlWithPassword,
            "tokens.hash_keys" | "sign_in.review_code" => Self::Whole,
            path if path.starts_with("origins.") && path.ends_with(".token") => Self::Whole,
            _ => Self::Open,
        }
    }
}

impl Schema {
    /// The schema of the file that is compiled in.
    pub(super) fn compiled_in() -> Result<Self, toml::de::Error> {
        Self::of(DEFAULT_FILE)
    }

    fn of(text: &str) -> Result<Self, toml::de::Error> {
        let table = DeTable::parse(text)?;
        let mut found = Vec::new();
        collect(text, table.get_ref(), "", "", &mut found);
        found.sort_by_key(|(start, _)| *start);
        Ok(Self {
            entries: found.into_iter().map(|(_, entry)| entry).collect(),
        })
    }
}

fn collect(
    text: &str,
    table: &DeTable<'_>,
    section: &str,
    why_section: &str,
    found: &mut Vec<(usize, Entry)>,
) {
    for (name, value) in table {
        let path = join(section, name.get_ref());
        let own = comment_above(text, name.span());
        let why = if own.is_empty() {
            why_section
        } else {
            own.as_str()
        };
        if let DeValue::Table(inner) = value.get_ref() {
            collect(text, inner, &path, why, found);
        } else if let Some(default) = raw(value.get_ref()) {
            let entry = Entry {
                secrecy: Secrecy::of(&path),
                path,
                default,
                why: why.to_owned(),
            };
            found.push((name.span().start, entry));
        }
    }
}

pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}

/// The comment on the lines right above `key`, without its marks.
fn comment_above(text: &str, key: Range<usize>) -> String {
    let above = text.get(..key.start).unwrap_or_default();
    // What remains after the last line break is the key's own line.
    let lines = above.rsplit('\n').skip(1);
    let mut comment: Vec<&str> = lines
        .map_while(|line| line.strip_prefix("# "))
        .map(str::trim)
        .collect();
    comment.reverse();
    comment.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TokenKind;

    #[test]
    fn every_key_of_the_default_file_says_why() {
        let schema = Schema::compiled_in().unwrap();
        for entry in &schema.entries {
            assert!(entry.why.ends_with('.'), "{}: {:?}", entry.path, entry.why);
        }
        assert_eq!(schema.entries.first().unwrap().path, "server.listen");
        assert_eq!(DEFAULT_FILE.matches(" = ").count(), schema.entries.len());
    }

    #[test]
    fn every_kind_of_token_has_its_switch() {
        let schema = Schema::compiled_in().unwrap();
        for kind in TokenKind::ALL {
            let path = format!("tokens.legacy_without_checksum.{kind}");
            assert!(
                schema.entries.iter().any(|entry| entry.path == path),
                "{path}"
            );
        }
    }

    #[test]
    fn whatever_sounds_secret_is_not_shown() {
        for entry in Schema::compiled_in().unwrap().entries {
            let open = entry.secrecy == Secrecy::Open;
            let sounds = ["PASSWORD", "Secrets", "GitHub token", "Credential"];
            assert!(
                !open || !sounds.iter().any(|word| entry.why.contains(word)),
                "{}",
                entry.path
            );
        }
    }
}
