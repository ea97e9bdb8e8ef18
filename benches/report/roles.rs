//! What a child can be: the service, or one of the floors under it.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::Server;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, bail};
use p256::ecdsa::VerifyingKey;
use serde_json::json;
use tokenward::app::{self, Application, Seams};
use tokenward::config::Settings;
use tokenward::domain::Context as DomainContext;
use tokenward::domain::bulk_revocations::{self, Claimed};
use tokenward::domain::retention::{Ended, Rest, prune};
use tokenward::jobs::{ChainAuditLog, DeliverMail, Pace};
use tokenward::mail::{Mailbox, Mailer, Options};
use tokenward::model::{Clock, RevocationReason, Selection, TokenDigest, TokenKind};
use tokenward::origins::verify;
use tokenward::storage::{Db, exposures, outbox, tokens as tokens_table};
use tokenward::telemetry::{LogFormat, Metrics, logs};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::statements::{Bare, Statements, Work};
use super::{database, letters, roles_oauth, tokens};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let system = actix_web::rt::System::new();
    system.block_on(async {
        match *arguments.as_slice() {
            ["service", url, listen, jobs] => service(url, listen, jobs == "jobs").await,
            ["lookup", url] => lookup(url).await,
            ["statements", url] => statements(url).await,
            ["letters", url, mail] => letters(url, mail).await,
            ["oauth", url] => roles_oauth::serve(url).await,
            ["housework", url] => housework(url).await,
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
         [policy]\nbreaker_revocations = 0\n\
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

/// `tokenward serve` without jobs, but for three: what is over is deleted, and what an owner has is
/// revoked, when a line asks for it; and what that leaves in the audit log is chained.
async fn housework(url: &str) -> anyhow::Result<()> {
    let settings = settings(url, "127.0.0.1:0")?;
    logs::start(LogFormat::Text, "info", settings.tokens.detector()?)?;
    let seams = Seams {
        run_jobs: false,
        ..Seams::default()
    };
    let application = Application::build(&settings, seams).await?;
    say(&application.address().to_string())?;
    let stop = CancellationToken::new();
    let (lines, mut asked) = mpsc::unbounded_channel();
    let end = stop.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let _ = lines.send(line);
        }
        end.cancel();
    });
    let ctx = Arc::clone(&application.ctx);
    let chaining = ChainAuditLog {
        ctx: Arc::clone(&ctx),
    };
    tokio::spawn(chaining.run(stop.clone()));
    tokio::spawn(async move {
        let mut bulk = None;
        while let Some(Ok(line)) = asked.recv().await {
            let began = Instant::now();
            let mut words = line.split(' ');
            let what = words.next().unwrap_or_default();
            let number = words.next().and_then(|text| text.parse().ok());
            let number = number.unwrap_or_default();
            let end = began + Duration::from_secs(number);
            let rows = match (what, words.next()) {
                ("revoke", Some(owner)) => revoke(&ctx, &mut bulk, owner, end).await,
                ("prune", None) => prune_until(&ctx, end).await,
                ("prune-at-once", None) => prune_at_once(&ctx, number).await,
                _ => Ok(0),
            };
            let rows = rows.unwrap_or(0);
            let _ = say(&format!("{rows} {}", began.elapsed().as_millis()));
        }
    });
    application.run(stop).await
}

/// Revokes everything of a user as the job does, until it is time; the next time it goes on. Tells how many
/// tokens that were.
async fn revoke(
    ctx: &Arc<DomainContext>,
    bulk: &mut Option<Claimed>,
    user: &str,
    end: Instant,
) -> anyhow::Result<u64> {
    if bulk.is_none() {
        let selection = Selection {
            user: Some(user.parse()?),
            ..Selection::default()
        };
        let reason = RevocationReason::Operator;
        let begun = bulk_revocations::begin(ctx, None, selection, reason).await?;
        *bulk = bulk_revocations::claim(ctx, Some(begun.id)).await?;
    }
    let claimed = bulk.as_mut().context("somebody else revokes them")?;
    let mut revoked = 0;
    loop {
        let began = Instant::now();
        let batch = bulk_revocations::advance(ctx, claimed).await?;
        revoked += u64::try_from(batch.revoked.len())?;
        if batch.finished || Instant::now() >= end {
            return Ok(revoked);
        }
        sleep(claimed.rest_after(began.elapsed())).await;
    }
}

