//! Builds the application once, for `main` and for tests.

mod background;
mod look;
mod origins;
mod secrets;
mod server;
mod world;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use anyhow::{Context as _, anyhow, bail};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::callbacks::{Callbacks, Reach};
use crate::config::{Settings, Sources};
use crate::domain::provenance::Provenance;
use crate::domain::{Context, Wake, audit, leaked_uses, live_tokens, usage};
use crate::http::{ApiState, CookieNames, Polls, Room};
use crate::jobs::{DeliverEvents, DeliverLogouts, DeliverMail, DeliverWebhooks, Pace};
use crate::mail::Mailer;
use crate::model::{Actor, Clock};
use crate::telemetry::Metrics;
use background::{background, judging, streaming};
use origins::Origins;
use server::{listen, serve};

pub(crate) use origins::key_fetcher;
pub(crate) use world::{adopt_audit_log, configured_hash_keys, connect, mailer, rotate_hash_key};
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
    /// Where changes of policy come from while the service runs, if they do.
    pub policy: Option<PolicySource>,
}

impl Default for Seams {
    fn default() -> Self {
        Self {
            clock: Clock::System,
            letters_committed: None,
            run_jobs: true,
            policy: None,
        }
    }
}

/// From where a running service takes its policy about leaks.
#[derive(Clone, Debug)]
pub struct PolicySource {
    /// The configuration, which is read now and then.
    pub sources: Sources,
    /// Rung when it is to be read at once.
    pub asked: Arc<Notify>,
}

/// The service, ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    jobs: Vec<Job>,
    stop_jobs: CancellationToken,
    shutdown_timeout: Duration,
    /// The domain's world, for whoever acts beside the service in the same process.
    pub ctx: Arc<Context>,
    /// What operators count.
    pub metrics: Metrics,
    /// The job that delivers letters, to be run by hand where jobs do not run by themselves.
    pub deliver_mail: DeliverMail,
    /// The job that tells clients of logouts, likewise.
    pub deliver_logouts: DeliverLogouts,
    /// The job that tells machines, likewise.
    pub deliver_webhooks: DeliverWebhooks,
    /// The job that pushes security event tokens, likewise.
    pub deliver_events: DeliverEvents,
}

