//! `tokenward serve`: runs the service until it is told to stop.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{Application, Seams};
use crate::config::Settings;

/// Serves until the first signal, finishes what is in flight, and ends at once at the second.
pub(super) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let application = tokio::select! {
        built = Application::build(settings, Seams::default()) => built?,
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

/// Who asks a process to end, and how.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
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
        })
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
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
