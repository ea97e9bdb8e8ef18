//! The report as it is printed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use super::database::Database;
use super::rounds::{Of, Ratio, Rounds};

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Report {
    compared: Vec<String>,
    growth: Vec<String>,
    single: Vec<String>,
}

impl Report {
    /// Something next to its floor.
    pub(crate) fn compare(
        &mut self,
        database: &Database,
        what: &str,
        floor: &Rounds,
        real: &Rounds,
        aim: Option<f64>,
    ) {
        self.line(what, floor, real, aim, Of::Both);
        if database.engine.is_server() {
            self.line(
                &format!("– the service alone, {what}"),
                floor,
                real,
                None,
                Of::Service,
            );
        }
    }

    fn line(&mut self, what: &str, floor: &Rounds, real: &Rounds, aim: Option<f64>, of: Of) {
        let ratio = real.over(floor, of);
        let verdict = aim.map(|aim| format!("≤ {aim}, {}", met(ratio, aim)));
        self.compared.push(format!(
            "| {what} | {} | {} | {ratio} | {} | {} |",
            time(floor.cpu(of)),
            time(real.cpu(of)),
            verdict.as_deref().unwrap_or("–"),
            time(real.wall()),
        ));
        super::progress(&format!("{what}: {ratio}"));
    }

    /// The same at two sizes.
    pub(crate) fn grow(&mut self, what: &str, small: &Rounds, large: &Rounds, aim: f64) {
        let ratio = large.over(small, Of::Both);
        self.growth.push(format!(
            "| {what} | {} | {} | {ratio} | ≤ {aim}, {} |",
            time(small.cpu(Of::Both)),
            time(large.cpu(Of::Both)),
            met(ratio, aim),
        ));
        super::progress(&format!("{what}, from smallest to largest table: {ratio}"));
    }

    /// Something that stands alone.
    pub(crate) fn single(&mut self, what: &str, value: &str, aim: &str, met: bool) {
        let met = if met { "met" } else { "missed" };
        self.single
            .push(format!("| {what} | {value} | {aim}, {met} |"));
        super::progress(&format!("{what}: {value}"));
    }

    /// Something without an aim.
    pub(crate) fn note(&mut self, what: &str, value: &str) {
        self.single.push(format!("| {what} | {value} | – |"));
        super::progress(&format!("{what}: {value}"));
    }

    pub(crate) fn print(&self, took: Duration) -> anyhow::Result<()> {
        let mut page = String::new();
        let cores = std::thread::available_parallelism()?;
        writeln!(
            page,
            "{cores} cores; the report took {} s.\n",
            took.as_secs()
        )?;
        writeln!(
            page,
            "| per operation | floor, CPU | Tokenward, CPU | ratio (spread) | aim | Tokenward, wall |\n\
             |---|---|---|---|---|---|"
        )?;
        lines(&mut page, &self.compared)?;
        if !self.growth.is_empty() {
            writeln!(
                page,
                "\n| CPU per operation | small table | large table | ratio (spread) | aim |\n\
                 |---|---|---|---|---|"
            )?;
            lines(&mut page, &self.growth)?;
        }
        writeln!(page, "\n| | measured | aim |\n|---|---|---|")?;
        lines(&mut page, &self.single)?;
        std::io::stdout().write_all(page.as_bytes())?;
        Ok(())
    }
}

fn lines(page: &mut String, lines: &[String]) -> std::fmt::Result {
    lines.iter().try_for_each(|line| writeln!(page, "{line}"))
}

fn met(ratio: Ratio, aim: f64) -> &'static str {
    if ratio.median <= aim { "met" } else { "missed" }
}

/// A number of tokens, as people say it.
pub(crate) fn count(tokens: u64) -> String {
    match tokens {
        1_000_000.. => format!("{} M", tokens / 1_000_000),
        _ => format!("{} k", tokens / 1_000),
    }
}

pub(crate) fn time(duration: Duration) -> String {
    let microseconds = duration.as_secs_f64() * 1e6;
    match microseconds {
        ..1_000.0 => format!("{microseconds:.0} µs"),
        ..1_000_000.0 => format!("{:.1} ms", microseconds / 1e3),
        _ => format!("{:.2} s", microseconds / 1e6),
    }
}
