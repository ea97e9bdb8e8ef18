//! Being asked to stop.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, or for the signal that service managers send.
///
/// # Errors
/// When the system does not let signals be heard.
pub(super) async fn asked() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
