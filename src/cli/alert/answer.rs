//! What the service said, and how it is shown.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::cli::screen::{Screen, Tone, elapsed, tame};

/// What the service said.
pub(in crate::cli) struct Answer {
    pub(in crate::cli) status: StatusCode,
    pub(in crate::cli) body: Vec<u8>,
    pub(in crate::cli) took: Duration,
}

/// What it said about one report.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Entry {
    pub(in crate::cli) label: String,
    #[serde(default)]
    pub(in crate::cli) token_type: Value,
    pub(in crate::cli) token_hash: Option<String>,
}

/// What became of one token that an internal service named.
#[derive(Debug, Deserialize)]
struct Item {
    status: String,
    kind: Option<String>,
    token_id: Option<String>,
    detail: Option<String>,
}

/// What an internal service is answered.
#[derive(Deserialize)]
struct Items<T> {
    /// Whether nothing was changed.
    #[serde(default)]
    dry_run: bool,
    items: Vec<T>,
}

impl Items<Map<String, Value>> {
    /// One for each report. Whoever reads only one of them has to know that it was a dry run.
    fn each(self) -> impl Iterator<Item = Value> {
        let Self { dry_run, items } = self;
        items.into_iter().map(move |mut item| {
            if dry_run {
                item.insert("dry_run".to_owned(), Value::Bool(true));
            }
            Value::Object(item)
        })
    }
}

/// Why something was refused: a sentence, or what is wrong with each member.
#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Sentence(String),
    Problems(Vec<Problem>),
}

#[derive(Deserialize)]
struct Problem {
    loc: Vec<String>,
    msg: String,
}

impl Detail {
    fn sentence(&self) -> String {
        let problems = match self {
            Self::Sentence(text) => return text.clone(),
            Self::Problems(problems) => problems.iter(),
        };
        let each = problems.map(|problem| format!("{}: {}", problem.loc.join("."), problem.msg));
        each.collect::<Vec<_>>().join("; ")
    }
}

impl Answer {
    /// One per report, in their order, when the service gave such.
    pub(in crate::cli) fn entries(&self) -> Option<Vec<Entry>> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The code of a refusal.
    pub(super) fn code(&self) -> Option<String> {
        let refusal: Value = serde_json::from_slice(&self.body).ok()?;
        refusal.get("error")?.as_str().map(str::to_owned)
    }

    /// Why the delivery was not taken, on one line.
    pub(in crate::cli) fn refusal(&self) -> String {
        #[derive(Deserialize)]
        struct Refusal {
            error: String,
            detail: Detail,
        }
        let said = match serde_json::from_slice(&self.body) {
            Ok(Refusal { error, detail }) => format!("{error}: {}", detail.sentence()),
            Err(_) => String::from_utf8_lossy(&self.body).into_owned(),
        };
        match tame(&said, 300) {
            nothing if nothing.is_empty() => self.status.to_string(),
            said => format!("{}: {said}", self.status),
        }
    }
}

pub(super) fn show(screen: Screen, json: bool, answer: &Answer) -> anyhow::Result<()> {
    match json {
        true => print_json(screen, answer),
        false => print(screen, answer),
    }
}

/// An answer that may well be a refusal.
pub(super) fn show_any(screen: Screen, json: bool, answer: &Answer) -> anyhow::Result<()> {
    if json || answer.status.is_success() {
        return show(screen, json, answer);
    }
    screen.say(answer.refusal())?;
    Ok(())
}

fn print_json(screen: Screen, answer: &Answer) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(&answer.body);
    if let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(&text) {
        entries.iter().try_for_each(|entry| screen.say(entry))?;
    } else if let Ok(items) = serde_json::from_str::<Items<Map<String, Value>>>(&text) {
        items.each().try_for_each(|item| screen.say(item))?;
    } else {
        screen.say(json!({
            "status": answer.status.as_u16(),
            "answer": answer_of(&text),
        }))?;
    }
    Ok(())
}

/// An answer without verdicts, as JSON.
fn answer_of(text: &str) -> Value {
    match text {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    }
}

fn print(screen: Screen, answer: &Answer) -> anyhow::Result<()> {
    let status = screen.paint(Tone::Good, &answer.status.to_string());
    let took = elapsed(answer.took);
    if answer.body.is_empty() {
        screen.say(format_args!("{status} in {took}, without verdicts"))?;
        return Ok(());
    }
    if let Ok(Items { dry_run, items }) = serde_json::from_slice::<Items<Item>>(&answer.body) {
        let how = match dry_run {
            true => ", a dry run: nothing was changed",
            false => "",
        };
        let reports = counted(items.len());
        screen.say(format_args!("{status} in {took}, {reports}{how}"))?;
        return print_items(screen, &items);
    }
    let Some(entries) = answer.entries() else {
        let said = tame(&String::from_utf8_lossy(&answer.body), 300);
        screen.say(format_args!("{status} in {took}, and no verdicts: {said}"))?;
        return Ok(());
    };
    screen.say(format_args!(
        "{status} in {took}, {}",
        counted(entries.len())
    ))?;
    let width = entries.len().to_string().len();
    for (number, entry) in entries.iter().enumerate() {
        let tone = match entry.label.as_str() {
            "true_positive" => Tone::Good,
            _ => Tone::Quiet,
        };
        let claimed = entry.token_type.as_str().unwrap_or("no type");
        let hash = entry.token_hash.as_deref().unwrap_or_default();
        screen.say(format_args!(
            "{:>width$}  {}  {:<36}  {}",
            number + 1,
            screen.column(tone, &tame(&entry.label, 40), 14),
            tame(claimed, 60),
            tame(hash, 13),
        ))?;
    }
    Ok(())
}

fn counted(reports: usize) -> String {
    match reports {
        1 => "1 report".to_owned(),
        several => format!("{several} reports"),
    }
}

fn print_items(screen: Screen, items: &[Item]) -> anyhow::Result<()> {
    let width = items.len().to_string().len();
    for (number, item) in items.iter().enumerate() {
        let tone = match item.status.as_str() {
            "revoked" | "quarantined" => Tone::Good,
            _ => Tone::Quiet,
        };
        let what = item.kind.as_deref().or(item.detail.as_deref());
        screen.say(format_args!(
            "{:>width$}  {}  {:<36}  {}",
            number + 1,
            screen.column(tone, &tame(&item.status, 40), 15),
            tame(what.unwrap_or_default(), 100),
            tame(item.token_id.as_deref().unwrap_or_default(), 36),
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_whoever_wrote_it() {
        let answer = |body: &str| Answer {
            status: StatusCode::FORBIDDEN,
            body: body.as_bytes().to_vec(),
            took: Duration::ZERO,
        };
        for (body, line) in [
            (r#"{"error":"a","detail":"b","x":1}"#, "403 Forbidden: a: b"),
            (
                r#"{"error":"a","detail":[{"loc":["body","items"],"msg":"b","type":"c"}]}"#,
                "403 Forbidden: a: body.items: b",
            ),
            ("<p>\nno\u{1b}", "403 Forbidden: <p>\u{fffd}no\u{fffd}"),
            ("", "403 Forbidden"),
        ] {
            assert_eq!(answer(body).refusal(), line);
        }
    }
}
