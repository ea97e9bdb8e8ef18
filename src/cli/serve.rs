//! `tokenward serve`: runs the service until it is told to stop.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::{Application, PolicySource, Seams};
use crate::config::{Settings, Sources};

/// Serves until the first signal, finishes what is in flight, and ends at once at the second. SIGHUP
/// has the policy about leaks read anew.
pub(super) async fn run(settings: &Settings, sources: &Sources) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let workers = settings.server.workers.get();
    let connections = FILES_OF_CONNECTION * settings.server.max_connections.get();
    allow_open_files(connections + FILES_OF_WORKER * workers);
    let asked = Arc::clone(&signals.reload);
    let seams = Seams {
        policy: Some(PolicySource {
            sources: sources.clone(),
            asked,
        }),
        ..Seams::default()
    };
    let application = tokio::select! {
        built = Application::build(settings, seams) => built?,
        // Nothing is in flight yet, and a migration that is cut off leaves nothing behind.
        asked = signals.next() => asked.end(),
    };
    let stop = CancellationToken::new();
    let mut serving = std::pin::pin!(application.run(stop.clone()));
    tokio::select! {
        outcome = &mut serving => return outcome,
        _ = signals.next() => stop.cancel(),
    }
    tokio::select! {
        outcome = &mut serving => outcome,
        again = signals.next() => again.end(),
    }
}

/// Files that are open besides the connections of clients: the database, letters, calls of our own.
const OTHER_FILES: u64 = 256;

/// A connection is open twice: for who answers, and for who ends it when it is quiet for too long.
const FILES_OF_CONNECTION: usize = 2;

/// Files that a worker has open for itself.
const FILES_OF_WORKER: usize = 8;

/// Has the system allow as many open files as may be needed. Where it does not, strangers could take those
/// that letters need: operators are told.
fn allow_open_files(at_work: usize) {
    let needed = u64::try_from(at_work).unwrap_or(u64::MAX);
    let needed = needed.saturating_add(OTHER_FILES);
    match rlimit::increase_nofile_limit(needed) {
        Ok(allowed) if allowed >= needed => {}
        Ok(allowed) => tracing::warn!(
            allowed,
            needed,
            "the system allows fewer open files than server.max_connections and the service itself need"
        ),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files can be neither read nor raised")
        }
    }
}

/// Who asks a process to end, and how.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Rung at each SIGHUP.
    reload: Arc<Notify>,
}

#[derive(Clone, Copy, Debug)]
enum Stop {
    Interrupt,
    Terminate,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            reload: Arc::default(),
        })
    }

    async fn next(&mut self) -> Stop {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return Stop::Interrupt,
                _ = self.terminate.recv() => return Stop::Terminate,
                _ = self.hangup.recv() => self.reload.notify_one(),
            }
        }
    }
}

impl Stop {
    /// Ends the process without waiting for anything, with the code of whoever a signal killed.
    fn end(self) -> ! {
        tracing::warn!("ended at once; what was in flight is taken up again at the next start");
        std::process::exit(match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        })
    }
}
