//! `run`: hold a lock around a command.
//!
//! ```text
//! lock, share it      so that the kernel vouches for it as long as the command lives
//! start the command   we are killed from here on: the lock lives until the command ends
//! renew every 10 s    for peers that go by the clock; lost: the command is stopped
//! wait, unlock        the command's own children may still run: the lock was for the command
//! ```

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use clap::Args;
use filelock::{LockGuard, RenewError, VerifyError};

use crate::flags::Wait;
use crate::io::failure::{Failure, LOCKED, chain};
use crate::io::stderr;
use crate::io::stderr::say;
use crate::lock_wait::{self, RENEW_EVERY};
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
    pub(crate) target: PathBuf,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    /// Do not let COMMAND inherit the lock
    #[arg(long)]
    pub(crate) close: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Print errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How long a command that is to stop, because its lock was lost, has until it is killed.
const KILL_AFTER: Duration = Duration::from_secs(10);
/// The TTL of locks, less what a last try may take.
const EXPIRES_AFTER: Duration = Duration::from_secs(28);

/// As env(1), nohup(1) and the shells have it.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

pub(crate) fn run(arguments: &Run) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    run_locked(arguments).map_err(|failure| failure.about(target))
}

fn run_locked(arguments: &Run) -> Result<ExitCode, Failure> {
    // From here on no signal ends us before the command: it ends the wait, or goes to the command.
    let signals = sys::Signals::catch()
        .map_err(|error| Failure::io("failed to prepare for signals", &error))?;
    let arrived = signals.arrived();
    let stop = {
        let arrived = arrived.clone();
        move || arrived.last().is_some()
    };
    let target = &arguments.target;
    let acquired = lock_wait::unless(&arguments.wait, target, stop).acquire(target);
    if let Some(signal) = arrived.last() {
        // The lock, if we got it, goes with its guard.
        let status = sys::exit_code_of_signal(signal);
        if arguments.json {
            let message = "interrupted; the command was not started";
            return Err(Failure::new(status, "interrupted", message));
        }
        return Ok(ExitCode::from(status));
    }
    let guard = acquired?;
    // What is on the terminal from here on is the command's.
    stderr::end_progress();
    lock_wait::tell_acquired(&arguments.wait, target, &guard);
    guard.set_inherited(!arguments.close).map_err(|error| {
        let lock = guard.lock_path().display();
        Failure::io(&format!("failed to share the lock `{lock}` with the command"), &error)
    })?;
    let name = arguments.command[0].to_string_lossy().into_owned();
    let mut child = match start(&arguments.command) {
        Ok(child) => child,
        Err(error) => {
            let status = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE };
            return Err(Failure::new(status, "run", format!("failed to run `{name}`: {error}")));
        }
    };
    let (status, lost) = attend(&mut child, &guard, signals);
    let status =
        status.map_err(|error| Failure::io(&format!("failed to wait for `{name}`"), &error))?;
    let released = guard.release();
    match lost {
        Some(why) => Err(Failure::new(LOCKED, "lock-lost", why)),
        None => {
            match released {
                Err(error) => say(&format!("`{name}` ended, but {error}")),
                Ok(()) if arguments.wait.talk.verbose => {
                    say(&format!("`{name}` ended; released the lock"));
                }
                Ok(()) => {}
            }
            Ok(ExitCode::from(sys::exit_code(status)))
        }
    }
}

fn start(command: &[OsString]) -> std::io::Result<Child> {
    match Command::new(&command[0]).args(&command[1..]).spawn() {
        Err(error) if sys::is_script_without_interpreter(&error) => {
            Command::new("sh").args(command).spawn()
        }
        other => other,
    }
}

/// Waits for the command, and meanwhile renews the lock and passes signals on. Also says why, if
/// the lock was lost.
fn attend(
    child: &mut Child,
    guard: &LockGuard,
    signals: sys::Signals,
) -> (std::io::Result<ExitStatus>, Option<String>) {
    let process = sys::Process::of(child);
    let forwarding = signals.forward_to(process);
    let (ended, end) = channel::<()>();
    let lost = std::thread::scope(|scope| {
        let renewing = scope.spawn(move || {
            let lost = renew_until_lost(guard, &end)?;
            say(&format!("{lost}; stopping the command"));
            process.terminate();
            if let Err(RecvTimeoutError::Timeout) = end.recv_timeout(KILL_AFTER) {
                say("the command does not stop; killing it");
                process.kill();
            }
            Some(lost.to_string())
        });
        process.await_end(child);
        drop(ended);
        renewing.join().unwrap_or(None)
    });
    forwarding.stop();
    (child.wait(), lost)
}

/// Renews the lock until the command has `ended`, or, what is returned then, the lock is lost. If it
/// only cannot be renewed, it is lost when it expires for those who go by the clock.
fn renew_until_lost(guard: &LockGuard, ended: &Receiver<()>) -> Option<RenewError> {
    let mut renewed = Instant::now();
    let mut pause = RENEW_EVERY;
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(pause) {
        match guard.renew() {
            Ok(()) => (renewed, pause) = (Instant::now(), RENEW_EVERY),
            Err(lost @ RenewError::Verify(VerifyError::Lost { .. })) => return Some(lost),
            Err(error) if renewed.elapsed() >= EXPIRES_AFTER => return Some(error),
            Err(error) => {
                if pause == RENEW_EVERY {
                    say(&format!("{}; trying again", chain(&error)));
                }
                pause = Duration::from_secs(1);
            }
        }
    }
    None
}
