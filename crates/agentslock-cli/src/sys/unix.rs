//! Linux, macOS and the BSDs.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::Handle;

use super::arrived::{Arrived, exit_code_of_signal};
use super::origin;

/// How long to wait before asking again about a child that is stopped.
const STOPPED_PAUSE: Duration = Duration::from_millis(50);

/// The file that is standard input.
pub(crate) const STDIN: &str = "/dev/stdin";

/// A child process, to be sent signals until it is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(Option<Pid>);

impl Process {
    pub(crate) fn of(child: &Child) -> Self {
        Self(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
    }

    /// Waits until it has ended, and leaves its number reserved until it is reaped. So no signal
    /// that is passed on meanwhile reaches another process.
    pub(crate) fn await_end(self, _: &mut Child) {
        let Some(pid) = self.0 else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // An error leaves the waiting to the call that reaps it.
        while let Ok(Some(status)) = retry_on_intr(|| waitid(WaitId::Pid(pid), options)) {
            if status.exited() || status.killed() || status.dumped() {
                return;
            }
            // macOS also answers for a child that was stopped, although nobody asked for that
            // (dotnet/runtime issue 131944). Because of NOWAIT it would answer again at once.
            std::thread::sleep(STOPPED_PAUSE);
        }
    }

    pub(super) fn pid(self) -> Option<Pid> {
        self.0
    }

    /// Asks it to end.
    pub(crate) fn terminate(self) {
        self.send(Signal::TERM);
    }

    /// Ends it, whether it wants to or not.
    pub(crate) fn kill(self) {
        self.send(Signal::KILL);
    }

    fn send(self, signal: Signal) {
        if let Some(pid) = self.0 {
            // It may have ended on its own.
            let _ = kill_process(pid, signal);
        }
    }
}

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

/// The signals that this process ignores, as a bit each from SIGHUP upward. Only Linux tells
/// without `unsafe` (proc(5), `SigIgn`); elsewhere it is taken to ignore none.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
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
        Ok(Self { waiting: origin::Signals::new(ending)?, arrived })
    }

    pub(crate) fn arrived(&self) -> Arrived {
        self.arrived.clone()
    }

    /// Passes them on to `process` from now on, and those that were caught before, too.
    ///
    /// The signals of a key are not passed on. The kernel sends them to all processes of the
    /// terminal's foreground, so the command has them already. Many programs take a second one for
    /// "stop at once".
    pub(crate) fn forward_to(self, process: Process) -> Forwarding {
        let mut signals = self.waiting;
        let handle = signals.handle();
        let thread = std::thread::spawn(move || {
            for signal in signals.forever() {
                let (signal, is_key) = origin::told(&signal);
                if !is_key && let Some(signal) = Signal::from_named_raw(signal) {
                    process.send(signal);
                }
            }
        });
        Forwarding { handle, thread }
    }
}

/// The passing on of signals, until it is stopped.
pub(crate) struct Forwarding {
    handle: Handle,
    thread: JoinHandle<()>,
}

impl Forwarding {
    pub(crate) fn stop(self) {
        self.handle.close();
        let _ = self.thread.join();
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
