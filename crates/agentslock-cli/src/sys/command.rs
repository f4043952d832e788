//! The command that we started.

use std::process::Child;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// How long to wait before asking again about a child that is stopped.
const STOPPED_PAUSE: Duration = Duration::from_millis(50);

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
        // macOS also answers for a child that was stopped, although nobody asked for that
        // (dotnet/runtime issue 131944). Because of NOWAIT it would answer again at once.
        while !self.has_ended(WaitIdOptions::empty()) {
            std::thread::sleep(STOPPED_PAUSE);
        }
    }

    /// Whether it has ended, or cannot be waited for: then the call that reaps it says why.
    pub(super) fn has_ended(self, options: WaitIdOptions) -> bool {
        let Some(pid) = self.0 else { return true };
        let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        match retry_on_intr(|| waitid(WaitId::Pid(pid), options)) {
            Ok(Some(status)) => status.exited() || status.killed() || status.dumped(),
            Ok(None) => false,
            Err(_) => true,
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

    pub(super) fn send(self, signal: Signal) {
        if let Some(pid) = self.0 {
            // It may have ended on its own.
            let _ = kill_process(pid, signal);
        }
    }
}
