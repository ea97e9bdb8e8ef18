//! What processes have used so far.

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

/// The processor time of all children of a process: of the backends of a PostgreSQL server.
pub(crate) fn time_of_children(parent: u32) -> anyhow::Result<Duration> {
    let mut total = Duration::ZERO;
    for process in fs::read_dir("/proc")? {
        let name = process?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if parent_of(pid).is_ok_and(|found| found == parent) {
            total += time(pid).unwrap_or_default();
        }
    }
    Ok(total)
}

/// Who started a process.
pub(crate) fn parent_of(pid: u32) -> anyhow::Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')').context("stat")?;
    Ok(rest.split_whitespace().nth(1).context("stat")?.parse()?)
}

/// The processor time of a virtual machine, in ticks of its clock.
pub(crate) struct Machine {
    all: u64,
    stolen: u64,
}

impl Machine {
    /// What it has had since it started (proc(5), `/proc/stat`).
    pub(crate) fn now() -> anyhow::Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().context("/proc/stat is empty")?;
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are in `user` already.
        let ticks: Vec<u64> = line
            .split_whitespace()
            .skip(1)
            .take(8)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .context("/proc/stat")?;
        Ok(Self {
            all: ticks.iter().sum(),
            stolen: ticks.get(7).copied().unwrap_or_default(),
        })
    }

    /// Which share of it the host has kept for others since then, while the machine wanted to run.
    pub(crate) fn stolen_since(&self) -> anyhow::Result<f64> {
        let now = Self::now()?;
        let part = |now: u64, then: u64| u32::try_from(now - then).map(f64::from);
        Ok(part(now.stolen, self.stolen)? / part(now.all, self.all)?.max(1.0))
    }
}
