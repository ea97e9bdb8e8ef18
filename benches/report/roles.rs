//! What a child can be: the service, or one of the floors under it.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokenward::app::{self, Application, Seams};
use tokenward::config::Settings;
use tokenward::jobs::{DeliverMail, Pace};
use tokenward::mail::{Mailbox, Mailer, Options};
use tokenward::model::{Clock, TokenDigest};
use tokenward::origins::verify;
use tokenward::storage::{Db, exposures, outbox, tokens as tokens_table};
use tokenward::telemetry::{LogFormat, Metrics, logs};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::deliveries::Statements;
use super::rounds::Cost;
use super::{cpu, database, letters, tokens};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let system = actix_web::rt::System::new();
    system.block_on(async {
        match *arguments.as_slice() {
            ["service", url, listen, jobs] => service(url, listen, jobs == "jobs").await,
            ["lookup", url] => lookup(url).await,
            ["statements", url] => statements(url).await,
            ["letters", url, mail] => letters(url, mail).await,
            _ => bail!("no such role"),
        }
    })
}

/// The configuration of a service on a database of ours.
fn settings(url: &str, listen: &str) -> anyhow::Result<Settings> {
    let mail = std::env::temp_dir().join(format!("tokenward-bench-mail-{}", std::process::id()));
    let hash_key = tokens::HASH_KEY;
    Ok(Settings::from_overlay(&format!(
        "[server]\nlisten = {listen:?}\n[database]\nurl = {url:?}\n\
         [tokens]\nhash_keys = [{hash_key:?}]\n[mail]\nurl = \"file://{}\"\n\
         [origins.github]\nkeys_url = \"http://127.0.0.1:9/\"\n",
        mail.display(),
    ))?)
}

/// `tokenward serve`.
async fn service(url: &str, listen: &str, run_jobs: bool) -> anyhow::Result<()> {
    let settings = settings(url, listen)?;
    logs::start(LogFormat::Text, "info", settings.tokens.detector()?)?;
    let seams = Seams {
        run_jobs,
        ..Seams::default()
    };
    let application = Application::build(&settings, seams).await?;
    say(&application.address().to_string())?;
    let stop = CancellationToken::new();
    end_with_input(stop.clone());
    application.run(stop).await
}

/// The floor of introspection: a bare handler around the same single lookup.
async fn lookup(url: &str) -> anyhow::Result<()> {
    let db = database::connect(url).await?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(db.clone()))
            .route("/", web::post().to(look_up))
    })
    .disable_signals()
    .bind("127.0.0.1:0")?;
    let address = *server.addrs().first().context("no address")?;
    say(&address.to_string())?;
    let stop = CancellationToken::new();
    end_with_input(stop.clone());
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(async move {
        stop.cancelled().await;
        handle.stop(false).await;
    });
    Ok(server.await?)
}

async fn look_up(db: Data<Db>, body: web::Bytes) -> HttpResponse {
    let digests: Vec<TokenDigest> = body
        .chunks_exact(32)
        .filter_map(|bytes| bytes.try_into().ok())
        .map(TokenDigest::from_bytes)
        .collect();
    match tokens_table::find_by_digests(&db, &digests).await {
        Ok(found) if !found.is_empty() => HttpResponse::Ok().json(json!({ "active": true })),
        Ok(_) => HttpResponse::Ok().json(json!({ "active": false })),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// The floor of deliveries: one proof and the bare statements, everything else prepared.
async fn statements(url: &str) -> anyhow::Result<()> {
    let db = database::connect(url).await?;
    let prepared = Statements::new(&db)?;
    say("ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let mut number = || {
            words
                .next()
                .context("a word is missing")?
                .parse()
                .context("a number")
        };
        let (size, count, round, ours): (u64, u64, u64, u64) =
            (number()?, number()?, number()?, number()?);
        let cost = if ours == 1 {
            let work = prepared.prepare(size, count, round).await?;
            measured(usize::try_from(count)?, async {
                for one in &work {
                    verify(prepared.key(), &one.signature, &one.body)?;
                    let mut tx = db.begin().await?;
                    tokens_table::revoke_exposed(&mut tx, &one.exposed, one.at).await?;
                    exposures::insert(&mut tx, one.delivery, &one.exposures).await?;
                    outbox::insert(&mut tx, &one.letters, 10, one.at).await?;
                    tx.commit().await?;
                }
                anyhow::Ok(())
            })
            .await?
        } else {
            let work = prepared.prepare_foreign(size, count, round)?;
            measured(usize::try_from(count)?, async {
                for (body, signature, digests) in &work {
                    verify(prepared.key(), signature, body)?;
                    tokens_table::find_by_digests(&db, digests).await?;
                }
                anyhow::Ok(())
            })
            .await?
        };
        say(&format!("{} {}", cost.cpu.as_nanos(), cost.wall.as_nanos()))?;
    }
    db.close().await;
    Ok(())
}

/// The job that delivers letters, run by hand.
async fn letters(url: &str, mail: &str) -> anyhow::Result<()> {
    let settings = settings(url, "127.0.0.1:0")?;
    logs::start(LogFormat::Text, "info", settings.tokens.detector()?)?;
    let ctx = Arc::new(app::open(&settings).await?);
    let from = Mailbox::new(None, "tokenward@example.com".parse()?);
    let job = DeliverMail {
        metrics: Metrics::new(ctx.clock.now()),
        ctx: Arc::clone(&ctx),
        mailer: Mailer::new(Options::new(mail.parse()?, from))?,
        pace: Pace::new(Duration::from_secs(20), Duration::from_secs(7 * 86_400)),
        letters_waiting: Arc::new(Notify::new()),
    };
    say("ready")?;
    let stop = CancellationToken::new();
    for line in std::io::stdin().lock().lines() {
        let number: usize = line?.parse()?;
        letters::write(&ctx.db, number).await?;
        let cost = measured(number, async {
            job.round(&stop).await;
            anyhow::Ok(())
        })
        .await?;
        let left = outbox::depth(&ctx.db).await?.waiting;
        say(&format!(
            "{} {} {left}",
            cost.cpu.as_nanos(),
            cost.wall.as_nanos()
        ))?;
    }
    ctx.db.close().await;
    Ok(())
}

async fn measured(
    operations: usize,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Cost> {
    let pid = std::process::id();
    let (before, started) = (cpu::time(pid)?, Instant::now());
    work.await?;
    let (wall, after) = (started.elapsed(), cpu::time(pid)?);
    Ok(Cost::each(after.saturating_sub(before), wall, operations))
}

fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

/// The parent is gone, or wants this process to be.
fn end_with_input(stop: CancellationToken) {
    std::thread::spawn(move || {
        for _ in std::io::stdin().lock().lines() {}
        stop.cancel();
    });
}

/// Where a child that listens can be reached.
pub(crate) fn address(greeting: &str) -> anyhow::Result<SocketAddr> {
    greeting.parse().context("not an address")
}

pub(crate) fn decode(signature: &str) -> anyhow::Result<Vec<u8>> {
    Ok(STANDARD.decode(signature)?)
}

pub(crate) fn now() -> tokenward::model::Timestamp {
    Clock::System.now()
}
