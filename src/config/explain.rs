//! What is in force and where it came from, fit to be shown.

use std::fmt;

use super::layers::Key;
use super::schema::{Raw, Secrecy};

/// One key as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The key, such as `server.listen`.
    pub key: String,
    /// Its value as it would stand in the file, without secrets.
    pub value: String,
    /// Where it was set.
    pub from: super::source::SetBy,
    /// What it is for.
    pub why: String,
    /// Its value as it is, never shown.
    pub raw: Hidden,
}

/// Text that is not shown, not even to who debugs.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Line {
    pub(super) fn of(key: &Key) -> Self {
        Self {
            key: key.entry.path.clone(),
            value: shown(&key.value, key.entry.secrecy),
            from: key.from.clone(),
            why: key.entry.why.clone(),
            raw: Hidden(format!("{:?}", key.value)),
        }
    }
}

const HIDDEN: &str = "[redacted]";

fn shown(value: &Raw, secrecy: Secrecy) -> String {
    match (value, secrecy) {
        (Raw::Text(text), Secrecy::Whole) if !text.is_empty() => HIDDEN.to_owned(),
        (Raw::Text(text), Secrecy::UrlWithPassword) => quoted(&without_password(text)),
        (Raw::List(items), Secrecy::Whole | Secrecy::UrlWithPassword) if !items.is_empty() => {
            format!("[{} × {HIDDEN}]", items.len())
        }
        (Raw::Text(text), _) => quoted(text),
        (Raw::List(items), _) => {
            let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
            format!("[{}]", items.join(", "))
        }
        (Raw::Number(number), _) => number.to_string(),
        (Raw::Switch(on), _) => on.to_string(),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A URL without what stands before its `@`, and without parameters that could hold a secret.
///
/// Works on the text: what a URL parser makes of an unescaped password is anybody's guess, but
/// the last `@` always ends it.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else {
        return HIDDEN.to_owned();
    };
    let slashes = if rest.starts_with("//") { "//" } else { "" };
    let (login, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => ("[redacted]@", rest),
        None => ("", rest.get(slashes.len()..).unwrap_or_default()),
    };
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let parameters: Vec<_> = parameters.split('&').map(without_secret).collect();
    let parameters = parameters.join("&");
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("{scheme}:{slashes}{login}{place}{mark}{parameters}")
}

fn without_secret(parameter: &str) -> String {
    // Of the parameters that our databases and mail servers know, these tell nothing.
    const HARMLESS: [&str; 6] = [
        "tls",
        "sslmode",
        "sslrootcert",
        "mode",
        "cache",
        "application_name",
    ];
    match parameter.split_once('=') {
        Some((name, _)) if !HARMLESS.contains(&name) => format!("{name}={HIDDEN}"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{SetBy, Settings};

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("sqlite://data/tokenward.db", "sqlite://data/tokenward.db"),
            (
                "postgres://u:p@h:5432/db?sslmode=require",
                "postgres://[redacted]@h:5432/db?sslmode=require",
            ),
            (
                "postgres://h/db?password=p",
                "postgres://h/db?password=[redacted]",
            ),
            (
                "smtps://u:p@ss/w@h?tls=required",
                "smtps://[redacted]@h?tls=required",
            ),
            ("memory:", "memory:"),
            ("hunter2", "[redacted]"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn secrets_are_counted_not_shown() {
        let keys = Raw::List(vec!["hunter2".to_owned(), "hunter3".to_owned()]);
        assert_eq!(shown(&keys, Secrecy::Whole), "[2 × [redacted]]");
        assert_eq!(shown(&Raw::List(Vec::new()), Secrecy::Whole), "[]");
        assert_eq!(
            shown(&Raw::Text("x".to_owned()), Secrecy::Whole),
            "[redacted]"
        );
        assert_eq!(shown(&Raw::Text(String::new()), Secrecy::Whole), "\"\"");
    }

    #[test]
    fn an_explanation_names_every_key_and_no_secret() {
        let settings = Settings::from_overlay(
            "[mail]\nurl = 'smtps://user:hunter2@h'\n[tokens]\nhash_keys = ['hunter2 hunter2 hunter2']\n\
             [origins.github]\ntoken = 'hunter2'\n[database]\nurl = 'postgres://u:hunter2@h/d?password=hunter2'",
        )
        .unwrap();
        let shown = format!("{:?} {settings:?}", settings.explain());
        assert!(!shown.contains("hunter2"), "{shown}");
        let mail = settings
            .explain()
            .iter()
            .find(|line| line.key == "mail.url")
            .unwrap();
        assert_eq!(mail.value, "\"smtps://[redacted]@h\"");
        assert_eq!(
            mail.from,
            SetBy::File {
                path: None,
                line: Some(2)
            }
        );
        assert!(settings.explain().iter().all(|line| !line.why.is_empty()));
    }

    proptest! {
        #[test]
        fn no_password_survives(before in "[a-z:/@?&=]{0,12}", after in "[a-z/@?&=]{0,12}") {
            let url = format!("smtp://user:{before}PASSWORD{after}@host");
            prop_assert!(!without_password(&url).contains("PASSWORD"));
        }
    }
}
