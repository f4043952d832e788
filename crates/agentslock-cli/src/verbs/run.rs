//! `run`: hold a lock around a command.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::child::{self, Attendance, Stop};
use crate::document::find;
use crate::flags::Common;
use crate::io::failure::{Failure, LOCKED};
use crate::io::stderr;
use crate::io::stderr::say;
use crate::lock_wait;
use crate::sys;

/// Hold the lock of FILE while COMMAND runs.
///
/// FILE itself is not touched and need not exist. The lock is renewed while COMMAND runs, and
/// COMMAND inherits it: if only this program is killed, the lock lives as long as COMMAND. SIGHUP,
/// SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1 and SIGUSR2 are passed on to COMMAND. If the lock is lost,
/// COMMAND is stopped: SIGTERM, and SIGKILL 10 s later.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock run build.log -- make\n\n\
    Exit status: COMMAND's own; 128+N if signal N ended it; 126 or 127 if it could not be run or \
    found; 75 if the lock was not to be had in time, or was lost.")]
pub(crate) struct Run {
    /// The file to lock
    #[arg(value_name = "FILE")]
    target: PathBuf,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Do not let COMMAND inherit the lock
    #[arg(long)]
    close: bool,
}

/// How long a command that is to stop, because its lock was lost, has until it is killed.
const KILL_AFTER: Duration = Duration::from_secs(10);

/// As env(1), nohup(1) and the shells have it.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

pub(crate) fn run(arguments: &Run, common: &Common) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    find::refuse_missing_parent(target).map_err(|failure| failure.about(target))?;
    run_locked(arguments, common).map_err(|failure| failure.about(target))
}

fn run_locked(arguments: &Run, common: &Common) -> Result<ExitCode, Failure> {
    // From here on no signal ends us before the command: it ends the wait, or goes to the command.
    let signals = sys::Signals::catch()
        .map_err(|error| Failure::io("failed to prepare for signals", &error))?;
    let arrived = signals.arrived();
    let stop = {
        let arrived = arrived.clone();
        move || arrived.last().is_some()
    };
    let target = &arguments.target;
    let acquired = lock_wait::unless(common, target, stop).acquire(target);
    if let Some(signal) = arrived.last() {
        // The lock, if we got it, goes with its guard.
        let status = sys::exit_code_of_signal(signal);
        if common.json {
            let message = "interrupted; the command was not started";
            return Err(Failure::new(status, "interrupted", message));
        }
        return Ok(ExitCode::from(status));
    }
    let guard = acquired?;
    // What is on the terminal from here on is the command's.
    stderr::end_progress();
    lock_wait::tell_acquired(common, target, &guard);
    guard.set_inherited(!arguments.close).map_err(|error| {
        let lock = guard.lock_path().display();
        Failure::io(&format!("failed to share the lock `{lock}` with the command"), &error)
    })?;
    let name = arguments.command[0].to_string_lossy().into_owned();
    let mut child = match child::start(&arguments.command) {
        Ok(child) => child,
        Err(error) => {
            let status = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE };
            return Err(Failure::new(status, "run", format!("failed to run `{name}`: {error}")));
        }
    };
    let forwarding = signals.forward_to(sys::Process::of(&child));
    let attendance =
        Attendance { renew: || guard.renew(), is_interrupted: None, kill_after: KILL_AFTER };
    let ((), stop) = attendance.during(&mut child, |child, _| child::await_end(child));
    forwarding.stop();
    let status = child.wait();
    let status =
        status.map_err(|error| Failure::io(&format!("failed to wait for `{name}`"), &error))?;
    let released = guard.release();
    match stop {
        Some(Stop::Lost(error)) => Err(Failure::new(LOCKED, "lock-lost", error.to_string())),
        Some(Stop::Interrupted) | None => {
            match released {
                Err(error) => say(&format!("`{name}` ended, but {error}")),
                Ok(()) if common.verbose => {
                    say(&format!("`{name}` ended; released the lock"));
                }
                Ok(()) => {}
            }
            Ok(ExitCode::from(sys::exit_code(status)))
        }
    }
}
