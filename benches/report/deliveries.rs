//! What a delivery costs, next to the bare statements that do the same.

use std::net::SocketAddr;

use anyhow::ensure;
use serde_json::{Value, json};
use tokenward::origins::GITHUB;
use tokenward::origins::signing::OriginSigner;

use super::child::Child;
use super::client::{Connection, drive, post};
use super::database::Database;
use super::rounds::{Cost, Rounds};
use super::table::{Report, count, time};
use super::{Plan, roles, tokens};

const PATH: &str = "/v1/integrations/github/secret-scanning";

/// Reports in a delivery, deliveries in a round, and whether the tokens are ours.
const SHAPES: [(u64, u64, bool); 5] = [
    (1, 100, true),
    (10, 50, true),
    (100, 15, true),
    (1_000, 4, true),
    (1_000, 10, false),
];

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut sides = Vec::new();
    for database in databases {
        sides.push(Side {
            floor: Child::start("statements", &[&database.url])?,
            real: Child::start("service", &[&database.url, "127.0.0.1:0", "no-jobs"])?,
            database,
        });
    }
    for (size, number, ours) in SHAPES {
        let mut rounds = vec![(Rounds::default(), Rounds::default()); sides.len()];
        for round in 0..=plan.rounds {
            for (side, (floors, reals)) in sides.iter_mut().zip(&mut rounds) {
                let number = number.min(plan.reports / size);
                let floor = side.floor(size, number, round, ours)?;
                let real = side.real(size, number, round, ours)?;
                // The first round warms up.
                if round > 0 {
                    floors.push(floor);
                    reals.push(real);
                }
            }
        }
        let what = |database: &Database| {
            let (engine, tokens) = (database.engine.name(), count(database.size));
            let ours = if ours { "" } else { ", none ours" };
            format!("delivery of {size}{ours}, {engine}, {tokens} tokens")
        };
        let aim = (size == 1_000 && ours).then_some(1.5);
        for (side, (floor, real)) in sides.iter().zip(&rounds) {
            report.compare(side.database, &what(side.database), floor, real, aim);
        }
        if let ([.., large], [(_, small_cost), .., (_, large_cost)]) =
            (databases, rounds.as_slice())
        {
            report.grow(&what(large), small_cost, large_cost, 1.2);
        }
    }
    match sides.last() {
        Some(side) => mixed(side, report),
        None => Ok(()),
    }
}

/// One database with the service and the bare statements on it.
struct Side<'d> {
    database: &'d Database,
    floor: Child,
    real: Child,
}

impl Side<'_> {
    fn floor(&mut self, size: u64, number: u64, round: usize, ours: bool) -> anyhow::Result<Cost> {
        self.database.revive()?;
        let ours = u8::from(ours);
        self.floor.ask(&format!("{size} {number} {round} {ours}"))?;
        let pid = self.floor.pid();
        Cost::measure(self.database, pid, usize::try_from(number)?, || {
            self.floor.ask("go").map(drop)
        })
    }

    fn real(&self, size: u64, number: u64, round: usize, ours: bool) -> anyhow::Result<Cost> {
        self.database.revive()?;
        let mut requests = Vec::new();
        for place in 0..number {
            let body = if ours {
                body(size, place, round)?
            } else {
                foreign_body(size, place, round)?
            };
            requests.push(signed(&self.database.signer, &body));
        }
        let expected: &[u8] = b"[{\"token_hash\":";
        let address = self.address()?;
        Cost::measure(self.database, self.real.pid(), requests.len(), || {
            drive(address, 1, &requests, expected)
        })
    }

    fn address(&self) -> anyhow::Result<SocketAddr> {
        roles::address(&self.real.greeting)
    }
}

fn signed(signer: &OriginSigner, body: &[u8]) -> Vec<u8> {
    let [(id_name, id), (signature_name, signature)] = signer.headers(&GITHUB, body);
    let headers = [(id_name, id.as_str()), (signature_name, signature.as_str())];
    post(PATH, &headers, body)
}

