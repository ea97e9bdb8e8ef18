//! What a delivery costs, next to the bare statements that do the same.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, ensure};
use p256::ecdsa::VerifyingKey;
use serde_json::{Value, json};
use tokenward::model::{ChecksumRules, TokenFormat};
use tokenward::model::{
    Delivery, Detector, Email, Exposure, Id, Origin, Place, Timestamp, TokenDigest, Verdict,
};
use tokenward::origins::GITHUB;
use tokenward::origins::signing::OriginSigner;
use tokenward::storage::exposures::NewExposure;
use tokenward::storage::outbox::NewLetter;
use tokenward::storage::tokens::{self as tokens_table, ExposedSet};
use tokenward::storage::{Db, deliveries};

use super::child::Child;
use super::client::{Connection, drive, post};
use super::database::Database;
use super::rounds::{Cost, Rounds};
use super::table::{Report, count, time};
use super::{Plan, cpu, letters, roles, tokens};

const PATH: &str = "/v1/integrations/github/secret-scanning";

/// Reports in a delivery, deliveries in a round, and whether the tokens are ours.
const SHAPES: [(u64, u64, bool); 5] = [
    (1, 300, true),
    (10, 100, true),
    (100, 30, true),
    (1_000, 5, true),
    (1_000, 5, false),
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
            report.compare(&what(side.database), floor, real, aim);
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
        let answer = self.floor.ask(&format!("{size} {number} {round} {ours}"))?;
        let (cpu, wall) = answer.split_once(' ').context("half an answer")?;
        let nanoseconds = std::time::Duration::from_nanos;
        Ok(Cost {
            cpu: nanoseconds(cpu.parse()?),
            wall: nanoseconds(wall.parse()?),
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
        let pid = self.real.pid();
        let (before, started) = (cpu::time(pid)?, Instant::now());
        drive(self.address()?, 1, &requests, expected)?;
        let (wall, after) = (started.elapsed(), cpu::time(pid)?);
        Ok(Cost::each(
            after.saturating_sub(before),
            wall,
            requests.len(),
        ))
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
fn body(size: u64, place: u64, round: usize) -> anyhow::Result<Vec<u8>> {
    let mut items = Vec::new();
    for number in numbers(size, place) {
        items.push(item(tokens::text(number)?, &url(round, number)));
    }
    Ok(serde_json::to_vec(&items)?)
}

fn foreign_body(size: u64, place: u64, round: usize) -> anyhow::Result<Vec<u8>> {
    let mut items = Vec::new();
    for number in size * place..size * (place + 1) {
        items.push(item(tokens::stranger(number)?, &url(round, number)));
    }
    Ok(serde_json::to_vec(&items)?)
}

fn numbers(size: u64, place: u64) -> impl Iterator<Item = u64> {
    (size * place..size * (place + 1)).map(tokens::personal)
}

fn url(round: usize, number: u64) -> String {
    format!("https://github.com/octo/example-{round}/blob/main/src/config-{number}.yml#L1-L1")
}

fn item(token: String, url: &str) -> Value {
    let kind = "polar_personal_access_token";
    json!({ "token": token, "type": kind, "url": url, "source": "content" })
}

/// The bare statements of a delivery, ready to be said.
pub(crate) struct Bare {
    pub(crate) body: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) delivery: Id<Delivery>,
    pub(crate) at: Timestamp,
    pub(crate) exposed: ExposedSet,
    pub(crate) exposures: Vec<NewExposure>,
    pub(crate) letters: Vec<NewLetter>,
}

/// Prepares everything that is not a statement.
pub(crate) struct Statements {
    db: Db,
    signer: OriginSigner,
    detector: Detector,
}

impl Statements {
    pub(crate) fn new(db: &Db) -> anyhow::Result<Self> {
        Ok(Self {
            db: db.clone(),
            signer: OriginSigner::generate(),
            detector: Detector::new(&TokenFormat::new("polar_")?, ChecksumRules::strict())?,
        })
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        self.signer.verifying_key()
    }

    pub(crate) async fn prepare(
        &self,
        size: u64,
        number: u64,
        round: u64,
    ) -> anyhow::Result<Vec<Bare>> {
        let mut all = Vec::new();
        for place in 0..number {
            all.push(self.one(size, place, usize::try_from(round)?).await?);
        }
        Ok(all)
    }

    async fn one(&self, size: u64, place: u64, round: usize) -> anyhow::Result<Bare> {
        let body = body(size, place, round)?;
        let at = roles::now();
        let delivery = Delivery {
            id: Id::new(at),
            origin: Origin::GITHUB,
            key_id: self.signer.key_id().as_str().to_owned(),
            body_digest: tokenward::model::random::bytes(),
            received_at: at,
            reports: Vec::new(),
        };
        let mut tx = self.db.begin().await?;
        deliveries::insert(&mut tx, &delivery, &[]).await?;
        tx.commit().await?;
        let mut bare = Bare {
            signature: roles::decode(&self.signer.sign(&body))?,
            body,
            delivery: delivery.id,
            at,
            exposed: ExposedSet::default(),
            exposures: Vec::new(),
            letters: Vec::new(),
        };
        let keys = tokens::hash_keys()?;
        let mut digests = Vec::new();
        for number in numbers(size, place) {
            digests.push(keys.current().digest(tokens::text(number)?.as_bytes()));
        }
        let found = tokens_table::find_by_digests(&self.db, &digests).await?;
        ensure!(found.len() == digests.len(), "the table lacks tokens");
        for (found, number) in found.iter().zip(numbers(size, place)) {
            let known = &found.known;
            let url = url(round, number);
            let exposure = Exposure {
                id: Id::new(at),
                token: known.token.id,
                origin: Origin::GITHUB,
                place: Place::new(Some(&url), Some("content"), &self.detector),
                first_seen_at: at,
                revoked_at: at,
                verdict: Verdict::TruePositive,
            };
            let recipient = known.user.as_ref().map(|user| user.email.clone());
            bare.exposed.tokens.push(known.token.id);
            bare.letters.push(NewLetter {
                id: Id::new(at),
                exposure: Some(exposure.id),
                recipient: recipient.unwrap_or_else(|| Email::from_stored("x@y.example".into())),
                letter: letters::letter(Some(known), Some(&exposure), at),
            });
            bare.exposures.push(NewExposure {
                exposure,
                state_before: "live",
            });
        }
        Ok(bare)
    }

    /// Bodies in which nothing is ours, with their signatures and digests.
    pub(crate) fn prepare_foreign(
        &self,
        size: u64,
        number: u64,
        round: u64,
    ) -> anyhow::Result<Vec<(Vec<u8>, Vec<u8>, Vec<TokenDigest>)>> {
        let keys = tokens::hash_keys()?;
        let mut all = Vec::new();
        for place in 0..number {
            let body = foreign_body(size, place, usize::try_from(round)?)?;
            let signature = roles::decode(&self.signer.sign(&body))?;
            let mut digests = Vec::new();
            for number in size * place..size * (place + 1) {
                digests.push(keys.current().digest(tokens::stranger(number)?.as_bytes()));
            }
            all.push((body, signature, digests));
        }
        Ok(all)
    }
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
    let pid = side.real.pid();
    let (before, started) = (cpu::time(pid)?, Instant::now());
    let (status, answer) = connection.send(&request)?;
    let (wall, after) = (started.elapsed(), cpu::time(pid)?);
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
        &format!("{}, {} CPU", time(wall), time(after.saturating_sub(before))),
        "≤ 5 s",
        wall.as_secs() < 5,
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
