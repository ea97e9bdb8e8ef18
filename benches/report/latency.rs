//! What introspection sees while something else is going on.

use std::net::SocketAddr;
use std::str::FromStr;
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

/// What a service is to do, in turns with quiet times.
pub(crate) struct Chore {
    /// The line that has it do some of it.
    pub(crate) command: String,
    /// How long nothing is done before each time.
    pub(crate) quiet: Duration,
    /// The line that has it do more of it at once between the turns, where all of it in turns would take
    /// hours. Nobody asks anything meanwhile.
    pub(crate) between: Option<String>,
}

/// Something that a service did for a while, and what introspection saw of it.
#[derive(Default)]
pub(crate) struct Housework {
    turns: Vec<Turn>,
    in_turns: Amount,
    between: Amount,
}

/// How many rows something was about, and how long it took.
#[derive(Clone, Copy, Default)]
struct Amount {
    rows: u64,
    took: Duration,
}

/// A quiet time, and one in which something was done.
struct Turn {
    quiet: Latencies,
    busy: Latencies,
    /// What the host kept for others meanwhile.
    stolen: f64,
}

impl Housework {
    /// Has a service do a chore until nothing is left to do, and is quiet for a while before each time and
    /// after the last: what else the machine does comes and goes, and must not count for the one and not
    /// for the other.
    pub(crate) fn done(plan: &Plan, database: &Database, chore: &Chore) -> anyhow::Result<Self> {
        // The server's tables are in its buffers.
        let _held = database.hold_in_memory();
        let mut child = Child::start("housework", &[&database.url])?;
        let load = Load::on(&child, database)?;
        // The first seconds warm up.
        load.idle(Duration::from_secs(plan.quiet_seconds))?;
        let mut all = Self::default();
        loop {
            let machine = Machine::now()?;
            let quiet = load.idle(chore.quiet)?;
            let (busy, told) = load.during(|| child.ask(&chore.command))?;
            let stolen = machine.stolen_since()?;
            let amount: Amount = told.parse()?;
            if amount.rows == 0 {
                all.end(quiet, stolen);
                return Ok(all);
            }
            let turn = Turn {
                quiet,
                busy,
                stolen,
            };
            progress(&format!("{} rows, p99 {}", amount.rows, turn.told()));
            all.in_turns.add(amount);
            all.turns.push(turn);
            if let Some(command) = &chore.between {
                all.between.add(child.ask(command)?.parse()?);
                // What that left to do must not count for the quiet time.
                database.flush()?;
                load.idle(chore.quiet / 3)?;
            }
        }
    }

    /// How many rows it was about.
    pub(crate) const fn rows(&self) -> u64 {
        self.in_turns.rows + self.between.rows
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
        report.note(&format!("{doing} {what}, in turns"), &self.in_turns.told());
        if self.between.rows > 0 {
            let more = format!("{doing} more of them between turns, without rest");
            report.note(&more, &self.between.told());
        }
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

impl Amount {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.took += other.took;
    }

    fn told(&self) -> String {
        let Self { rows, took } = *self;
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let pace = rows.saturating_mul(1_000) / milliseconds.max(1);
        format!("{rows} in {}, {pace} a second", time(took))
    }
}

/// Rows and milliseconds, as a child says them.
impl FromStr for Amount {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (rows, took) = text.split_once(' ').context("rows and milliseconds")?;
        Ok(Self {
            rows: rows.parse()?,
            took: Duration::from_millis(took.parse()?),
        })
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

    /// Asks for so long while nothing else is done.
    fn idle(&self, time: Duration) -> anyhow::Result<Latencies> {
        let (latencies, ()) = self.during(|| {
            std::thread::sleep(time);
            Ok(())
        })?;
        Ok(latencies)
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
