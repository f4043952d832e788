//! Windows: Ctrl-C reaches all of a console's processes, so that nothing is passed on.

use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use super::arrived::Arrived;

/// How often the command is looked at. No call waits for both: that it has ended, and that it must
/// be ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The one command of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(());

/// It is to be ended.
static TO_END: AtomicBool = AtomicBool::new(false);

impl Process {
    pub(crate) fn of(_: &Child) -> Self {
        Self(())
    }

    /// Waits until it has ended, and ends it if it is to be.
    #[allow(clippy::unused_self, reason = "it has a number on Unix")]
    pub(crate) fn await_end(self, child: &mut Child) {
        while !has_ended(child) {
            sleep(LOOK_EVERY);
        }
    }

    /// As [`kill`](Self::kill): there is no way to ask that all programs understand.
    pub(crate) fn terminate(self) {
        self.kill();
    }

    /// Ends it, whether it wants to or not (TerminateProcess).
    #[allow(clippy::unused_self, reason = "it has a number on Unix")]
    pub(crate) fn kill(self) {
        TO_END.store(true, Ordering::Relaxed);
    }
}

/// Whether it has ended. Ends it if it is to be. An error leaves the waiting to the call that asks
/// for the status.
fn has_ended(child: &mut Child) -> bool {
    let Ok(None) = child.try_wait() else { return true };
    if TO_END.swap(false, Ordering::Relaxed) {
        // It may have ended on its own.
        let _ = child.kill();
    }
    false
}

pub(super) fn ending() -> Vec<i32> {
    vec![SIGINT]
}

/// There is no such limit.
pub(crate) fn catch_file_size_limit() {}

/// Ctrl-C, caught: it does not end us before the command.
pub(crate) struct Signals(Arrived);

impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        let arrived = Arrived::default();
        for signal in ending() {
            arrived.note(signal)?;
        }
        Ok(Self(arrived))
    }

    pub(crate) fn arrived(&self) -> Arrived {
        self.0.clone()
    }

    /// Waits until the command has ended, at most for `limit`, and says whether it has. Ends it if
    /// it is to be. Nothing is passed on.
    #[allow(clippy::unused_self, reason = "there is something to pass on, on Unix")]
    pub(crate) fn await_end(&mut self, child: &mut Child, limit: Option<Duration>) -> bool {
        let started = Instant::now();
        loop {
            if has_ended(child) {
                return true;
            }
            if limit.is_some_and(|limit| started.elapsed() >= limit) {
                return false;
            }
            sleep(LOOK_EVERY);
        }
    }
}

/// A file that is no program is not taken for a script.
pub(crate) fn is_script_without_interpreter(_: &io::Error) -> bool {
    false
}

/// The command's own code. Those that do not fit into a byte are shown as 255.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// How many columns the console at standard error has; `None` if it is no console.
pub(crate) fn stderr_columns() -> Option<usize> {
    let console =
        winapi_util::console::screen_buffer_info(winapi_util::HandleRef::stderr()).ok()?;
    usize::try_from(console.size().0).ok()
}

/// A path as another program printed it: Git prints UTF-8.
pub(crate) fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// A user of the system: all count as one. A directory's owner says little here, since an
/// administrator's files belong to the group of all of them. What keeps others from writing there
/// are the rights of the directories above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User(());

impl User {
    pub(crate) fn current() -> Self {
        Self(())
    }

    pub(crate) fn owning(_: &Metadata) -> Self {
        Self(())
    }
}

/// There is none.
pub(crate) fn is_shared(_: &Metadata) -> bool {
    false
}

/// There is no such file; the console is not meant by it.
pub(crate) const STDIN: &str = "-";

/// Orphans have no parent.
pub(crate) fn adopt_orphans() {}

/// There is nothing to do for those that have ended.
pub(crate) fn reap_orphans(_: Process) {}

/// What the command has started is not known.
pub(crate) fn signal_descendants(_: super::end::End) -> usize {
    0
}

/// Nothing is told of other processes without `unsafe`.
pub(crate) fn command_line(_: u32) -> Option<String> {
    None
}

pub(crate) fn is_stopped(_: u32) -> bool {
    false
}

pub(crate) fn is_running(_: u32, _: Option<u64>) -> bool {
    false
}

pub(crate) fn number_inside(_: u32) -> Option<u32> {
    None
}

/// A process that has a share in a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locker {
    pub(crate) pid: u32,
    /// Whether it took the lock itself.
    pub(crate) took_it: bool,
}

pub(crate) fn lockers(_: &std::path::Path) -> Vec<Locker> {
    Vec::new()
}

pub(crate) fn user_name(_: u32) -> Option<String> {
    None
}

/// Git for Windows runs hooks whatever their mode.
pub(crate) fn make_executable(_: &std::path::Path) -> io::Result<()> {
    Ok(())
}

/// There is no command that tells more of an error.
pub(crate) fn look(_: i32, _: &std::path::Path) -> Option<String> {
    None
}

/// Not asked.
pub(crate) fn has_exclusive_rename(_: &std::path::Path) -> io::Result<Option<bool>> {
    Ok(None)
}

/// Not asked.
pub(crate) fn room(_: &std::path::Path) -> io::Result<Option<super::room::Room>> {
    Ok(None)
}

/// Rights tell too little here: it shows when a file is created.
pub(crate) fn may_create_in(_: &std::path::Path) -> bool {
    true
}
