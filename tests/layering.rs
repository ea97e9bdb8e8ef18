//! The arrows between the rooms (`docs/architecture.md`), kept by reading the source.
//!
//! A compiler sees one crate and allows every import. This reads each file of `src/` the way a
//! person would: without comments, text apart from code, groups of imports spelled out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[path = "layering/source.rs"]
mod source;

use source::Source;

/// A room and the paths of other rooms that it may name, as prefixes of `crate::…`.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
}

/// Used by everybody.
const COMMON: [&str; 2] = ["model", "telemetry"];

/// These, and files at the top of `src/`, put the rooms together and may use all of them.
const WIRING: [&str; 2] = ["app", "cli"];

const ROOMS: [Room; 11] = [
    Room {
        name: "model",
        may_use: &[],
    },
    Room {
        name: "telemetry",
        may_use: &[],
    },
    Room {
        name: "storage",
        may_use: &[],
    },
    Room {
        name: "origins",
        may_use: &[],
    },
    // Knows nothing of whom it calls, so that it cannot call anybody differently.
    Room {
        name: "callbacks",
        may_use: &[],
    },
    // What people read, on pages and in letters.
    Room {
        name: "texts",
        may_use: &[],
    },
    Room {
        name: "mail",
        may_use: &["texts"],
    },
    // What a setting means is parsed by the room that uses it.
    Room {
        name: "config",
        may_use: &["mail", "origins", "storage::DatabaseUrl"],
    },
    Room {
        name: "domain",
        may_use: &["storage"],
    },
    // A handler answers differently when the database is away, so it may name that error.
    Room {
        name: "http",
        may_use: &[
            "domain",
            "origins",
            "config",
            "texts",
            "storage::StorageError",
        ],
    },
    Room {
        name: "jobs",
        may_use: &["domain", "storage", "mail", "origins", "callbacks"],
    },
];

/// Libraries that are one room's business, and where else they may be named.
const LIBRARIES: [(&str, &[&str]); 4] = [
    ("sqlx", &["storage"]),
    ("lettre", &["mail"]),
    ("reqwest", &["origins", "callbacks", "cli"]),
    ("actix_web", &["http", "telemetry", "cli", "app"]),
];

/// Statements start like this, and stand in `storage`.
const STATEMENTS: [&str; 6] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "WITH ",
];

const LONGEST_FILE: usize = 400;

/// Everything that a file does against the rules, as `path:line: what`. `path` is relative to
/// `src/`.
fn offences(path: &str, text: &str) -> Vec<String> {
    let source = Source::read(text);
    let room = path.split(['/', '.']).next().unwrap_or(path);
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        found.push((lines, format!("{lines} lines are more than {LONGEST_FILE}")));
    }
    for (line, used) in source.crate_paths(depth(path)) {
        if !may_use(room, &used) {
            found.push((line, format!("{room} may not use crate::{used}")));
        }
    }
    for (library, rooms) in LIBRARIES {
        if !rooms.contains(&room) {
            for line in source.lines_naming(library) {
                found.push((
                    line,
                    format!("{library} is the business of {}", rooms.join(", ")),
                ));
            }
        }
    }
    if room != "storage" {
        for (line, _) in source.texts.iter().filter(|(_, text)| is_statement(text)) {
            found.push((*line, "SQL belongs into storage".to_owned()));
        }
    }
    found.sort();
    let show = |(line, what)| format!("src/{path}:{line}: {what}");
    found.into_iter().map(show).collect()
}

/// How many modules deep a file is: `domain/mod.rs` is 1, `storage/tokens/known.rs` is 3.
fn depth(path: &str) -> usize {
    let parts = path.split('/').count();
    if path.ends_with("/mod.rs") {
        parts - 1
    } else {
        parts
    }
}

fn may_use(room: &str, used: &str) -> bool {
    let Some(rules) = ROOMS.iter().find(|rules| rules.name == room) else {
        return true;
    };
    let below = |allowed: &str| {
        used.strip_prefix(allowed)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let common = COMMON
        .iter()
        .any(|allowed| room != "model" && below(allowed));
    below(room) || common || rules.may_use.iter().any(|allowed| below(allowed))
}

fn is_statement(text: &str) -> bool {
    let text = text.trim_start();
    let continues = |rest: &str| rest.contains(" FROM ") || rest.contains(" SET ");
    STATEMENTS.iter().any(|start| text.starts_with(start))
        && (text.starts_with("INSERT")
            || text.starts_with("CREATE")
            || text.starts_with("DELETE")
            || continues(&text.replace('\n', " ")))
}

fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[test]
fn every_room_keeps_to_its_arrows() -> io::Result<()> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    let files = rust_files(&src)?;
    for file in &files {
        let path = file
            .strip_prefix(&src)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        all.extend(offences(&path, &fs::read_to_string(file)?));
    }
    assert!(files.len() > ROOMS.len(), "there is source to read");
    assert!(all.is_empty(), "\n{}", all.join("\n"));
    Ok(())
}

#[test]
fn every_folder_of_the_source_is_a_room_with_rules() -> io::Result<()> {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = WIRING.contains(&name.as_str()) || ROOMS.iter().any(|room| room.name == name);
        assert!(
            !entry.path().is_dir() || known,
            "src/{name} has no rules in tests/layering.rs"
        );
    }
    Ok(())
}

