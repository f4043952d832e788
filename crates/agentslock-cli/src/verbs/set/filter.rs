//! A section that goes through a command, under the lock.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use agentslock_core::{Lockfile, RenewLockError};

use crate::io::failure::{Failure, LOCKED, TROUBLE};
use crate::lock_wait::RENEW_EVERY;
use crate::sys;

/// How often to look whether a signal came.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a command that is to stop has until it is killed.
const KILL_AFTER: Duration = Duration::from_secs(1);

/// Gives the section to the command, and returns what that prints.
pub(crate) fn filter(
    lockfile: &Lockfile,
    section: &str,
    command: &[OsString],
) -> Result<Vec<u8>, Failure> {
    let current = lockfile.section_raw(section)?.unwrap_or_else(|| "null".to_owned());
    let name = command[0].to_string_lossy();
    let failed = |what: &str, error| Failure::io(&format!("failed to {what} `{name}`"), &error);
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed("run", error))?;
    let output = converse(&mut child, current);
    let (output, status) = match attend(&mut child, &output, lockfile) {
        Ok(ended) => ended,
        Err(failure) => {
            // What it makes would not be written any more.
            stop(&mut child);
            return Err(failure);
        }
    };
    let status = status.map_err(|error| failed("wait for", error))?;
    if status.success() {
        output.map_err(|error| failed("read from", error))
    } else {
        Err(Failure::input(format!("`{name}` failed ({status}); nothing was written")))
    }
}

type Output = std::io::Result<Vec<u8>>;

/// Writes and reads at once: a command may answer before it has read all. Both go on by themselves, so
/// that nobody waits for what a stopped command left running.
fn converse(child: &mut Child, input: String) -> Receiver<Output> {
    let mut stdin = child.stdin.take().expect("because it was piped");
    let mut stdout = child.stdout.take().expect("because it was piped");
    std::thread::spawn(move || {
        // A command that does not want all of its input is no error.
        let _ = stdin.write_all(input.as_bytes());
    });
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.read_to_end(&mut output).map(|_| output);
        // Nobody listens any more if the command was stopped.
        let _ = sender.send(read);
    });
    receiver
}

/// Waits for the output, and then for the end: a command may close the one long before the other. Renews
/// the lock meanwhile; until a signal comes or the lock is lost.
fn attend(
    child: &mut Child,
    output: &Receiver<Output>,
    lockfile: &Lockfile,
) -> Result<(Output, std::io::Result<ExitStatus>), Failure> {
    let mut renewed = Instant::now();
    let output = loop {
        match output.recv_timeout(PAUSE) {
            Ok(read) => break read,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::input("the command's output was lost"));
            }
            Err(RecvTimeoutError::Timeout) => go_on(lockfile, &mut renewed)?,
        }
    };
    // Most end with their output.
    let mut pause = Duration::from_millis(1);
    let status = loop {
        match child.try_wait() {
            Ok(None) => go_on(lockfile, &mut renewed)?,
            Ok(Some(status)) => break Ok(status),
            Err(error) => break Err(error),
        }
        std::thread::sleep(pause);
        pause = PAUSE.min(pause * 2);
    };
    Ok((output, status))
}

/// Looks for a signal, and renews the lock when it is time to.
fn go_on(lockfile: &Lockfile, renewed: &mut Instant) -> Result<(), Failure> {
    if sys::is_wait_interrupted() {
        return Err(Failure::new(TROUBLE, "interrupted", "interrupted; nothing was written"));
    }
    if renewed.elapsed() < RENEW_EVERY {
        return Ok(());
    }
    *renewed = Instant::now();
    match lockfile.renew_lock() {
        // In a dry run there is none.
        Ok(()) | Err(RenewLockError::NotHeld) => Ok(()),
        Err(error) => Err(Failure::new(LOCKED, "lock-lost", error.to_string())),
    }
}

fn stop(child: &mut Child) {
    sys::Process::of(child).terminate();
    let asked = Instant::now();
    while asked.elapsed() < KILL_AFTER && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(PAUSE);
    }
    // It may have ended.
    let _ = child.kill();
    let _ = child.wait();
}
