//! How long this process has been at work.

use std::time::Duration;

/// How long this process's threads have been on a processor, or [`None`] where the system does not
/// tell (Windows).
///
/// This is the process's own clock (`CLOCK_PROCESS_CPUTIME_ID`, `clock_gettime(3)`), not what
/// `/proc` says. Not all kernels have `schedstat` (`CONFIG_SCHED_INFO`), and `stat` counts in
/// hundredths of a second.
#[must_use]
pub fn time_on_processor() -> Option<Duration> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        time.try_into().ok()
    }
    #[cfg(not(unix))]
    None
}