#[test]
fn a_forbidden_import_is_named_with_its_file_and_line() {
    let source = "//! A head.\n\nuse crate::model::Token;\nuse crate::http::Server;\n";
    assert_eq!(
        offences("domain/tokens.rs", source),
        ["src/domain/tokens.rs:4: domain may not use crate::http::Server"],
    );
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    for source in [
        "use crate::mail::Mailer;",
        "use crate::{model::Token, mail::Mailer};",
        "use crate::{\n    model::{Token, User},\n    mail,\n};",
        "use crate::mail as post;",
        "use crate::{mail as post, model as words};",
        "pub(crate) use crate :: mail :: *;",
        "fn f() { crate::mail::send(); }",
        "fn f(mailer: &crate::mail::Mailer) {}",
        "use super::super::mail::Mailer;",
        "use super::super::{model::Token, mail::Mailer};",
        "macro_rules! m { () => { $crate::mail::send() } }",
        "fn f() { let c = '\"'; crate::mail::send(); let d = '\"'; }",
        "fn f<'a>(a: &'a str) { /* a /* nested */ one */ crate::mail::send(r#\"\"\"#); }",
    ] {
        let found = offences("domain/tokens.rs", source);
        assert_eq!(found.len(), 1, "{source}: {found:?}");
    }
}

#[test]
fn what_only_looks_like_an_import_is_none() {
    for source in [
        "//! See [`crate::mail`].\n/// And `crate::mail::Mailer`.\n// crate::mail",
        "/* use crate::mail::Mailer; */",
        "const A: &str = \"use crate::mail::Mailer;\";",
        "const A: &str = r##\"\" crate::mail \"#\"##;",
        "pub(in crate::domain) fn f() {}",
        "use super::mail::Letter;",
        "use supercrate::mail::Letter;",
        "mod tests { use super::super::letters; }",
    ] {
        assert_eq!(offences("domain/tokens.rs", source), [""; 0], "{source}");
    }
}

#[test]
fn an_allowed_name_does_not_open_the_rest_of_its_room() {
    let found = |import: &str| offences("http/errors.rs", &format!("use crate::{import};")).len();
    assert_eq!(found("storage::StorageError"), 0);
    assert_eq!(found("storage::StorageErrors"), 1);
    assert_eq!(found("storage::{StorageError, Db}"), 1);
    assert_eq!(found("storage::{self, StorageError}"), 1);
    assert_eq!(
        found("{domain::Context, origins, storage::tokens::find}"),
        1
    );
    assert_eq!(
        offences("model/id.rs", "use crate::telemetry::Metrics;").len(),
        1
    );
    assert_eq!(
        offences("storage/users.rs", "use crate::telemetry::Metrics;").len(),
        0
    );
}

#[test]
fn the_wiring_may_use_every_room() {
    let everything = "use crate::{cli, config, domain, http, jobs, mail, origins, storage};";
    for path in [
        "app.rs",
        "main.rs",
        "lib.rs",
        "cli/serve.rs",
        "cli/keys/rotate.rs",
    ] {
        assert_eq!(offences(path, everything), [""; 0], "{path}");
    }
}

#[test]
fn libraries_and_statements_stay_in_their_rooms() {
    for (path, source) in [
        ("domain/users.rs", "fn f(e: sqlx::Error) {}"),
        ("domain/users.rs", "use sqlx;"),
        ("app.rs", "use ::sqlx::Pool;"),
        ("jobs/deliver_mail.rs", "use lettre::Message;"),
        (
            "http/alerts.rs",
            "async fn f() { reqwest::Client::builder(); }",
        ),
        ("domain/users.rs", "use actix_web::web;"),
        (
            "domain/users.rs",
            "const A: &str = \"\n  SELECT id\n  FROM users\";",
        ),
        (
            "cli/users.rs",
            "const A: &str = \"UPDATE users SET a = 1\";",
        ),
        ("http/users.rs", "const A: &[u8] = br\"DELETE FROM users\";"),
    ] {
        assert_eq!(offences(path, source).len(), 1, "{path}: {source}");
    }
    for (path, source) in [
        (
            "storage/users.rs",
            "use sqlx::Pool; const A: &str = \"DELETE FROM users\";",
        ),
        ("mail/smtp.rs", "use lettre::Message;"),
        ("origins/fetch.rs", "use reqwest::Client;"),
        (
            "domain/users.rs",
            "fn f() { let sqlx_error = my_sqlx::Error; }",
        ),
        ("cli/users.rs", "const A: &str = \"UPDATE your clients\";"),
        ("cli/users.rs", "const A: &str = \"With care\";"),
    ] {
        assert_eq!(offences(path, source), [""; 0], "{path}: {source}");
    }
}

#[test]
fn a_file_may_be_long_but_not_too_long() {
    assert_eq!(offences("model/id.rs", &"\n".repeat(400)), [""; 0]);
    assert_eq!(
        offences("model/id.rs", &"\n".repeat(401)),
        ["src/model/id.rs:401: 401 lines are more than 400"],
    );
}
