//! How much memory this process has used.

/// The most memory, in bytes, that was ever resident in this process; `None` where the system does
/// not say (it is Linux's `VmHWM`, `proc_pid_status(5)`).
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(1024 * kilobytes)
}
