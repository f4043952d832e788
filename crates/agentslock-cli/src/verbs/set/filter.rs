//! A value that goes through a command, under the lock.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use agentslock_core::{Lockfile, RenewLockError};
use filelock::RenewError;

use crate::child::{self, Attendance, Stop};
use crate::io::failure::{Failure, LOCKED, TROUBLE};
use crate::sys;

/// How often to look whether the command was stopped.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a command that must stop has until it is killed.
const KILL_AFTER: Duration = Duration::from_secs(1);

/// Gives a value to the command, and returns what that prints. Renews the lock that `lockfile` has.
pub(super) fn filter(
    lockfile: &Lockfile,
    current: &str,
    command: &[OsString],
) -> Result<Vec<u8>, Failure> {
    let name = command[0].to_string_lossy();
    let failed = |what: &str, error| Failure::io(&format!("failed to {what} `{name}`"), &error);
    let mut child = child::start_piped(command).map_err(|error| failed("run", error))?;
    let output = converse(&mut child, current.to_owned());
    let renew = || match lockfile.renew_lock() {
        Err(RenewLockError::Renew(error)) => Err(error),
        // In a dry run there is no lock.
        _ => Ok::<(), RenewError>(()),
    };
    let attendance = Attendance {
        renew,
        is_interrupted: Some(sys::is_wait_interrupted),
        kill_after: KILL_AFTER,
    };
    let (ended, stop) =
        attendance.during(&mut child, |child, is_stopped| finish(child, &output, is_stopped));
    match stop {
        None => {}
        Some(Stop::Lost(error)) => {
            return Err(Failure::new(LOCKED, "lock-lost", error.to_string()));
        }
        Some(Stop::Interrupted) => {
            return Err(Failure::new(TROUBLE, "interrupted", "interrupted; nothing was written"));
        }
    }
    let (status, output) = ended;
    let status = status.map_err(|error| failed("wait for", error))?;
    if !status.success() {
        return Err(Failure::input(format!("`{name}` failed ({status}); nothing was written")));
    }
    output
        .unwrap_or_else(|| Err(std::io::Error::other("its output was lost")))
        .map_err(|error| failed("read from", error))
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

/// Waits for the command's end, and for the end of its output: what it started can have that for
/// longer. Of a command that was stopped only the end.
fn finish(
    child: &mut Child,
    output: &Receiver<Output>,
    is_stopped: &AtomicBool,
) -> (std::io::Result<ExitStatus>, Option<Output>) {
    child::await_end(child);
    let output = loop {
        match output.recv_timeout(PAUSE) {
            Ok(read) => break Some(read),
            Err(RecvTimeoutError::Timeout) if !is_stopped.load(Ordering::Relaxed) => {}
            Err(_) => break None,
        }
    };
    // Last: until then its number is reserved, so that no signal for it reaches another process.
    (child.wait(), output)
}
