//! A database's file, held in memory while something is measured.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::progress;

/// Keeps a file in memory for as long as it lives.
pub(crate) struct Held(Child);

impl Held {
    /// Reads the whole file and keeps it. A server has its tables in buffers of its own; a file is only as
    /// near as the system likes, and whoever asks about a token that nobody asked about for a while waits for
    /// the disk. `None`, and a word about it, where that cannot be done.
    pub(crate) fn in_memory(file: &Path) -> Option<Self> {
        let held = Self::lock(file);
        if held.is_none() {
            progress("vmtouch could not keep the file in memory: the disk is measured as well");
        }
        held
    }

    fn lock(file: &Path) -> Option<Self> {
        let wanted = file.metadata().ok()?.len() / 1_024;
        // It ends with this process, however that ends.
        let mut vmtouch = Command::new("setpriv");
        vmtouch.args(["--pdeathsig", "KILL", "vmtouch", "-lq", "-m", "64G"]);
        let process = vmtouch.arg(file).stdin(Stdio::null()).spawn();
        let mut held = Self(process.ok()?);
        // It says nothing when it is done, and stays.
        for _ in 0..600 {
            if held.0.try_wait().ok()?.is_some() {
                return None;
            }
            if locked(held.0.id())? >= wanted {
                return Some(held);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How much of its memory a process has locked, in KiB.
fn locked(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let locked = status
        .lines()
        .find_map(|line| line.strip_prefix("VmLck:"))?;
    locked.trim().strip_suffix(" kB")?.parse().ok()
}
