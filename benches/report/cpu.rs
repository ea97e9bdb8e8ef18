//! What a process has used so far.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// The processor time of all threads of a process, in nanoseconds' resolution where
/// `/proc/PID/stat` has hundredths of a second. Threads that ended are not in it; the pools and
/// workers that are measured here keep theirs.
pub(crate) fn time(pid: u32) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let ran = text
            .split_whitespace()
            .next()
            .context("schedstat is empty")?;
        nanoseconds += ran.parse::<u64>().context("schedstat")?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The memory of a process that is in RAM, in bytes.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.context("no VmRSS")?.parse::<u64>()? * 1_024)
}
