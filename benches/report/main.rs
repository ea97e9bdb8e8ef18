//! The performance report: what introspection, deliveries and letters cost, each next to the least
//! that it could cost, and what revoking in bulk and deleting what is over do to
//! introspection. `docs/performance.md` explains it; `scripts/bench` runs it.
//!
//! What is measured runs in processes of its own, so that the load's own work is not counted: this
//! binary starts itself again in a role (`roles`).

mod bulk;
mod child;
mod client;
mod cpu;
mod database;
mod deliveries;
mod introspection;
mod latency;
mod letters;
mod memory;
mod oauth;
mod retention;
mod roles;
mod roles_oauth;
mod rounds;
mod seed;
mod smtp_sink;
mod startup;
mod statements;
mod table;
mod tokens;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, ensure};

use database::{Database, Engine};
use table::Report;

/// What is measured.
struct Plan {
    /// Tokens in the tables, smallest first.
    sizes: Vec<u64>,
    rounds: usize,
    /// Introspections in a round.
    introspections: usize,
    /// Reports in a round of deliveries, at most.
    reports: u64,
    letters: usize,
    idle_seconds: u64,
    /// How long each of the quiet times is with which a busy one is compared.
    quiet_seconds: u64,
    starts: usize,
    engines: Vec<Engine>,
    /// The only part that is wanted.
    only: Option<String>,
    /// Databases are made and kept here.
    folder: PathBuf,
}

impl Plan {
    fn new(arguments: &[String]) -> anyhow::Result<Self> {
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let value = |name: &str| {
            let mut rest = arguments.iter().skip_while(|argument| *argument != name);
            rest.nth(1).cloned()
        };
        let mut engines = vec![Engine::Sqlite];
        match std::env::var("TOKENWARD_BENCH_POSTGRES") {
            Ok(url) => engines.push(Engine::Postgres(url)),
            Err(_) => progress("TOKENWARD_BENCH_POSTGRES names no server: SQLite only"),
        }
        if let Some(wanted) = value("--engine") {
            engines.retain(|engine| engine.name().eq_ignore_ascii_case(&wanted));
            ensure!(
                !engines.is_empty(),
                "{wanted} is not sqlite or postgresql, or has no server"
            );
        }
        let folder = std::env::var_os("TOKENWARD_BENCH_DATA")
            .map_or_else(|| PathBuf::from("target/bench-data"), PathBuf::from);
        std::fs::create_dir_all(&folder).context("the folder for databases")?;
        Ok(Self {
            sizes: if quick {
                vec![10_000]
            } else {
                vec![10_000, 1_000_000]
            },
            rounds: 5,
            introspections: if quick { 1_000 } else { 4_000 },
            reports: if quick { 2_000 } else { 10_000 },
            letters: if quick { 500 } else { 3_000 },
            idle_seconds: if quick { 3 } else { 10 },
            quiet_seconds: if quick { 6 } else { 60 },
            starts: if quick { 3 } else { 7 },
            engines,
            only: value("--only"),
            folder,
        })
    }
}

/// Measures one part on one engine.
type Measure = fn(&Plan, &[Database], &mut Report) -> anyhow::Result<()>;

const PARTS: [(&str, Measure); 7] = [
    ("startup", startup::measure),
    ("introspection", introspection::measure),
    ("deliveries", deliveries::measure),
    ("letters", letters::measure),
    ("oauth", oauth::measure),
    // Last: it doubles the large table.
    ("bulk", bulk::measure),
    ("retention", retention::measure),
];

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds --bench.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "role" => roles::run(rest),
        _ => report(&Plan::new(&arguments)?),
    }
}

fn report(plan: &Plan) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut report = Report::default();
    for engine in &plan.engines {
        let databases = plan
            .sizes
            .iter()
            .map(|size| Database::prepare(engine, *size, &plan.folder))
            .collect::<anyhow::Result<Vec<_>>>()?;
        for (name, measure) in PARTS {
            if plan.only.as_deref().is_none_or(|only| only == name) {
                measure(plan, &databases, &mut report).context(name)?;
            }
        }
        for database in databases {
            database.remove()?;
        }
    }
    report.print(started.elapsed())
}

/// Says on standard error what is going on.
#[expect(clippy::print_stderr, reason = "a long command shows progress")]
fn progress(what: &str) {
    eprintln!("bench: {what}");
}
