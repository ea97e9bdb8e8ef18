//! Builds the application once, for `main` and for tests.

mod secrets;
mod world;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Feedback, GithubSettings, Settings};
use crate::domain::{Context, Wake};
use crate::http::{self, ApiState, Intake};
use crate::jobs::{DeliverMail, FlushUses, Pace, RefreshOriginKeys};
use crate::mail::Mailer;
use crate::model::Clock;
use crate::origins::{self, GITHUB, KeyFetcher, KeyPolicy, KeyRing, TokenField};
use crate::telemetry::Metrics;

pub(crate) use world::{configured_hash_keys, connect, mailer, rotate_hash_key};
pub use world::{open, open_at};

/// Where tests take hold of the application. In production all of it is as by default.
#[derive(Clone, Debug)]
pub struct Seams {
    /// What time it is.
    pub clock: Clock,
    /// Called when letters were committed, before the delivery is answered.
    pub letters_committed: Option<Wake>,
    /// Whether jobs run by themselves.
    pub run_jobs: bool,
}

impl Default for Seams {
    fn default() -> Self {
        Self {
            clock: Clock::System,
            letters_committed: None,
            run_jobs: true,
        }
    }
}

/// The service, ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    jobs: Vec<Job>,
    shutdown_timeout: Duration,
    /// The domain's world, for whoever acts beside the service in the same process.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
    /// The job that delivers letters, to be run by hand where jobs do not run by themselves.
    pub deliver_mail: DeliverMail,
}

/// A job that has not begun.
type Job = Box<dyn FnOnce(CancellationToken, &TaskTracker) + Send>;

impl Application {
    /// Opens the database, prepares keys and mail, and listens. Requests are answered from
    /// [`Application::run`] on.
    ///
    /// # Errors
    /// When anything that the service needs cannot be had; the error says what to do about it.
    pub async fn build(settings: &Settings, seams: Seams) -> anyhow::Result<Self> {
        crate::mail::install_crypto_provider();
        let listen = settings.server.listen;
        let listener =
            TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let letters_waiting = Arc::new(Notify::new());
        let wake = wake(&letters_waiting, seams.letters_committed);
        let ctx = Arc::new(open_at(settings, address, seams.clock, wake).await?);
        let metrics = Metrics::new(ctx.clock.now());
        let deliver_mail = DeliverMail {
            ctx: Arc::clone(&ctx),
            mailer: world::mailer(settings)?,
            metrics: metrics.clone(),
            pace: Pace::new(settings.mail.send_timeout, settings.mail.give_up_after),
            letters_waiting,
        };
        let mut jobs = Vec::new();
        let github = intake(settings, &ctx, &metrics, &mut jobs).await?;
        if seams.run_jobs {
            background(settings, &ctx, &deliver_mail, &mut jobs);
        }
        let state = ApiState {
            ctx: Arc::clone(&ctx),
            metrics: metrics.clone(),
            github,
            request_timeout: settings.server.request_timeout,
            max_outbox_age: settings.health.max_outbox_age,
        };
        let server = serve(settings, state, listener)?;
        let shutdown_timeout = settings.server.shutdown_timeout;
        Ok(Self {
            server,
            address,
            jobs,
            shutdown_timeout,
            ctx,
            metrics,
            deliver_mail,
        })
    }

    /// Where the service listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The way letters leave.
    #[must_use]
    pub const fn mailer(&self) -> &Mailer {
        &self.deliver_mail.mailer
    }

    /// Serves until told to stop; then finishes the requests and letters in flight.
    ///
    /// # Errors
    /// When the server breaks.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self {
            server,
            address,
            jobs,
            shutdown_timeout,
            ctx,
            ..
        } = self;
        let stop_jobs = CancellationToken::new();
        let tracker = TaskTracker::new();
        for job in jobs {
            job(stop_jobs.clone(), &tracker);
        }
        tracker.close();
        let handle: ServerHandle = server.handle();
        let serving = tokio::spawn(server);
        tracing::info!("listening on http://{address}");
        let watching = tokio::spawn(async move {
            stop.cancelled().await;
            tracing::info!("stopping: requests and letters in flight are finished first");
            // New connections are refused from here on; requests in flight are answered.
            handle.stop(true).await;
        });
        let outcome = serving.await;
        watching.abort();
        stop_jobs.cancel();
        if tokio::time::timeout(shutdown_timeout, tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!("jobs did not finish in time; what they held is taken up again");
        }
        ctx.db.close().await;
        tracing::info!("stopped");
        outcome
            .context("the server's task ended")?
            .context("the server broke")
    }
}

fn wake(letters_waiting: &Arc<Notify>, observer: Option<Wake>) -> Wake {
    let notify = Arc::clone(letters_waiting);
    Wake::new(move || {
        if let Some(observer) = &observer {
            observer.ring();
        }
        notify.notify_one();
    })
}

/// GitHub's keys, as they are stored, and the job that keeps them.
async fn intake(
    settings: &Settings,
    ctx: &Arc<Context>,
    metrics: &Metrics,
    jobs: &mut Vec<Job>,
) -> anyhow::Result<Option<Intake>> {
    let github: &GithubSettings = &settings.origins.github;
    if !github.enabled {
        return Ok(None);
    }
    let policy = match github.require_current_key {
        true => KeyPolicy::Current,
        false => KeyPolicy::Listed,
    };
    let (keys, requests) = KeyRing::new(&GITHUB, policy);
    let client =
        origins::http_client(&github.keys_url).context("cannot prepare to fetch GitHub's keys")?;
    let fetcher = KeyFetcher::new(client, github.keys_url.clone(), github.token.clone())?
        .with_timeout(github.fetch_timeout);
    let job = RefreshOriginKeys {
        ctx: Arc::clone(ctx),
        ring: keys.clone(),
        requests,
        fetcher,
        interval: github.refresh_interval,
        metrics: metrics.clone(),
    };
    // The stored keys are there before the first request is.
    job.restore().await;
    jobs.push(Box::new(move |stop, tracker| {
        drop(tracker.spawn(job.run(stop)))
    }));
    let feedback = match github.feedback {
        Feedback::TokenHash => TokenField::Hash,
        Feedback::TokenRaw => TokenField::Raw,
    };
    Ok(Some(Intake {
        keys,
        feedback,
        max_body_bytes: github.max_body_bytes,
    }))
}

fn background(
    settings: &Settings,
    ctx: &Arc<Context>,
    deliver_mail: &DeliverMail,
    jobs: &mut Vec<Job>,
) {
    let mail = deliver_mail.clone();
    let uses = FlushUses {
        ctx: Arc::clone(ctx),
        interval: settings.tokens.last_used_flush_interval,
    };
    jobs.push(Box::new(move |stop, tracker| {
        drop(tracker.spawn(mail.run(stop)))
    }));
    jobs.push(Box::new(move |stop, tracker| {
        drop(tracker.spawn(uses.run(stop)))
    }));
}

fn serve(settings: &Settings, state: ApiState, listener: TcpListener) -> anyhow::Result<Server> {
    let timeout = settings.server.shutdown_timeout.as_secs();
    let server = HttpServer::new(move || {
        let table = state.clone();
        App::new()
            .app_data(Data::new(state.clone()))
            .wrap(from_fn(http::observe))
            .configure(move |config| http::configure(config, &table))
    });
    Ok(server
        .workers(settings.server.workers.get())
        .shutdown_timeout(timeout)
        .disable_signals()
        .listen(listener)?
        .run())
}
