//! `run`: hold a lock around a command.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::child::{self, Attendance, Stop};
use crate::document::find;
use crate::flags::Common;
use crate::hold::{Hold, Holding, handed_down};
use crate::io::failure::{Failure, LOCKED};
use crate::io::stderr;
use crate::io::stderr::say;
use crate::lock_wait;
use crate::sys;

/// Hold the lock of FILE while COMMAND runs.
///
/// FILE itself is not touched and need not exist. The lock is renewed while COMMAND runs, and
/// COMMAND inherits it: if only this program is killed, the lock lives as long as COMMAND. SIGHUP,
/// SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1 and SIGUSR2 are passed on to COMMAND. If the lock is
/// lost, COMMAND and all that it started are stopped: SIGTERM, and SIGKILL 10 s later. The loss is
/// noticed within 10 s.
///
/// An `agentslock` inside COMMAND that wants the same lock works inside this hold. A program that
/// uses the libraries does not know of it: it waits until it times out.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock run build.log -- make\n  \
    agentslock run build.log -n -E 0 -c 'make && make install'\n\n\
    Exit status: COMMAND's own, which can be any of these; 128+N if signal N ended it; 126 or 127 if it \
    could not be run or found; 75 (or CODE) timed out waiting for the lock, try again; 75 the lock was lost.")]
pub(crate) struct Run {
    /// The file to lock
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    target: PathBuf,
    /// What stands where only `--` may stand
    #[arg(hide = true)]
    misplaced: Vec<OsString>,
    /// The command and its arguments
    #[arg(last = true, required_unless_present_any = ["shell", "misplaced"], value_name = "COMMAND",
        value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
    /// Let `sh -c` run this text
    #[arg(
        short = 'c',
        long = "command",
        id = "shell",
        value_name = "TEXT",
        conflicts_with = "command",
        allow_hyphen_values = true
    )]
    shell: Option<OsString>,
    /// One try for the lock; the same as --wait 0
    #[arg(short, long, conflicts_with = "wait")]
    nonblock: bool,
    /// The exit status if the lock could not be had in time [default: 75]
    #[arg(short = 'E', long, value_name = "CODE")]
    conflict_exit_code: Option<u8>,
    /// Do not let COMMAND inherit the lock
    #[arg(long)]
    close: bool,
}

impl Run {
    /// Without flags.
    pub(crate) fn plain(target: &OsStr, command: &[OsString]) -> Self {
        Self {
            target: target.into(),
            misplaced: Vec::new(),
            command: command.to_vec(),
            shell: None,
            nonblock: false,
            conflict_exit_code: None,
            close: false,
        }
    }

    fn command(&self) -> Vec<OsString> {
        match &self.shell {
            Some(text) => vec!["sh".into(), "-c".into(), text.clone()],
            None => self.command.clone(),
        }
    }

    /// What clap would say of a command without `--`, but with what to type.
    pub(crate) fn misplaced(&self) -> Option<String> {
        let misplaced = self.misplaced.first()?.to_string_lossy();
        let file = self.target.display();
        Some(format!(
            "unexpected argument '{misplaced}': put `--` before the command: \
             `agentslock run {file} -- {misplaced}`"
        ))
    }
}

/// How long a command that is to stop, because its lock was lost, has until it is killed.
const KILL_AFTER: Duration = Duration::from_secs(10);

/// As env(1), nohup(1) and the shells have it.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

pub(crate) fn run(arguments: &Run, common: &Common) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    find::refuse_missing_parent(target).map_err(|failure| failure.about(target))?;
    if let Some(above) = find::document_above(target).filter(|_| !common.quiet) {
        say(&format!(
            "there is no `{}` here, and its lock is not that of `{}`",
            target.display(),
            above.display()
        ));
    }
    let ended = if arguments.nonblock {
        run_locked(arguments, &common.with_one_try())
    } else {
        run_locked(arguments, common)
    };
    ended.map_err(|failure| {
        let status = match arguments.conflict_exit_code {
            Some(code) if failure.kind == "locked" => code,
            _ => failure.status,
        };
        Failure { status, ..failure.about(target) }
    })
}

fn run_locked(arguments: &Run, common: &Common) -> Result<ExitCode, Failure> {
    // From here on no signal ends us before the command: it ends the wait, or goes to the command.
    let mut signals = sys::Signals::catch()
        .map_err(|error| Failure::io("failed to prepare for signals", &error))?;
    let arrived = signals.arrived();
    let stop = {
        let arrived = arrived.clone();
        move || arrived.last().is_some()
    };
    let target = &arguments.target;
    let acquired = Hold::acquire_with(target, |target| lock_wait::unless(common, target, stop));
    if let Some(signal) = arrived.last() {
        // The lock, if we got it, goes with its guard.
        let status = sys::exit_code_of_signal(signal);
        if common.json {
            let message = "interrupted; the command was not started";
            return Err(Failure::new(status, "interrupted", message));
        }
        return Ok(ExitCode::from(status));
    }
    let hold = acquired?;
    let guard = hold.guard();
    // What is on the terminal from here on is the command's.
    stderr::end_progress();
    lock_wait::tell_acquired(common, target, guard);
    guard.set_inherited(!arguments.close).map_err(|error| {
        let lock = guard.lock_path().display();
        Failure::io(&format!("failed to share the lock `{lock}` with the command"), &error)
    })?;
    let command = arguments.command();
    let name = command[0].to_string_lossy().into_owned();
    sys::adopt_orphans();
    let holds = handed_down(Holding::Run, guard.path(), guard.token());
    let mut child = match child::start(&command, &holds) {
        Ok(child) => child,
        Err(error) => {
            let status = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE };
            let message = format!(
                "failed to run `{name}`: {error}; next: `command -v {name}`, `ls -l {name}`"
            );
            return Err(Failure::new(status, "run", message));
        }
    };
    // A panic from here on must not release it: the command runs on, and has it.
    let hold = ManuallyDrop::new(hold);
    let attendance =
        Attendance { renew: || hold.renew(), is_interrupted: None, kill_after: KILL_AFTER };
    let stop = attendance.await_end(&mut child, &mut signals);
    let status = child.wait();
    let status =
        status.map_err(|error| Failure::io(&format!("failed to wait for `{name}`"), &error))?;
    // To take the signals apart takes longer than to release the lock. The process ends soon.
    std::mem::forget(signals);
    let (Hold::Own(guard) | Hold::Inside { inner: guard, .. }) = ManuallyDrop::into_inner(hold);
    let released = guard.release();
    match stop {
        Some(Stop::Lost(_)) => {
            let target = target.display();
            let message = format!("the lock of `{target}` was lost; `{name}` was stopped");
            Err(Failure::new(LOCKED, "lock-lost", message))
        }
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
