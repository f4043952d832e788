//! What the system tells of processes. Only Linux does without `unsafe` (proc(5)); elsewhere there
//! is nothing to tell.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The command line of a process, its arguments quoted where a shell needs it.
pub(crate) fn command_line(pid: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    let words: Vec<_> =
        line.split(|byte| *byte == 0).map(|word| quoted(&String::from_utf8_lossy(word))).collect();
    Some(words.join(" ")).filter(|line| !line.is_empty())
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Whether a process is stopped, by ^Z say.
pub(crate) fn is_stopped(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| state.trim_start().starts_with(['T', 't']))
}

/// The name of a user, if the machine's own list has it.
pub(crate) fn user_name(user: u32) -> Option<String> {
    let list = fs::read_to_string("/etc/passwd").ok()?;
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == user.to_string()).then(|| name.to_owned())
    })
}

/// The processes that have a file or directory open, as far as we may look. The process that holds
/// its lock is among them, by the number that the kernel shows here.
pub(crate) fn processes_with(path: &Path) -> Vec<u32> {
    let Ok(wanted) = fs::symlink_metadata(path) else { return Vec::new() };
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let us = std::process::id();
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let has_it = |pid: &u32| {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        files.filter_map(Result::ok).any(|file| {
            // The name first: following each descriptor could take long, on a network.
            fs::read_link(file.path()).is_ok_and(|name| name.file_name() == path.file_name())
                && fs::metadata(file.path())
                    .is_ok_and(|it| (it.ino(), it.dev()) == (wanted.ino(), wanted.dev()))
        })
    };
    let mut found: Vec<u32> = numbers.filter(|pid| *pid != us).filter(has_it).collect();
    found.extend(locker(wanted.ino()).filter(|pid| !found.contains(pid)));
    found
}

/// Whose lock the kernel has on the inode, as numbered here. It tells even of other users'
/// processes.
fn locker(inode: u64) -> Option<u32> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        // `1: FLOCK  ADVISORY  WRITE 4711 fd:01:12345 0 EOF`
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_it = fields.get(1) == Some(&"FLOCK")
            && fields.get(5)?.rsplit(':').next() == Some(&inode.to_string());
        is_it.then(|| fields.get(4)?.parse().ok().filter(|pid| *pid > 0))?
    })
}

/// Whether a process runs here.
pub(crate) fn is_running(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// The number of a process in the innermost of its pid namespaces, if that is not the one that
/// numbers it here.
pub(crate) fn number_inside(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    let numbers: Vec<u32> =
        numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    if numbers.len() < 2 { None } else { numbers.last().copied() }
}
