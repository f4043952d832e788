//! What names this machine and this process (Linux, macOS and the BSDs).

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};

/// The machine's name, as `uname -n` prints it.
pub(crate) fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

/// What tells this machine from all others, over all its boots (machine-id(5); FreeBSD's
/// `/etc/hostid`). `None` where no file says so: macOS, and most containers.
pub(crate) fn machine_id() -> io::Result<Option<String>> {
    for file in ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"] {
        let Some(text) = read_start(file)? else { continue };
        let id = text.trim();
        let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        if (32..=36).contains(&id.len()) && id.bytes().all(is_part) {
            return Ok(Some(id.to_owned()));
        }
    }
    Ok(None)
}

/// When this process started, in clock ticks since the boot (Linux, `proc_pid_stat(5)`, field 22).
pub(crate) fn start_of_this_process() -> io::Result<Option<u64>> {
    if IS_LINUX { start_in("/proc/self/stat") } else { Ok(None) }
}

/// Whether the process with this number, which started then, has ended, or has yet to be waited
/// for. `None`: not known here.
pub(crate) fn has_ended(pid: u32, start: u64) -> Option<bool> {
    if !IS_LINUX {
        return None;
    }
    let Some(line) = read_start(&format!("/proc/{pid}/stat")).ok()? else {
        // Another user's can be hidden from us (hidepid), and look like one that has ended.
        return read_start("/proc/1/stat").ok()?.map(|_| true);
    };
    // A thread that is left can still have the lock open.
    let is_zombie = field(&line, 3)?.starts_with(['Z', 'X']) && field(&line, 20)? <= "1";
    Some(is_zombie || field(&line, 22)?.parse() != Ok(start))
}

fn start_in(path: &str) -> io::Result<Option<u64>> {
    Ok(read_start(path)?.and_then(|stat| field(&stat, 22)?.parse().ok()))
}

/// A field of `/proc/PID/stat`, from the third on, as `proc_pid_stat(5)` counts them.
fn field(stat: &str, number: usize) -> Option<&str> {
    // The second field, the name in brackets, may have blanks and brackets in it.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(number.checked_sub(3)?)
}

const IS_LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// The start of a small file as text; `None` if there is none that we may read.
fn read_start(path: &str) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(4096).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_name() {
        assert!(host_name().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_a_start() {
        assert!(start_of_this_process().unwrap().is_some_and(|ticks| ticks > 0));
        assert_eq!(start_of_this_process().unwrap(), start_of_this_process().unwrap());
    }
}
