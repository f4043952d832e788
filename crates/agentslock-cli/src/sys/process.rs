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

/// A process that has a share in an exclusive `flock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locker {
    pub(crate) pid: u32,
    /// Whether it took the lock itself. Else it inherited it, from one that may be gone.
    pub(crate) took_it: bool,
}

/// Who has the exclusive `flock` of a file or directory, as far as we may look; by the numbers that
/// the kernel shows here.
///
/// The kernel tells it with each descriptor, in `/proc/PID/fdinfo` (`proc_pid_fdinfo(5)`). A
/// process that merely has the file open has no such line, and one that probes a shared lock has
/// another one. The number in the line is that of the process that took the lock, also if an heir
/// has it. It is 0 if that one is gone and was of another pid namespace.
pub(crate) fn lockers(path: &Path) -> Vec<Locker> {
    let Ok(wanted) = fs::symlink_metadata(path) else { return Vec::new() };
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let us = std::process::id();
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let locker = |pid: u32| {
        let mut files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.filter_map(Result::ok);
        files.find_map(|file| {
            // The name first: following each descriptor could take long, on a network.
            let has_name =
                fs::read_link(file.path()).is_ok_and(|name| name.file_name() == path.file_name());
            let is_it = has_name
                && fs::metadata(file.path())
                    .is_ok_and(|it| (it.ino(), it.dev()) == (wanted.ino(), wanted.dev()));
            if !is_it {
                return None;
            }
            let number = file.file_name();
            let info = format!("/proc/{pid}/fdinfo/{}", number.to_string_lossy());
            let info = fs::read_to_string(info).ok()?;
            let mut locks = info.lines().filter_map(|line| line.strip_prefix("lock:"));
            let taker = locks.find_map(|line| Some(exclusive(line)?.taker))?;
            Some(Locker { pid, took_it: taker == pid })
        })
    };
    let mut found: Vec<Locker> = numbers.filter(|pid| *pid != us).filter_map(locker).collect();
    let taker = taker(path, wanted.ino());
    if let Some(pid) = taker.filter(|taker| !found.iter().any(|locker| locker.pid == *taker)) {
        found.push(Locker { pid, took_it: true });
    }
    found
}

/// Who took the `flock` of this inode. The kernel tells it even of other users' processes, and of
/// those that are gone.
fn taker(path: &Path, inode: u64) -> Option<u32> {
    let device = device(path)?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let mut taken = locks.lines().filter_map(exclusive);
    let is_it = |it: &Exclusive| it.taker > 0 && (it.device, it.inode) == (device, inode);
    taken.find(is_it).map(|it| it.taker)
}

/// Who took an exclusive `flock`, and of what.
#[derive(Debug, PartialEq, Eq)]
struct Exclusive {
    taker: u32,
    device: (u32, u32),
    inode: u64,
}

/// What a line says of an exclusive `flock`: `1: FLOCK  ADVISORY  WRITE 4711 fd:01:12345 0 EOF`
/// (`proc_locks(5)`).
fn exclusive(line: &str) -> Option<Exclusive> {
    let fields: Vec<_> = line.split_whitespace().collect();
    if (fields.get(1), fields.get(3)) != (Some(&"FLOCK"), Some(&"WRITE")) {
        return None;
    }
    let mut file = fields.get(5)?.split(':');
    let mut hex = || u32::from_str_radix(file.next()?, 16).ok();
    let device = (hex()?, hex()?);
    let (taker, inode) = (fields.get(4)?.parse().ok()?, file.next()?.parse().ok()?);
    Some(Exclusive { taker, device, inode })
}

/// The device of a file as the kernel calls it in `/proc/locks`: that of its file system. On Btrfs
/// `stat` says another one, of each subvolume.
#[cfg(target_os = "linux")]
fn device(path: &Path) -> Option<(u32, u32)> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let told = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    // `36 35 98:0 /mnt1 /mnt2 rw,noatime …`
    let number = told.stx_mnt_id.to_string();
    let mut mount = mounts
        .lines()
        .map(|line| line.split(' '))
        .find_map(|mut fields| (fields.next() == Some(&*number)).then_some(fields))?;
    let (major, minor) = mount.nth(1)?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(not(target_os = "linux"))]
fn device(_: &Path) -> Option<(u32, u32)> {
    None
}

/// Whether a process runs here that started then (field 22 of `/proc/PID/stat`), if that is known.
pub(crate) fn is_running(pid: u32, start: Option<u64>) -> bool {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field, the name in brackets, may have blanks and brackets in it.
    let Some((_, fields)) = line.rsplit_once(')') else { return false };
    let fields: Vec<_> = fields.split_ascii_whitespace().collect();
    let started = fields.get(19).and_then(|start| start.parse().ok());
    !matches!(fields.first(), None | Some(&("Z" | "X")))
        && start.is_none_or(|start| started == Some(start))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exclusive_flock_is_a_holders() {
        let expected = Exclusive { taker: 4711, device: (0xfe, 0x1f), inode: 12345 };
        let line = "\t1: FLOCK  ADVISORY  WRITE 4711 fe:1f:12345 0 EOF";
        assert_eq!(exclusive(line), Some(expected));
        assert_eq!(exclusive("1: FLOCK  ADVISORY  READ 4711 fe:1f:12345 0 EOF"), None);
        assert_eq!(exclusive("1: POSIX  ADVISORY  WRITE 4711 fe:1f:12345 0 EOF"), None);
        assert_eq!(exclusive("1: -> FLOCK  ADVISORY  WRITE 4711 fe:1f:12345 0 EOF"), None);
        assert_eq!(exclusive(""), None);
    }
}
