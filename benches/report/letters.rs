//! How many letters leave over one connection.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child as Process, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokenward::model::letter::{Addressee, LetterToken, Outcome, TokenExposed};
use tokenward::model::{Email, Exposure, Id, KnownToken, Letter, Timestamp};
use tokenward::storage::Db;
use tokenward::storage::outbox::{self, NewLetter};

use super::child::Child;
use super::database::Database;
use super::rounds::{Cost, median};
use super::smtp_sink::Sink;
use super::table::{Report, time};
use super::{Plan, roles, tokens};

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(database) = databases.first() else {
        return Ok(());
    };
    let engine = database.engine.name();
    let sink = Sink::start()?;
    let (rate, spread, cpu) = rounds(database, sink.address, plan.letters)?;
    report.single(
        &format!("letters a second over one connection, {engine}, a server that answers at once"),
        &format!("{rate:.0} ({spread}), {} CPU each", time(cpu)),
        "≥ 500",
        rate >= 500.0,
    );
    if let Some(server) = Aiosmtpd::start()? {
        let (rate, spread, cpu) = rounds(database, server.address, plan.letters / 3)?;
        let value = format!("{rate:.0} ({spread}), {} CPU each", time(cpu));
        report.note(&format!("the same to aiosmtpd, {engine}"), &value);
    }
    Ok(())
}

/// Three rounds of so many letters: median and spread of letters a second, and median CPU each.
fn rounds(
    database: &Database,
    server: SocketAddr,
    letters: usize,
) -> anyhow::Result<(f64, String, Duration)> {
    database.revive()?;
    let mail = format!("smtp://{server}?tls=none");
    let mut child = Child::start("letters", &[&database.url, &mail])?;
    let (mut rates, mut cpus) = (Vec::new(), Vec::new());
    for round in 0..4 {
        let number = if round == 0 { 50 } else { letters };
        child.ask(&number.to_string())?;
        let pid = child.pid();
        let mut left = String::new();
        let cost = Cost::measure(database, pid, number, || {
            left = child.ask("go")?;
            Ok(())
        })?;
        ensure!(left == "0", "{left} letters did not leave");
        // The first round warms up.
        if round > 0 {
            rates.push(1.0 / cost.wall.as_secs_f64());
            cpus.push(cost.service.as_secs_f64());
        }
    }
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    Ok((
        median(rates.into_iter()),
        format!("{least:.0}–{most:.0}"),
        Duration::from_secs_f64(median(cpus.into_iter())),
    ))
}

/// Puts letters into the outbox that tell of no stored exposure.
pub(crate) async fn write(db: &Db, number: usize) -> anyhow::Result<()> {
    let now = roles::now();
    let recipient = Email::from_stored("owner@example.com".to_owned());
    let letters: Vec<NewLetter> = (0..number)
        .map(|_| NewLetter {
            id: Id::new(now),
            exposure: None,
            recipient: recipient.clone(),
            letter: letter(None, None, now),
        })
        .collect();
    let mut tx = db.begin().await?;
    outbox::insert(&mut tx, &letters, 10, now).await?;
    Ok(tx.commit().await?)
}

/// A letter of the usual length, about `known` when there is a token.
pub(crate) fn letter(
    known: Option<&KnownToken>,
    exposure: Option<&Exposure>,
    now: Timestamp,
) -> Letter {
    let scopes = "products:read orders:read customers:read tokens:introspect";
    Letter::TokenExposed(Box::new(TokenExposed {
        token: LetterToken {
            id: known
                .map_or_else(|| tokens::id("letter"), |known| known.token.id.uuid())
                .to_string(),
            kind: "personal_access_token".to_owned(),
            name: Some("deploy key".to_owned()),
            hint: "wXyZ".to_owned(),
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            organization: None,
            client: None,
            customer: None,
            created_at: Timestamp::from_millis(tokens::CREATED_AT),
            expires_at: None,
            last_used_at: None,
            last_used_from: None,
        },
        addressee: Addressee::Owner,
        reported_by: "GitHub".to_owned(),
        url: exposure.map_or_else(
            || Some("https://github.com/octo/example/blob/main/config.yml#L1".to_owned()),
            |exposure| exposure.place.url.clone(),
        ),
        source: Some("content".to_owned()),
        seen_at: now,
        outcome: Outcome::Revoked { at: now },
        relatives_revoked: 0,
        leaked_before: None,
        copied_from: None,
    }))
}

/// aiosmtpd, where it is installed.
struct Aiosmtpd {
    process: Process,
    address: SocketAddr,
}

impl Aiosmtpd {
    fn start() -> anyhow::Result<Option<Self>> {
        let python = "/usr/bin/python3";
        let installed = Command::new(python)
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null())
            .status();
        if !installed.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Command::new(python)
            .args(["-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l"])
            .arg(address.to_string())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { process, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(
                started.elapsed() < Duration::from_secs(20),
                "aiosmtpd did not start"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(server))
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
