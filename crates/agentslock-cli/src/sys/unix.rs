//! Linux, macOS and the BSDs.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Signal, WaitIdOptions};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ,
};

use super::arrived::{Arrived, exit_code_of_signal};
use super::command::Process;
use super::descendants::reap_orphans;
use super::origin;

/// The file that is standard input.
pub(crate) const STDIN: &str = "/dev/stdin";

/// Those that are sent to end a program, or to tell it something: who does not catch these is
/// ended, too.
const ENDING: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2];

/// The signals that end a program, caught.
pub(crate) struct Signals {
    waiting: origin::Signals,
    arrived: Arrived,
}

/// The signals to be caught. A signal that we were started to ignore, by nohup(1) or in a script's
/// background, stays ignored, also by the command that we start. (A signal that we catch is reset
/// for it.)
pub(super) fn ending() -> Vec<i32> {
    let ignored = ignored();
    ENDING.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}

/// From now on a write beyond the limit of `ulimit -f` fails, as one to a full disk does. It does
/// not end the program. A program that ignores the signal sees the same, and its commands inherit
/// that.
pub(crate) fn catch_file_size_limit() {
    if ignored() >> (SIGXFSZ - 1) & 1 == 0 {
        // That it came is said by the write. One that cannot be caught does what it always does.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
}

/// The signals that this process was started to ignore, as a bit each from SIGHUP upward. Only
/// Linux tells without `unsafe`; elsewhere it is taken to ignore none.
fn ignored() -> u64 {
    static IGNORED: OnceLock<u64> = OnceLock::new();
    *IGNORED.get_or_init(|| read_ignored().unwrap_or(0))
}

/// Field 33 of `/proc/PID/stat` (proc(5)), which has the first 31 signals. The kernel makes it up
/// in half the time that `/proc/self/status` takes.
fn read_ignored() -> Option<u64> {
    let mut stat = [0; 4096];
    let length = std::fs::File::open("/proc/self/stat").ok()?.read(&mut stat).ok()?;
    let stat = String::from_utf8_lossy(&stat[..length]);
    // The name, in parentheses, can contain anything; then comes field 3.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(33 - 3)?.parse().ok()
}

/// Whether a command could not be run only because it names no interpreter. The shells, env(1) and
/// flock(1) then let sh run it (execvp(3)).
pub(crate) fn is_script_without_interpreter(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error())
}

impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        let arrived = Arrived::default();
        let ending = ending();
        for &signal in &ending {
            arrived.note(signal)?;
        }
        // The end of a child ends the wait for it, which has no other limit that it needs.
        Ok(Self { waiting: origin::catch(&[&ending[..], &[SIGCHLD]].concat())?, arrived })
    }

    pub(crate) fn arrived(&self) -> Arrived {
        self.arrived.clone()
    }

    /// Waits until the command has ended, at most for `limit`, and says whether it has. Its number
    /// stays reserved, so that no signal for it reaches another process.
    ///
    /// Signals are passed on to it meanwhile, and those that were caught before, too. Adopted
    /// children that have ended are reaped.
    ///
    /// The signals of a key are not passed on. The kernel sends them to all processes of the
    /// terminal's foreground, so the command has them already. Many programs take a second one for
    /// "stop at once".
    pub(crate) fn await_end(&mut self, child: &mut Child, limit: Option<Duration>) -> bool {
        let process = Process::of(child);
        let started = Instant::now();
        loop {
            let mut has_child_changed = false;
            // Before the look at the command: what comes after that ends the wait below.
            for signal in self.waiting.pending() {
                let (signal, is_key) = origin::told(&signal);
                if signal == SIGCHLD {
                    has_child_changed = true;
                } else if !is_key && let Some(signal) = Signal::from_named_raw(signal) {
                    process.send(signal);
                }
            }
            if process.has_ended(WaitIdOptions::NOHANG) {
                return true;
            }
            if has_child_changed {
                reap_orphans(process);
            }
            let left = limit.map(|limit| limit.saturating_sub(started.elapsed()));
            if left == Some(Duration::ZERO) {
                return false;
            }
            self.await_signal(left);
        }
    }

    /// Waits for a signal. It can return without one.
    fn await_signal(&mut self, limit: Option<Duration>) {
        let pipe = self.waiting.get_read_mut();
        // A limit below the clock's steps would be taken for none.
        let limit = limit.map(|limit| limit.max(Duration::from_millis(1)));
        if pipe.set_read_timeout(limit).is_err() || pipe.read(&mut [0]).is_err() {
            // The time is over, or a signal came before the byte that tells of it. Whatever else
            // it is, it costs no more than a look each millisecond.
            if limit.is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// The exit status that a shell would show: the command's own, or 128 and the signal that ended it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
        (None, Some(signal)) => exit_code_of_signal(signal),
        (None, None) => u8::MAX,
    }
}

/// How many columns the terminal at standard error has; `None` if it is no terminal.
pub(crate) fn stderr_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    // Some terminals do not know.
    Some(if size.ws_col == 0 { 80 } else { size.ws_col.into() })
}

/// A path as another program printed it.
pub(crate) fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}

/// Lets everybody run a file who may read it.
pub(crate) fn make_executable(path: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = path.metadata()?.permissions();
    let mode = permissions.mode();
    permissions.set_mode(mode | (mode & 0o444) >> 2);
    std::fs::set_permissions(path, permissions)
}

/// Whether this process may create files in the directory, as far as rights and the mount tell. If
/// there is no such directory, that shows when one is created.
pub(crate) fn may_create_in(directory: &std::path::Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let may = accessat(CWD, directory, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
    !matches!(may, Err(Errno::ACCESS | Errno::PERM | Errno::ROFS))
}
