//! How fast what is over is deleted, and what introspection sees of it meanwhile.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::child::Child;
use super::client::Connection;
use super::database::{Database, Raw};
use super::table::{Report, count, time};
use super::{Plan, introspection, roles, tokens};

/// Connections that ask, and the pause from one question to the next on each of them: two hundred
/// questions a second, far from all that the service can answer.
const CONNECTIONS: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);
/// Tokens of one grant.
const FAMILY: u64 = 20;

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(database) = databases.last() else {
        return Ok(());
    };
    let over = database.size;
    super::progress(&format!("adding {over} tokens that are over"));
    add(database, over)?;
    let mut child = Child::start("retention", &[&database.url])?;
    let load = Load {
        address: roles::address(&child.greeting)?,
        requests: introspection::requests(database)?,
    };
    let quiet = Duration::from_secs(plan.idle_seconds * 2);
    let wait = || {
        std::thread::sleep(quiet);
        anyhow::Ok(String::new())
    };
    // The first seconds warm up.
    load.during(wait)?;
    let (before, _) = load.during(wait)?;
    let (meanwhile, told) = load.during(|| child.ask("prune"))?;
    let (after, _) = load.during(wait)?;
    let (rows, took) = told.split_once(' ').context("rows and milliseconds")?;
    let (rows, took): (u64, u64) = (rows.parse()?, took.parse()?);
    ensure!(rows == over, "{rows} of {over} rows were deleted");
    tell(database, report, rows, took, [before, meanwhile, after]);
    Ok(())
}

fn tell(
    database: &Database,
    report: &mut Report,
    rows: u64,
    took: u64,
    [before, meanwhile, after]: [Latencies; 3],
) {
    let what = format!(
        "{} expired tokens among {}, {}",
        count(rows),
        count(database.size),
        database.engine.name()
    );
    let pace = rows * 1_000 / took.max(1);
    let took = time(Duration::from_millis(took));
    report.note(
        &format!("pruning {what}"),
        &format!("{took}, {pace} a second"),
    );
    let quiet = before.and(after);
    for (name, share) in [("median", 0.5), ("p99", 0.99)] {
        let (still, busy) = (quiet.share(share), meanwhile.share(share));
        let ratio = busy.as_secs_f64() / still.as_secs_f64().max(1e-9);
        let value = format!("{} instead of {}, **{ratio:.2}**", time(busy), time(still));
        let what = format!("introspection, {name}, while {what} are pruned");
        match share > 0.9 {
            true => report.single(&what, &value, "≤ 1.5 times", ratio <= 1.5),
            false => report.note(&what, &value),
        }
    }
}

/// Questions at a steady pace, whether or not the last one was answered in time.
struct Load {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
}

impl Load {
    /// Asks for as long as `work` takes, and tells how long each answer took.
    fn during<T: Send>(
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
                    Ok(latencies) => all = all.and(latencies?),
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

#[derive(Default)]
struct Latencies(Vec<Duration>);

impl Latencies {
    fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
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

/// Adds grants that ended, and access tokens of theirs that expired.
fn add(database: &Database, number: u64) -> anyhow::Result<()> {
    let since = tokens::CREATED_AT;
    let families = number / FAMILY + 1;
    let (client, user) = (tokens::id("client"), super::seed::user(0));
    let (client, user) = (client.simple(), user.simple());
    let key = tokens::hash_keys()?;
    let key = key.current().id();
    let (grants, expired) = match database.raw() {
        Raw::Sqlite(_) => (
            format!(
                "WITH RECURSIVE n (i) AS (
                     SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {families}
                 )
                 INSERT INTO grants (id, client_id, user_id, scopes, created_at, revoked_at)
                 SELECT unhex(printf('%032x', i)), x'{client}', x'{user}', 'openid', {since}, {since}
                 FROM n"
            ),
            format!(
                "WITH RECURSIVE n (i) AS (
                     SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {number}
                 )
                 INSERT INTO tokens (
                     digest, id, hash_key, kind, grant_id, client_id, user_id, hint, scopes,
                     created_at, expires_at
                 )
                 SELECT
                     randomblob(32), randomblob(16), '{key}', 'access_token',
                     unhex(printf('%032x', i / {FAMILY})), x'{client}', x'{user}', 'abcd',
                     'openid email orders:read', {since}, {since} + 3600000 + i
                 FROM n"
            ),
        ),
        Raw::Postgres(_) => (
            format!(
                "INSERT INTO grants (id, client_id, user_id, scopes, created_at, revoked_at)
                 SELECT lpad(to_hex(i), 32, '0')::uuid, '{client}', '{user}', 'openid', {since}, {since}
                 FROM generate_series(0, {families} - 1) AS i"
            ),
            format!(
                "INSERT INTO tokens (
                     digest, id, hash_key, kind, grant_id, client_id, user_id, hint, scopes,
                     created_at, expires_at
                 )
                 SELECT
                     sha256(gen_random_uuid()::text::bytea), gen_random_uuid(), '{key}',
                     'access_token', lpad(to_hex(i / {FAMILY}), 32, '0')::uuid, '{client}', '{user}',
                     'abcd', 'openid email orders:read', {since}, {since} + 3600000 + i
                 FROM generate_series(0, {number} - 1) AS i"
            ),
        ),
    };
    database.execute(&grants)?;
    database.execute(&expired)?;
    database.settle()
}
