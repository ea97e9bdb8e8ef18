//! What an introspection costs, next to a bare handler around the same lookup.

use std::net::SocketAddr;

use super::child::Child;
use super::client::{drive, post};
use super::database::Database;
use super::rounds::{Cost, Rounds};
use super::table::{Report, count};
use super::{Plan, roles, tokens};

/// Different tokens that are asked about: enough to visit most of a large table.
const ASKED: u64 = 20_000;

/// A server and the requests to it.
struct Side {
    child: Child,
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    expected: &'static [u8],
}

impl Side {
    fn new(child: Child, requests: Vec<Vec<u8>>, expected: &'static [u8]) -> anyhow::Result<Self> {
        let address = roles::address(&child.greeting)?;
        Ok(Self {
            child,
            address,
            requests,
            expected,
        })
    }

    /// One round: the next `number` requests over so many connections.
    fn round(
        &self,
        database: &Database,
        round: usize,
        connections: usize,
        number: usize,
    ) -> anyhow::Result<Cost> {
        let start = round * number % (self.requests.len() - number + 1);
        let requests = self.requests.get(start..start + number).unwrap_or_default();
        Cost::measure(database, self.child.pid(), number, || {
            drive(self.address, connections, requests, self.expected)
        })
    }
}

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut sides = Vec::new();
    for database in databases {
        sides.push((floor(database)?, real(database)?));
    }
    for (connections, number) in [(8, plan.introspections), (1, plan.introspections / 2)] {
        let mut rounds = vec![(Rounds::default(), Rounds::default()); sides.len()];
        for round in 0..=plan.rounds {
            for ((database, (floor, real)), (floors, reals)) in
                databases.iter().zip(&sides).zip(&mut rounds)
            {
                let costs = (
                    floor.round(database, round, connections, number)?,
                    real.round(database, round, connections, number)?,
                );
                // The first round warms up.
                if round > 0 {
                    floors.push(costs.0);
                    reals.push(costs.1);
                }
            }
        }
        let what = |database: &Database| {
            format!(
                "introspection, {connections} at a time, {}, {} tokens",
                database.engine.name(),
                count(database.size),
            )
        };
        for (database, (floor, real)) in databases.iter().zip(&rounds) {
            report.compare(database, &what(database), floor, real, Some(1.3));
        }
        if let ([.., large], [(_, small_cost), .., (_, large_cost)]) =
            (databases, rounds.as_slice())
        {
            report.grow(&what(large), small_cost, large_cost, 1.2);
        }
    }
    Ok(())
}

fn asked(database: &Database) -> impl Iterator<Item = u64> {
    let number = ASKED.min(database.size);
    let step = database.size / number;
    (0..number).map(move |index| index * step)
}

fn floor(database: &Database) -> anyhow::Result<Side> {
    let keys = tokens::hash_keys()?;
    let key = keys.current().digest(tokens::service_key()?.as_bytes());
    let mut requests = Vec::new();
    for number in asked(database) {
        let token = keys.current().digest(tokens::text(number)?.as_bytes());
        let body = [*key.as_bytes(), *token.as_bytes()].concat();
        requests.push(post("/", &[], &body));
    }
    let child = Child::start("lookup", &[&database.url])?;
    Side::new(child, requests, b"{\"active\":true")
}

/// Introspections of tokens all over the table.
pub(crate) fn requests(database: &Database) -> anyhow::Result<Vec<Vec<u8>>> {
    let bearer = format!("Bearer {}", tokens::service_key()?);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let mut requests = Vec::new();
    for number in asked(database) {
        let body = format!("token={}", tokens::text(number)?);
        requests.push(post("/v1/oauth2/introspect", &headers, body.as_bytes()));
    }
    Ok(requests)
}

fn real(database: &Database) -> anyhow::Result<Side> {
    let requests = requests(database)?;
    let child = Child::start("service", &[&database.url, "127.0.0.1:0", "no-jobs"])?;
    Side::new(child, requests, b"{\"active\":true")
}
