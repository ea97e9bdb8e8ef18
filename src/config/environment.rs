//! Environment variables: `TOKENWARD__SECTION__KEY`, read by the type of the key's default.

use std::ffi::{OsStr, OsString};

use toml::de::DeValue;

use super::file::raw;
use super::layers::{self, Key};
use super::problem::Problem;
use super::schema::Raw;
use super::source::SetBy;
use super::suggest::closest;

/// What makes a variable ours. With one underscore it is not: orchestrators make up such names
/// for services (`TOKENWARD_PORT`).
const PREFIX: &str = "TOKENWARD__";

/// Lays the environment's values over `keys`.
pub(super) fn lay(
    variables: &[(OsString, OsString)],
    keys: &mut Vec<Key>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in variables.iter().filter(|(name, _)| is_ours(name)) {
        let name = name.to_string_lossy().into_owned();
        let path = path_of(&name);
        if let Err((wrong, right)) = set(&name, value, keys) {
            problems.push(Problem {
                key: path,
                from: SetBy::Environment { name },
                wrong,
                right,
            });
        }
    }
}

fn is_ours(name: &OsStr) -> bool {
    let start = name.as_encoded_bytes().get(..PREFIX.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

fn path_of(name: &str) -> String {
    let rest = name.get(PREFIX.len()..).unwrap_or_default();
    rest.to_lowercase().replace("__", ".")
}

/// The variable that sets `path`.
fn variable_of(path: &str) -> String {
    format!("{PREFIX}{}", path.to_uppercase().replace('.', "__"))
}

/// The section that `name` is about, where sections have names of operators' choosing: where it
/// is, and how it is called.
fn named_section(name: &str, keys: &[Key]) -> Option<(String, String)> {
    keys.iter().find_map(|key| {
        let (section, rest) = key.entry.path.split_once(".*.")?;
        let within = name
            .strip_prefix(&variable_of(section))?
            .strip_prefix("__")?;
        let called = within
            .strip_suffix(&rest.to_uppercase())?
            .strip_suffix("__")?;
        (!called.is_empty()).then(|| (section.to_owned(), called.to_lowercase()))
    })
}

fn set(name: &str, value: &OsStr, keys: &mut Vec<Key>) -> Result<(), (String, String)> {
    if let Some((section, called)) = named_section(name, keys) {
        layers::open(keys, &section, &called);
    }
    let Some(key) = keys
        .iter_mut()
        .find(|key| variable_of(&key.entry.path) == name)
    else {
        let known = keys.iter().filter(|key| !key.is_pattern());
        let known = known.map(|key| key.entry.path.as_str());
        let meant = closest(&path_of(name), known).map(variable_of);
        let right = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`?"));
        return Err(("unknown variable".to_owned(), right));
    };
    let right = || format!("it is {}", expected(&key.entry.default));
    let text = value
        .to_str()
        .ok_or_else(|| ("is not UTF-8".to_owned(), String::new()))?;
    let value =
        parse(text, &key.entry.default).ok_or_else(|| ("cannot be read".to_owned(), right()))?;
    key.value = value;
    key.from = SetBy::Environment {
        name: name.to_owned(),
    };
    Ok(())
}

/// What a variable of this type looks like: unlike the file's, its texts have no quotes.
const fn expected(default: &Raw) -> &'static str {
    match default {
        Raw::Text(_) => "a text",
        Raw::List(_) => "a list: texts with commas between them, or as in the file: [\"a\", \"b\"]",
        other => other.type_name(),
    }
}

fn parse(text: &str, default: &Raw) -> Option<Raw> {
    let trimmed = text.trim();
    match default {
        Raw::Text(_) => Some(Raw::Text(text.to_owned())),
        Raw::Number(_) => trimmed.parse().ok().map(Raw::Number),
        Raw::Switch(_) => trimmed.parse().ok().map(Raw::Switch),
        Raw::List(_) if trimmed.starts_with('[') => {
            let value = DeValue::parse(trimmed).ok()?;
            raw(value.get_ref()).filter(|value| value.same_type(default))
        }
        Raw::List(_) => {
            let items = trimmed.split(',').map(str::trim);
            let items = items.filter(|item| !item.is_empty());
            Some(Raw::List(items.map(str::to_owned).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{KeySource, Problems, Settings, Sources};
    use crate::origins::KeyPolicy;

    fn load(variables: &[(&str, &str)]) -> Result<Settings, Problems> {
        let sources = Sources::default().with_environment(variables.iter().copied());
        Settings::load(&sources)
    }

    fn list(text: &str) -> Option<Raw> {
        parse(text, &Raw::List(Vec::new()))
    }

    fn listed(items: &[&str]) -> Option<Raw> {
        Some(Raw::List(
            items.iter().map(|item| (*item).to_owned()).collect(),
        ))
    }

    #[test]
    fn a_variable_wins_over_the_file() {
        let sources = Sources::text("[server]\nlisten = \"127.0.0.1:1\"\nworkers = 2");
        let sources = sources.with_environment([
            ("TOKENWARD__SERVER__LISTEN", "[::1]:9"),
            ("TOKENWARD__ORIGINS__GITHUB__REQUIRE_CURRENT_KEY", "true"),
            (
                "TOKENWARD__TOKENS__LEGACY_WITHOUT_CHECKSUM__ACCESS_TOKEN",
                "true",
            ),
            ("TOKENWARD_CONFIG", "elsewhere"),
            ("TOKENWARD_PORT", "tcp://10.0.0.1:80"),
            ("PATH", "/bin"),
        ]);
        let settings = Settings::load(&sources).unwrap();
        assert_eq!(settings.server.listen.to_string(), "[::1]:9");
        assert_eq!(settings.server.workers.get(), 2);
        let github = settings.origins.find("github").unwrap();
        assert!(matches!(
            &github.keys,
            KeySource::Published(keys) if keys.policy == KeyPolicy::Current
        ));
        let rules = settings.tokens.checksum_rules;
        assert!(!rules.required(crate::model::TokenKind::AccessToken));
        assert!(rules.required(crate::model::TokenKind::RefreshToken));
    }

    #[test]
    fn unknown_variables_are_refused_by_name() {
        let problems = load(&[
            ("TOKENWARD__SERVER__LISEN", "secret"),
            ("TOKENWARD__MAIL", "secret"),
            ("tokenward__mail__url", "secret"),
        ]);
        let problems: Vec<_> = problems
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            problems,
            [
                "server.lisen (TOKENWARD__SERVER__LISEN): unknown variable; did you mean `TOKENWARD__SERVER__LISTEN`?",
                "mail (TOKENWARD__MAIL): unknown variable",
                "mail.url (tokenward__mail__url): unknown variable; did you mean `TOKENWARD__MAIL__URL`?",
            ]
        );
    }

    #[test]
    fn values_are_read_by_the_type_of_the_default() {
        assert_eq!(list(""), listed(&[]));
        assert_eq!(list(" a , b,"), listed(&["a", "b"]));
        assert_eq!(list("[\"a,b\", 'c']"), listed(&["a,b", "c"]));
        for wrong in ["[", "[1]", "[\"a\"", "[\"a\"]\nx = 1", "[[\"a\"]]"] {
            assert_eq!(list(wrong), None, "{wrong}");
        }
        let problems = load(&[
            ("TOKENWARD__SERVER__WORKERS", "four"),
            ("TOKENWARD__ORIGINS__GITHUB__ENABLED", "yes"),
        ]);
        let problems: Vec<_> = problems
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            problems,
            [
                "server.workers (TOKENWARD__SERVER__WORKERS): cannot be read; it is a whole number",
                "origins.github.enabled (TOKENWARD__ORIGINS__GITHUB__ENABLED): cannot be read; it is true or false",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf_8_is_named() {
        use std::os::unix::ffi::OsStrExt;
        let value = OsStr::from_bytes(b"\xff");
        let sources = Sources::default();
        let sources = sources.with_environment([(OsStr::new("TOKENWARD__BRAND__NAME"), value)]);
        let problems = Settings::load(&sources).unwrap_err().to_string();
        assert!(problems.contains("TOKENWARD__BRAND__NAME): is not UTF-8"));
    }

    proptest! {
        #[test]
        fn any_text_reaches_a_text_key_unchanged(text in "\\PC*") {
            let value = parse(&text, &Raw::Text(String::new()));
            prop_assert_eq!(value, Some(Raw::Text(text)));
        }

        #[test]
        fn a_list_reads_the_same_in_both_forms(items in proptest::collection::vec("[a-z0-9]{1,8}", 0..5)) {
            let quoted: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
            let plain = list(&items.join(","));
            prop_assert_eq!(&plain, &list(&format!("[{}]", quoted.join(", "))));
            prop_assert_eq!(plain, Some(Raw::List(items)));
        }

        #[test]
        fn no_value_makes_the_reader_fail_or_shows_a_secret(value in "(?s).*") {
            for name in ["TOKENWARD__TOKENS__HASH_KEYS", "TOKENWARD__MAIL__URL", "TOKENWARD__X"] {
                let planted = format!("{value}hunter2-hunter2{value}");
                let shown = match load(&[(name, &planted)]) {
                    Ok(settings) => format!("{settings:?}"),
                    Err(problems) => format!("{problems} {problems:?}"),
                };
                // A host is no secret, and that is where this may land in a URL.
                prop_assert!(name.ends_with("URL") || !shown.contains("hunter2"), "{}", shown);
            }
        }
    }
}
