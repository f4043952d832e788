//! What goes through a command, under the lock: a value of the document, the document, or a file.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use filelock::RenewError;

use crate::child::{self, Attendance, Stop};
use crate::hold::{Holding, handed_down};
use crate::io::failure::{Failure, LOCKED, TROUBLE};
use crate::sys;

/// How often to look whether the command was stopped.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a command that must stop has until it is killed.
const KILL_AFTER: Duration = Duration::from_secs(1);

/// The lock under which a command runs.
pub(crate) struct UnderLock<'a> {
    /// What the command is told of it.
    handed_down: Option<OsString>,
    renew: Box<dyn Fn() -> Result<(), RenewError> + Send + 'a>,
}

impl<'a> UnderLock<'a> {
    pub(crate) fn of(
        target: &Path,
        token: &str,
        renew: impl Fn() -> Result<(), RenewError> + Send + 'a,
    ) -> Self {
        let handed_down = Some(handed_down(Holding::Writer, target, token));
        Self { handed_down, renew: Box::new(renew) }
    }

    /// In a dry run.
    pub(crate) fn none() -> Self {
        Self { handed_down: None, renew: Box::new(|| Ok(())) }
    }
}

/// Gives `input` to the command, and returns what that prints. Renews the lock meanwhile.
pub(crate) fn filter(
    lock: UnderLock<'_>,
    input: Vec<u8>,
    command: &[OsString],
) -> Result<Vec<u8>, Failure> {
    let name = command[0].to_string_lossy();
    let failed = |what: &str, error| {
        let mut failure = Failure::io(&format!("failed to {what} `{name}`"), &error);
        let _ = write!(failure.message, "; nothing was written; next: `command -v {name}`");
        failure
    };
    let mut child = child::start_piped(command, lock.handed_down.as_deref())
        .map_err(|error| failed("run", error))?;
    let attendance = Attendance {
        renew: lock.renew,
        is_interrupted: Some(sys::is_wait_interrupted),
        kill_after: KILL_AFTER,
    };
    let attended = converse(&mut child, input).and_then(|output| {
        attendance.during(&mut child, |child, is_stopped| finish(child, &output, is_stopped))
    });
    let (ended, stop) = match attended {
        Ok(ended) => ended,
        Err(error) => {
            child::give_up(&mut child);
            let failed = format!("no thread could be started for `{name}`, which was ended");
            let mut failure = Failure::io(&failed, &error);
            failure.message.push_str("; nothing was written; next: `ulimit -u`");
            return Err(failure);
        }
    };
    match stop {
        None => {}
        Some(Stop::Lost(error)) => {
            let message = format!("{error}; nothing was written");
            return Err(Failure::new(LOCKED, "lock-lost", message));
        }
        Some(Stop::Interrupted) => {
            return Err(Failure::new(TROUBLE, "interrupted", "interrupted; nothing was written"));
        }
    }
    let (status, output) = ended;
    let status = status.map_err(|error| failed("wait for", error))?;
    if !status.success() {
        let message = format!("`{name}` failed ({status}); nothing was written");
        return Err(Failure {
            command_status: Some(sys::exit_code(status)),
            ..Failure::input(message)
        });
    }
    output
        .unwrap_or_else(|| Err(std::io::Error::other("its output was lost")))
        .map_err(|error| failed("read from", error))
}

type Output = std::io::Result<Vec<u8>>;

/// Writes and reads at once: a command may answer before it has read all. Both go on by themselves,
/// so that nobody waits for what a stopped command left running.
///
/// # Errors
///
/// If no thread can be started.
fn converse(child: &mut Child, input: Vec<u8>) -> std::io::Result<Receiver<Output>> {
    let mut stdin = child.stdin.take().expect("because it was piped");
    let mut stdout = child.stdout.take().expect("because it was piped");
    thread::Builder::new().spawn(move || {
        // A command that does not want all of its input is no error.
        let _ = stdin.write_all(&input);
    })?;
    let (sender, receiver) = channel();
    thread::Builder::new().spawn(move || {
        let mut output = Vec::new();
        let read = stdout.read_to_end(&mut output).map(|_| output);
        // Nobody listens any more if the command was stopped.
        let _ = sender.send(read);
    })?;
    Ok(receiver)
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
