//! What introspection sees while something else is going on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::child::Child;
use super::client::Connection;
use super::cpu::Machine;
use super::database::Database;
use super::table::{Report, time};
use super::{Plan, introspection, progress, roles};

/// Connections that ask, and the pause from one question to the next on each of them: two hundred
/// questions a second, far from all that the service can answer.
const CONNECTIONS: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);

/// The share of the processors that the host may keep for others in a turn that it left alone: far from
/// the one in a hundred that a p99 is about.
const LEFT_ALONE: f64 = 0.002;

/// Something that a service did for a while, and what introspection saw of it.
#[derive(Default)]
pub(crate) struct Housework {
    /// How many rows it was about.
    pub(crate) rows: u64,
    took: Duration,
    turns: Vec<Turn>,
}

/// A quiet time, and one in which something was done.
struct Turn {
    quiet: Latencies,
    busy: Latencies,
    /// What the host kept for others meanwhile.
    stolen: f64,
}

impl Housework {
    /// Has a service do what `command` says, again and again until nothing is left to do, and is quiet for
    /// so long before each time and after the last: what else the machine does comes and goes, and must
    /// not count for the one and not for the other.
    pub(crate) fn done(
        plan: &Plan,
        database: &Database,
        command: &str,
        quiet: Duration,
    ) -> anyhow::Result<Self> {
        // The server's tables are in its buffers.
        let _held = database.hold_in_memory();
        let mut child = Child::start("housework", &[&database.url])?;
        let load = Load::on(&child, database)?;
        let wait = |time| {
            std::thread::sleep(time);
            anyhow::Ok(())
        };
        // The first seconds warm up.
        load.during(|| wait(Duration::from_secs(plan.quiet_seconds)))?;
        let mut all = Self::default();
        loop {
            let machine = Machine::now()?;
            let (quiet, ()) = load.during(|| wait(quiet))?;
            let (busy, told) = load.during(|| child.ask(command))?;
            let stolen = machine.stolen_since()?;
            let (rows, took) = told.split_once(' ').context("rows and milliseconds")?;
            let rows: u64 = rows.parse()?;
            if rows == 0 {
                all.end(quiet, stolen);
                return Ok(all);
            }
            let turn = Turn {
                quiet,
                busy,
                stolen,
            };
            progress(&format!("{rows} rows, p99 {}", turn.told()));
            all.rows += rows;
            all.took += Duration::from_millis(took.parse()?);
            all.turns.push(turn);
        }
    }

    /// After the last turn it was quiet once more.
    fn end(&mut self, quiet: Latencies, stolen: f64) {
        if let Some(last) = self.turns.last_mut() {
            last.quiet.add(&quiet);
            last.stolen = last.stolen.max(stolen);
        }
    }

    /// Tells of it: of `revoking` `100,000 tokens` that `are revoked` meanwhile.
    pub(crate) fn tell(&self, report: &mut Report, doing: &str, what: &str, are_done: &str) {
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let pace = self.rows.saturating_mul(1_000) / took.max(1);
        let value = format!("{}, {pace} a second", time(self.took));
        report.note(&format!("{doing} {what}"), &value);
        let alone = |turn: &&Turn| turn.stolen <= LEFT_ALONE;
        let left_alone: Vec<_> = self.turns.iter().filter(alone).collect();
        let all: Vec<_> = self.turns.iter().collect();
        tell(report, &format!("while {what} {are_done}"), &all);
        let (some, of) = (left_alone.len(), all.len());
        if some > 0 && some < of {
            let meanwhile = format!("in the {some} of {of} turns that the host left alone");
            tell(report, &meanwhile, &left_alone);
        }
    }
}

/// Tells what became of the latency of introspection in these turns.
fn tell(report: &mut Report, meanwhile: &str, turns: &[&Turn]) {
    let (mut quiet, mut busy) = (Latencies::default(), Latencies::default());
    for turn in turns {
        quiet.add(&turn.quiet);
        busy.add(&turn.busy);
    }
    for (name, share) in [("median", 0.5), ("p99", 0.99)] {
        let (quiet, busy) = (quiet.share(share), busy.share(share));
        let ratio = busy.as_secs_f64() / quiet.as_secs_f64().max(1e-9);
        let value = format!("{} instead of {}, **{ratio:.2}**", time(busy), time(quiet));
        let what = format!("introspection, {name}, {meanwhile}");
        match share > 0.9 {
            true => report.single(&what, &value, "≤ 1.5 times", ratio <= 1.5),
            false => report.note(&what, &value),
        }
    }
}

impl Turn {
    fn told(&self) -> String {
        let (busy, quiet) = (self.busy.share(0.99), self.quiet.share(0.99));
        let stolen = self.stolen * 100.0;
        format!(
            "{} instead of {}, {stolen:.1} % of the processors stolen",
            time(busy),
            time(quiet)
        )
    }
}

/// Questions at a steady pace, whether or not the last one was answered in time.
pub(crate) struct Load {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
}

impl Load {
    /// Asks a service about tokens of its database that work.
    pub(crate) fn on(service: &Child, database: &Database) -> anyhow::Result<Self> {
        Ok(Self {
            address: roles::address(&service.greeting)?,
            requests: introspection::requests(database)?,
        })
    }

    /// Asks for as long as `work` takes, and tells how long each answer took.
    pub(crate) fn during<T: Send>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send,
    ) -> anyhow::Result<(Latencies, T)> {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let share = self.requests.len() / CONNECTIONS;
            let askers: Vec<_> = self
                .requests
                .chunks(share)
                .take(CONNECTIONS)
                .map(|requests| scope.spawn(|| self.ask(requests, &done)))
                .collect();
            let outcome = work();
            done.store(true, Ordering::SeqCst);
            let mut all = Latencies::default();
            for asker in askers {
                match asker.join() {
                    Ok(latencies) => all.add(&latencies?),
                    Err(_) => bail!("a client broke"),
                }
            }
            Ok((all, outcome?))
        })
    }

    fn ask(&self, requests: &[Vec<u8>], done: &AtomicBool) -> anyhow::Result<Latencies> {
        let mut connection = Connection::open(self.address)?;
        let mut latencies = Vec::new();
        let mut next = Instant::now();
        for request in requests.iter().cycle() {
            if done.load(Ordering::SeqCst) {
                break;
            }
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            let (status, body) = connection.send(request)?;
            ensure!(
                status == 200 && body.starts_with(b"{\"active\":true"),
                "{status}"
            );
            // From when it should have been asked: an answer that is late delays the next question.
            latencies.push(next.elapsed());
            next += PAUSE;
        }
        Ok(Latencies(latencies))
    }
}

/// How long answers took.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// What this share of the answers stayed below.
    fn share(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let number = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
        let rank = (f64::from(number) * share).ceil().max(1.0) - 1.0;
        let found = (0..number)
            .zip(&sorted)
            .find(|(at, _)| f64::from(*at) >= rank);
        found.map(|(_, latency)| *latency).unwrap_or_default()
    }
}
