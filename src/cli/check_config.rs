//! `tokenward check-config`: what is in force and why, or everything that is wrong.

use anyhow::bail;
use serde::Serialize;

use super::output::Output;
use super::policy;
use super::values::ProblemView;
use crate::app;
use crate::config::{Line, Settings, Sources};
use crate::mail::{self, MailUrl};

#[derive(Serialize)]
struct LineView<'a> {
    key: &'a str,
    value: &'a str,
    from: String,
    why: &'a str,
}

/// Explains, without a network and without making anything.
pub(super) fn run(sources: &Sources, out: &mut Output) -> anyhow::Result<()> {
    let settings = match Settings::load(sources) {
        Ok(settings) => settings,
        Err(problems) => {
            for problem in problems.iter() {
                out.either(&ProblemView::new(problem), &problem.to_string())?;
            }
            bail!("{}", counted(problems.count()));
        }
    };
    settings
        .explain()
        .iter()
        .try_for_each(|line| explain(line, out))?;
    out.note("\nWhat is done when a leak is reported:")?;
    policy::show(&settings, out)?;
    let unusable = unusable(&settings);
    for wrong in &unusable {
        out.either(
            &serde_json::json!({ "wrong": wrong }),
            &format!("\n{wrong}"),
        )?;
    }
    match unusable.len() {
        0 => out.note("\nThe configuration is in order."),
        number => bail!("{}", counted(number)),
    }
}

fn explain(line: &Line, out: &mut Output) -> anyhow::Result<()> {
    let Line {
        key,
        value,
        from,
        why,
        ..
    } = line;
    let view = LineView {
        key,
        value,
        from: from.to_string(),
        why,
    };
    out.either(&view, &format!("{key} = {value}  ({from})\n    {why}"))
}

fn counted(problems: usize) -> String {
    match problems {
        1 => "the configuration has a problem".to_owned(),
        number => format!("the configuration has {number} problems"),
    }
}

/// What reads well and still would not work: files of the wrong content.
fn unusable(settings: &Settings) -> Vec<String> {
    mail::install_crypto_provider();
    let mut found = Vec::new();
    found.extend(app::configured_hash_keys(&settings.tokens).err());
    let mut mail = settings.clone();
    if matches!(mail.mail.url, MailUrl::File(_)) {
        // The mailer would make the folder; all else about it is checked as well without.
        mail.mail.url = MailUrl::Memory;
    }
    found.extend(app::mailer(&mail).err());
    found.iter().map(|error| format!("{error:#}")).collect()
}