/// Delivery number `place` of a round: tokens of ours that no other delivery of the round names.
pub(crate) fn body(size: u64, place: u64, round: usize) -> anyhow::Result<Vec<u8>> {
    let mut items = Vec::new();
    for number in numbers(size, place) {
        items.push(item(tokens::text(number)?, &url(round, number)));
    }
    Ok(serde_json::to_vec(&items)?)
}

pub(crate) fn foreign_body(size: u64, place: u64, round: usize) -> anyhow::Result<Vec<u8>> {
    let mut items = Vec::new();
    for number in size * place..size * (place + 1) {
        items.push(item(tokens::stranger(number)?, &url(round, number)));
    }
    Ok(serde_json::to_vec(&items)?)
}

pub(crate) fn numbers(size: u64, place: u64) -> impl Iterator<Item = u64> {
    (size * place..size * (place + 1)).map(tokens::personal)
}

pub(crate) fn url(round: usize, number: u64) -> String {
    format!("https://github.com/octo/example-{round}/blob/main/src/config-{number}.yml#L1-L1")
}

fn item(token: String, url: &str) -> Value {
    let kind = "polar_personal_access_token";
    json!({ "token": token, "type": kind, "url": url, "source": "content" })
}

/// One delivery of 10,000 reports of every sort.
fn mixed(side: &Side<'_>, report: &mut Report) -> anyhow::Result<()> {
    side.database.revive()?;
    let mut items = Vec::new();
    for number in 0..10_000 {
        items.push(sundry(number)?);
    }
    let body = serde_json::to_vec(&items)?;
    let request = signed(&side.database.signer, &body);
    let mut connection = Connection::open(side.address()?)?;
    let mut answered = (0, Vec::new());
    let cost = Cost::measure(side.database, side.real.pid(), 1, || {
        answered = connection.send(&request)?;
        Ok(())
    })?;
    let (status, answer) = answered;
    ensure!(status == 200, "10,000 mixed reports were answered {status}");
    let verdicts: Vec<Value> = serde_json::from_slice(&answer)?;
    let label = |item: &&Value| {
        item.get("label")
            .is_some_and(|label| label == "true_positive")
    };
    let genuine = verdicts.iter().filter(label).count();
    ensure!(
        verdicts.len() == 10_000 && genuine == 5_000,
        "{genuine} true positives"
    );
    side.database.revive()?;
    let (engine, tokens) = (side.database.engine.name(), count(side.database.size));
    report.single(
        &format!(
            "10,000 mixed reports in one delivery ({genuine} ours), {engine}, {tokens} tokens"
        ),
        &format!(
            "{}, {} CPU",
            time(cost.wall),
            time(cost.service + cost.server)
        ),
        "≤ 5 s",
        cost.wall.as_secs() < 5,
    );
    Ok(())
}

/// Half are ours, of three kinds and some of them twice; the rest is what else comes.
fn sundry(number: u64) -> anyhow::Result<Value> {
    let url = url(0, number);
    let text = |number| tokens::text(number);
    Ok(match number % 10 {
        0..3 => item(text(number % 5_000)?, &url),
        3 => item(format!("export KEY=\"{}\"", text(number % 5_000)?), &url),
        4 => json!({ "token": text(number)?, "type": "polar_service_key" }),
        5 => item(tokens::stranger(number)?, &url),
        6 => json!({ "token": "polar_pat_", "type": "polar_personal_access_token", "more": [1] }),
        7 => {
            json!({ "token": "ghp_nothing_of_ours", "type": "github_token", "url": "", "source": "commit" })
        }
        8 if number == 8 => item("x".repeat(1_000_000), &url),
        8 => item(format!("prüfe {}", "ä".repeat(40)), &url),
        _ => json!({ "token": "polar_at_u_short", "type": "polar_access_token", "url": url }),
    })
}