/// A job that has not begun, by its name. It ends when it is told to stop, and not before.
type Job = (&'static str, Pin<Box<dyn Future<Output = ()> + Send>>);

impl Application {
    /// Opens the database, prepares keys and mail, and listens. Requests are answered from
    /// [`Application::run`] on.
    ///
    /// # Errors
    /// When anything that the service needs cannot be had; the error says what to do about it.
    pub async fn build(settings: &Settings, seams: Seams) -> anyhow::Result<Self> {
        crate::mail::install_crypto_provider();
        let listener = listen(settings.server.listen)?;
        let address = listener.local_addr()?;
        let letters_waiting = Arc::new(Notify::new());
        let wake = wake(&letters_waiting, seams.letters_committed);
        let ctx = Arc::new(open_noted(settings, address, seams.clock, wake).await?);
        let metrics = Metrics::new(ctx.clock.now());
        let deliver_mail = deliver_mail(settings, &ctx, &metrics, letters_waiting)?;
        let deliver_logouts = deliver_logouts(&ctx)?;
        let deliver_webhooks = deliver_webhooks(&ctx, &metrics)?;
        let deliver_events = deliver_events(&ctx, &metrics)?;
        let stop_jobs = CancellationToken::new();
        let origins = Origins {
            settings: &settings.origins,
            ctx: &ctx,
            metrics: &metrics,
            stop: &stop_jobs,
        };
        let (intakes, mut jobs) = origins.open().await?;
        if seams.run_jobs {
            let deliver = (&deliver_mail, &deliver_logouts, &deliver_webhooks);
            jobs.extend(background(settings, &ctx, deliver, &stop_jobs));
            jobs.extend(streaming(&deliver_events, &stop_jobs));
            jobs.extend(judging(seams.policy, &ctx, &metrics, &stop_jobs));
        }
        let state = ApiState {
            ctx: Arc::clone(&ctx),
            metrics: metrics.clone(),
            intakes: intakes.into(),
            gitlab: origins.gitlab().map(Arc::new),
            possession: origins.possession(),
            reporting: settings.origins.reporting().into(),
            mailbox: settings.mail.url.folder().map(Into::into),
            look: Arc::new(look::of(&settings.brand)?),
            cookies: Arc::new(CookieNames::new(&ctx.public_url)),
            trusted_proxies: Arc::new(settings.server.trusted_proxies.clone()),
            room: Room::default(),
            request_timeout: settings.server.request_timeout,
            max_outbox_age: settings.health.max_outbox_age,
            polls: Polls::until(stop_jobs.clone(), settings.server.max_connections),
        };
        let server = serve(settings, state, listener)?;
        let shutdown_timeout = settings.server.shutdown_timeout;
        Ok(Self {
            server,
            address,
            jobs,
            stop_jobs,
            shutdown_timeout,
            ctx,
            metrics,
            deliver_mail,
            deliver_logouts,
            deliver_webhooks,
            deliver_events,
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
    /// When the server breaks, or a job ends that nobody told to stop: a service that no longer
    /// sends letters or learns new keys must be restarted, not left running.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self {
            server,
            address,
            jobs,
            stop_jobs,
            shutdown_timeout,
            ctx,
            ..
        } = self;
        let mut running = JoinSet::new();
        for (name, job) in jobs {
            let in_its_name = Provenance::of(Actor::Job(name)).within(job);
            running.spawn(async move {
                in_its_name.await;
                name
            });
        }
        let handle: ServerHandle = server.handle();
        let mut serving = tokio::spawn(server);
        tracing::info!("listening on http://{address}");
        let outcome = tokio::select! {
            () = stop.cancelled() => Ok(()),
            ended = &mut serving => broke(ended),
            Some(ended) = running.join_next() => Err(deserted(ended)),
        };
        tracing::info!("stopping: requests and letters in flight are finished first");
        let deadline = Instant::now() + shutdown_timeout;
        stop_jobs.cancel();
        // New connections are refused from here on; requests in flight are answered.
        let stopping = async {
            handle.stop(true).await;
            while running.join_next().await.is_some() {}
            // What the last requests saw is written down too.
            if let Err(error) = usage::flush(&ctx).await {
                tracing::warn!(error = %error, "last uses could not be written down");
            }
            let flush = Provenance::of(Actor::Job("flush_uses")).within(leaked_uses::flush(&ctx));
            if let Err(error) = flush.await {
                tracing::warn!(error = %error, "uses of leaked tokens could not be written down");
            }
            if let Err(error) = audit::chain(&ctx).await {
                tracing::warn!(error = %error, "the audit log could not be chained");
            }
            ctx.db.close().await;
        };
        match timeout_at(deadline, stopping).await {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!("stopped in the middle; what was held is taken up again"),
        }
        outcome
    }
}

/// Opens the world, and writes into the audit log what is configured otherwise than at the last start.
async fn open_noted(
    settings: &Settings,
    address: SocketAddr,
    clock: Clock,
    wake: Wake,
) -> anyhow::Result<Context> {
    let ctx = open_at(settings, address, clock, wake).await?;
    live_tokens::refresh(&ctx).await?;
    let lines = settings.explain().iter();
    let settings: Vec<_> = lines
        .map(|line| (line.key.as_str(), line.raw.reveal()))
        .collect();
    audit::note_configuration(&ctx, &settings).await?;
    Ok(ctx)
}

fn deliver_mail(
    settings: &Settings,
    ctx: &Arc<Context>,
    metrics: &Metrics,
    letters_waiting: Arc<Notify>,
) -> anyhow::Result<DeliverMail> {
    Ok(DeliverMail {
        ctx: Arc::clone(ctx),
        mailer: world::mailer(settings)?,
        metrics: metrics.clone(),
        pace: Pace::new(settings.mail.send_timeout, settings.mail.give_up_after),
        letters_waiting,
    })
}

fn deliver_logouts(ctx: &Arc<Context>) -> anyhow::Result<DeliverLogouts> {
    let pace = Pace::for_logouts();
    Ok(DeliverLogouts {
        ctx: Arc::clone(ctx),
        callbacks: callbacks(ctx.policy.oauth.private_callbacks, &pace)?,
        pace,
    })
}

fn deliver_webhooks(ctx: &Arc<Context>, metrics: &Metrics) -> anyhow::Result<DeliverWebhooks> {
    let policy = ctx.policy.webhooks;
    let pace = Pace::for_webhooks(policy.give_up_after);
    Ok(DeliverWebhooks {
        ctx: Arc::clone(ctx),
        callbacks: callbacks(policy.private_endpoints, &pace)?,
        metrics: metrics.clone(),
        pace,
    })
}

fn deliver_events(ctx: &Arc<Context>, metrics: &Metrics) -> anyhow::Result<DeliverEvents> {
    let policy = ctx.policy.shared_signals;
    let pace = Pace::for_webhooks(policy.max_age);
    Ok(DeliverEvents {
        ctx: Arc::clone(ctx),
        callbacks: callbacks(policy.private_endpoints, &pace)?,
        metrics: metrics.clone(),
        pace,
    })
}

fn callbacks(private: bool, pace: &Pace) -> anyhow::Result<Callbacks> {
    let reach = match private {
        true => Reach::Everywhere,
        false => Reach::Public,
    };
    Callbacks::new(reach, pace.send_timeout).context("cannot prepare to call clients")
}

fn broke(ended: Result<std::io::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended
        .context("the server's task ended")?
        .context("the server broke")?;
    bail!("the server ended by itself")
}

fn deserted(ended: Result<&'static str, JoinError>) -> anyhow::Error {
    match ended {
        Ok(name) => anyhow!("the job {name} ended by itself"),
        Err(panicked) => anyhow!(panicked).context("a job panicked"),
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn application(folder: &std::path::Path) -> Application {
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nworkers = 1\n[database]\nurl = \"sqlite://{0}/t.db\"\n\
             [tokens]\nhash_key_file = \"{0}/keys\"\n[mail]\nurl = \"memory:\"\n\
             [origins.github]\nenabled = false\n",
            folder.display()
        );
        let settings = Settings::from_overlay(&settings).unwrap();
        Application::build(&settings, Seams::default())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_job_that_ends_by_itself_ends_the_service_with_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut app = application(folder.path()).await;
        app.jobs.push(("nap", Box::pin(async {})));
        let error = app.run(CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.to_string(), "the job nap ended by itself");
    }

    #[tokio::test]
    async fn a_job_that_panics_ends_the_service_with_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut app = application(folder.path()).await;
        app.jobs
            .push(("fall", Box::pin(async { panic!("on purpose") })));
        let error = app.run(CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.to_string(), "a job panicked");
    }

    #[tokio::test]
    async fn a_service_that_is_told_to_stop_ends_well() {
        let folder = tempfile::tempdir().unwrap();
        let app = application(folder.path()).await;
        let stop = CancellationToken::new();
        stop.cancel();
        app.run(stop).await.unwrap();
    }
}
