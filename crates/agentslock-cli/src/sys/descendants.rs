//! All that a command has started, and what becomes of it. Only Linux tells without `unsafe`
//! (proc(5)); elsewhere there is the command alone.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::command::Process;
use super::end::End;

/// From now on a process that loses its parent becomes our child, if it descends from us. So it is
/// found when all must end. (PID 1 has them anyway.)
pub(crate) fn adopt_orphans() {
    // Without it, only those are found that have their parents.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Takes note of the end of adopted children, which would stay as zombies.
pub(crate) fn reap_orphans(command: Process) {
    for pid in children_of_us() {
        if command.pid() != Some(pid) {
            // One that still runs is left alone.
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

/// Signals all that descend from us, and says how many there are.
pub(crate) fn signal_descendants(end: End) -> usize {
    let parents = parents();
    let us = std::process::id().cast_signed();
    let descends = |mut pid: i32| {
        // Bounded: numbers can be used again while we read.
        for _ in 0..parents.len() {
            match parents.get(&pid) {
                Some(parent) if *parent == us => return true,
                Some(parent) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    let descendants =
        || parents.keys().filter(|pid| descends(**pid)).filter_map(|pid| Pid::from_raw(*pid));
    let signal = match end {
        End::Look => return descendants().count(),
        End::Ask => Signal::TERM,
        End::Kill => Signal::KILL,
    };
    for pid in descendants() {
        // It may have ended on its own.
        let _ = kill_process(pid, signal);
    }
    descendants().count()
}

fn children_of_us() -> Vec<Pid> {
    let us = std::process::id().cast_signed();
    let is_ours = |(pid, parent): (i32, i32)| (parent == us).then(|| Pid::from_raw(pid))?;
    processes(true).into_iter().filter_map(is_ours).collect()
}

/// The parent of each process that has not ended.
fn parents() -> BTreeMap<i32, i32> {
    processes(false).into_iter().collect()
}

/// Processes and their parents, of zombies only if asked for.
fn processes(with_zombies: bool) -> Vec<(i32, i32)> {
    let Ok(directory) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = directory.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter_map(|pid: i32| {
            let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
            // The name, in parentheses, can contain anything; then come the state and the parent.
            let at = stat.iter().rposition(|byte| *byte == b')')?;
            let rest = String::from_utf8_lossy(&stat[at + 1..]).into_owned();
            let mut fields = rest.split_whitespace();
            let state = fields.next()?;
            let parent = fields.next()?.parse().ok()?;
            (with_zombies || state != "Z").then_some((pid, parent))
        })
        .collect()
}
