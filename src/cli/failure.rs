//! How a command says that it failed: one line on standard error, without any of our tokens.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::known::Unknown;
use super::values::ProblemView;
use crate::config::{Problems, Settings, Sources};
use crate::model::Detector;

/// The command failed.
pub(super) fn of_command(error: &anyhow::Error, json: bool, config: Option<PathBuf>) -> ExitCode {
    let text = clean(&sentence(error), config);
    let line = match (json, error.downcast_ref::<Problems>()) {
        (false, _) => format!("error: {text}"),
        (true, None) => json!({ "error": text }).to_string(),
        (true, Some(problems)) => {
            let all: Vec<_> = problems.iter().map(ProblemView::new).collect();
            json!({ "error": "the configuration has problems", "problems": all }).to_string()
        }
    };
    say(&line);
    match error.is::<Unknown>() {
        true => ExitCode::from(2),
        false => ExitCode::FAILURE,
    }
}

/// The arguments cannot be read, or ask for help.
pub(super) fn of_usage(usage: &clap::Error) -> ExitCode {
    if !usage.use_stderr() {
        // Help or version. A reader that went away has read enough.
        let _ = usage.print();
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // What cannot be read is repeated, and may be a token where none belongs.
    let text = clean(&usage.render().to_string(), config_of(&arguments));
    let text = text.trim_end();
    if arguments.iter().any(|argument| argument == "--json") {
        // The first paragraph is the error; usage and hints for people follow.
        let first = text.split("\n\n").next().unwrap_or_default();
        let first = first.strip_prefix("error: ").unwrap_or(first);
        say(&json!({ "error": on_one_line(first) }).to_string());
    } else {
        say(text);
    }
    ExitCode::from(2)
}

/// The error and what caused it, once each.
fn sentence(error: &anyhow::Error) -> String {
    if let Some(problems) = error.downcast_ref::<Problems>() {
        return problems.to_string();
    }
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    on_one_line(&text)
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` without our tokens, whatever this installation calls them.
fn clean(text: &str, config: Option<PathBuf>) -> String {
    let detector = |settings: Settings| settings.tokens.detector().ok();
    let here = Settings::load(&Sources::of_process(config));
    let by_default = || Settings::from_overlay("").ok().and_then(detector);
    let detector: Option<Detector> = here.ok().and_then(detector).or_else(by_default);
    detector.map_or_else(String::new, |detector| detector.redact(text).into_owned())
}

/// What `--config` says among arguments that could not be read.
fn config_of(arguments: &[OsString]) -> Option<PathBuf> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(PathBuf::from);
        }
        let joined = argument.to_str().and_then(|a| a.strip_prefix("--config="));
        if let Some(path) = joined {
            return Some(PathBuf::from(path));
        }
    }
    None
}

fn say(line: &str) {
    // When standard error is gone there is nobody left to tell; the exit code still does.
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_is_one_line_with_every_cause_once() {
        let cause = std::io::Error::other("disk\n  on fire");
        let error = Err::<(), _>(cause)
            .context("cannot write: disk\n  on fire")
            .context("no token")
            .unwrap_err();
        assert_eq!(sentence(&error), "no token: cannot write: disk on fire");
    }

    #[test]
    fn a_token_in_a_failure_is_redacted() {
        let text =
            "unexpected argument 'polar_pat_0123456789abcdefghijABCDEFGHIJ0123456789abc' found";
        let clean = clean(text, None);
        assert!(
            clean.starts_with("unexpected argument 'polar_pat_[redacted]"),
            "{clean}"
        );
        assert!(!clean.contains("0123456789"));
    }

    #[test]
    fn the_configuration_is_found_among_arguments_that_make_no_sense() {
        let of = |arguments: &[&str]| {
            config_of(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
        };
        assert_eq!(
            of(&["tokenward", "--config", "a.toml", "?"]),
            Some("a.toml".into())
        );
        assert_eq!(
            of(&["tokenward", "?", "--config=b.toml"]),
            Some("b.toml".into())
        );
        assert_eq!(of(&["tokenward", "--config"]), None);
    }
}
