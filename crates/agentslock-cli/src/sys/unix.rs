//! Linux, macOS and the BSDs.

use std::io::{self, IsTerminal};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, SignalsInfo};

/// A child process, to be sent signals until it is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(Option<Pid>);

impl Process {
    pub(crate) fn of(child: &Child) -> Self {
        Self(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
    }

    /// Asks it to end.
    pub(crate) fn terminate(self) {
        self.send(Signal::TERM);
    }

    fn send(self, signal: Signal) {
        if let Some(pid) = self.0 {
            // It may have ended on its own.
            let _ = kill_process(pid, signal);
        }
    }
}

const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// The signals that end a program, caught.
pub(crate) struct Signals {
    waiting: SignalsInfo,
    arrived: Arrived,
}

/// The signal that arrived last, if any did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrived(Arc<AtomicUsize>);

impl Arrived {
    pub(crate) fn last(&self) -> Option<i32> {
        i32::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|signal| *signal != 0)
    }
}

impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        let arrived = Arrived::default();
        for signal in ENDING {
            let number = usize::try_from(signal).expect("because signals are small numbers");
            signal_hook::flag::register_usize(signal, Arc::clone(&arrived.0), number)?;
        }
        Ok(Self { waiting: SignalsInfo::new(ENDING)?, arrived })
    }

    pub(crate) fn arrived(&self) -> Arrived {
        self.arrived.clone()
    }

    /// Passes them on to `process` from now on, and those that were caught before, too.
    ///
    /// SIGINT and SIGQUIT that were typed on a terminal have reached the command already: the terminal
    /// sends them to all of the foreground's processes.
    pub(crate) fn forward_to(self, process: Process) -> Forwarding {
        let mut signals = self.waiting;
        let handle = signals.handle();
        let thread = std::thread::spawn(move || {
            for signal in signals.forever() {
                let typed = matches!(signal, SIGINT | SIGQUIT) && io::stdin().is_terminal();
                if !typed && let Some(signal) = Signal::from_named_raw(signal) {
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

pub(crate) fn exit_code_of_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
