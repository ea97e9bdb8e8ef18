//! What the operating system says about this process.

/// Memory that is really there, in bytes; `None` where the system does not tell.
pub(super) fn resident_memory() -> Option<u64> {
    // Where there is no /proc (macOS, Windows) the metric is left out.
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    resident_bytes(&status)
}

/// Reads `VmRSS:      1234 kB` (proc_pid_status(5)).
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status_file() {
        let status = "Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t   1234 kB\nRssAnon: 1 kB\n";
        assert_eq!(resident_bytes(status), Some(1_234 * 1_024));
        for odd in ["", "VmRSS:", "VmRSS: many kB", "VmRSS: 1 MB"] {
            assert_eq!(resident_bytes(odd), None, "{odd}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory() {
        assert!(resident_memory().unwrap() > 1_024);
    }
}