/// What is pruned.
const PRUNED: Ended = Ended::Tokens(TokenKind::AccessToken);

/// Prunes as the job does, until it is time. Tells how many rows that were.
async fn prune_until(ctx: &DomainContext, end: Instant) -> anyhow::Result<u64> {
    Ok(prune(ctx, PRUNED, &Until(end)).await?.rows)
}

/// Prunes so many rows or a few more, without any rest.
async fn prune_at_once(ctx: &DomainContext, number: u64) -> anyhow::Result<u64> {
    let mut rows = 0;
    while rows < number {
        let pruned = prune(ctx, PRUNED, &NoRest).await?.rows;
        if pruned == 0 {
            break;
        }
        rows += pruned;
    }
    Ok(rows)
}

/// Rests as the job does, and ends when it is time.
struct Until(Instant);

impl Rest for Until {
    async fn rest(&self, pause: Duration) -> bool {
        sleep(pause).await;
        Instant::now() < self.0
    }
}

/// Ends instead of resting.
struct NoRest;

impl Rest for NoRest {
    async fn rest(&self, _: Duration) -> bool {
        false
    }
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
    serve_until_input_ends(server.run(), address).await
}

/// Says where a bare server listens, and serves until the parent wants it to end.
pub(crate) async fn serve_until_input_ends(
    server: Server,
    address: SocketAddr,
) -> anyhow::Result<()> {
    say(&address.to_string())?;
    let stop = CancellationToken::new();
    end_with_input(stop.clone());
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
    let mut lines = std::io::stdin().lock().lines();
    while let Some(line) = lines.next() {
        let work = prepared.prepare(&line?).await?;
        say("prepared")?;
        // The next line starts the clock.
        if lines.next().is_none() {
            break;
        }
        match work {
            Work::Ours(deliveries) => {
                for one in &deliveries {
                    leak(&db, prepared.key(), one).await?;
                }
            }
            Work::Foreign(deliveries) => {
                for (signed, digests) in &deliveries {
                    verify(prepared.key(), &signed.signature, &signed.body)?;
                    tokens_table::find_by_digests(&db, digests).await?;
                }
            }
        }
        say("done")?;
    }
    db.close().await;
    Ok(())
}

async fn leak(db: &Db, key: &VerifyingKey, one: &Bare) -> anyhow::Result<()> {
    verify(key, &one.signed.signature, &one.signed.body)?;
    let mut tx = db.begin().await?;
    let reasons = (RevocationReason::Exposed, RevocationReason::RelativeExposed);
    tokens_table::revoke_exposed(&mut tx, &one.exposed, reasons, one.at).await?;
    exposures::insert(&mut tx, Some(one.delivery), &one.exposures, &one.seal).await?;
    outbox::insert(&mut tx, &one.letters, 10, one.at).await?;
    Ok(tx.commit().await?)
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
    let mut lines = std::io::stdin().lock().lines();
    while let Some(line) = lines.next() {
        let number: usize = line?.parse()?;
        letters::write(&ctx.db, number).await?;
        say("prepared")?;
        // The next line starts the clock.
        if lines.next().is_none() {
            break;
        }
        job.round(&stop).await;
        say(&outbox::depth(&ctx.db).await?.waiting.to_string())?;
    }
    ctx.db.close().await;
    Ok(())
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

pub(crate) fn now() -> tokenward::model::Timestamp {
    Clock::System.now()
}
