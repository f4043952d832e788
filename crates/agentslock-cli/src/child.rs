//! A command that runs while a lock is held: for `run`, and for what `set` and `edit` write.
//!
//! ```text
//! start               if we are killed from here on, `run`'s lock lives until the command ends
//! 10 s                most commands end before the lock must be renewed: no thread is needed
//! renew every 10 s    for peers that go by the clock: in a thread, since that can take long. If there
//!                     can be no thread (a limit of the user or the container), between two looks
//!                     at the command; signals then wait for a renewal
//! lost, interrupted   the command must end: SIGTERM, and later SIGKILL
//! wait                for the command's own end; its children may still run
//! ```

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use filelock::{NotHeld, RENEW_EVERY, RenewError, VerifyError};

use crate::hold::HOLDS;
use crate::io::failure::chain;
use crate::io::stderr::say;
use crate::sys;

/// How often to look whether a signal came.
const PAUSE: Duration = Duration::from_millis(50);
/// The TTL of locks, less what a last try may take.
const EXPIRES_AFTER: Duration = filelock::TTL.saturating_sub(Duration::from_secs(2));

/// The longest pause of the thread that renews. A pause does not end earlier because the machine
/// slept meanwhile: after waking, waiters that go by the clock see an old record at once.
const STEP: Duration = Duration::from_secs(1);

/// A moment by two clocks. The monotonic one stands still while the machine sleeps, on Linux and on
/// macOS; the wall clock can be set back.
#[derive(Clone, Copy)]
struct Moment(Instant, SystemTime);

impl Moment {
    fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// The time since, by the clock on which more has passed.
    fn elapsed(self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or(Duration::ZERO))
    }
}

/// Starts a command. One that names no interpreter is run by sh, as the shells do it.
///
/// It is told which locks are held, as [`HOLDS`] has them.
pub(crate) fn start(command: &[OsString], holds: &OsStr) -> io::Result<Child> {
    match Command::new(&command[0]).args(&command[1..]).env(HOLDS, holds).spawn() {
        Err(error) if sys::is_script_without_interpreter(&error) => {
            Command::new("sh").args(command).env(HOLDS, holds).spawn()
        }
        other => other,
    }
}

/// Starts a command that reads what we write, and whose output we read.
pub(crate) fn start_piped(command: &[OsString], holds: Option<&OsStr>) -> io::Result<Child> {
    let mut started = Command::new(&command[0]);
    if let Some(holds) = holds {
        started.env(HOLDS, holds);
    }
    started.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
}

/// Why a command must end before it is done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The lock was lost, or could not be renewed until it expired.
    Lost(RenewError),
    /// A signal came.
    Interrupted,
}

/// What is done for a command while it runs.
pub(crate) struct Attendance<R> {
    /// Renews the lock.
    pub(crate) renew: R,
    /// Whether a signal came that ends the command. `None` if signals are passed on to it.
    pub(crate) is_interrupted: Option<fn() -> bool>,
    /// How long a command that must end has until it is killed.
    pub(crate) kill_after: Duration,
}

/// Waits for so long at most; whether the command has ended.
type HasEnded<'a> = &'a mut dyn FnMut(Duration) -> bool;

impl<R: Fn() -> Result<(), RenewError> + Send> Attendance<R> {
    /// Waits for the command, and attends to it meanwhile: signals are passed on to it.
    pub(crate) fn await_end(self, child: &mut Child, signals: &mut sys::Signals) -> Option<Stop> {
        let started = Moment::now();
        while started.elapsed() < RENEW_EVERY {
            let left = RENEW_EVERY.saturating_sub(started.elapsed());
            if signals.await_end(child, Some(left.min(STEP))) {
                return None;
            }
        }
        let wait = |child: &mut Child, _: &AtomicBool| signals.await_end(child, None);
        match self.during_since(started, child, wait) {
            Ok((_, stop)) => stop,
            // The command runs on, and so must its lock.
            Err((this, _)) => {
                let process = sys::Process::of(child);
                this.attend(started, process, &AtomicBool::new(false), &mut |pause| {
                    signals.await_end(child, Some(pause))
                })
            }
        }
    }

    /// Runs `wait`, which waits for the command, and attends to the command meanwhile. `wait` gets
    /// a flag that tells it whether the command was stopped.
    ///
    /// # Errors
    ///
    /// If no thread can be started. Then `wait` was not run, and the command runs on.
    pub(crate) fn during<T>(
        self,
        child: &mut Child,
        wait: impl FnOnce(&mut Child, &AtomicBool) -> T,
    ) -> io::Result<(T, Option<Stop>)> {
        self.during_since(Moment::now(), child, wait).map_err(|(_, error)| error)
    }

    /// As [`during`](Self::during), for a lock that was renewed last at `renewed`.
    fn during_since<T>(
        self,
        renewed: Moment,
        child: &mut Child,
        wait: impl FnOnce(&mut Child, &AtomicBool) -> T,
    ) -> Result<(T, Option<Stop>), (Self, io::Error)> {
        let process = sys::Process::of(child);
        let (ended, end) = channel::<()>();
        let is_stopped = AtomicBool::new(false);
        // Not moved into the thread: it is needed if there is none.
        let this = Mutex::new(self);
        let attended = thread::scope(|scope| {
            let (this, flag) = (&this, &is_stopped);
            let attending = thread::Builder::new().spawn_scoped(scope, move || {
                let this = this.lock().expect("because nobody else locks it");
                this.attend(renewed, process, flag, &mut |pause| {
                    !matches!(end.recv_timeout(pause), Err(RecvTimeoutError::Timeout))
                })
            })?;
            let waited = wait(child, &is_stopped);
            drop(ended);
            Ok((waited, attending.join().unwrap_or(None)))
        });
        attended
            .map_err(|error| (this.into_inner().expect("because no thread has locked it"), error))
    }

    /// Renews the lock until the command has ended, or must end; then ends it, and says so in
    /// `is_stopped`.
    fn attend(
        &self,
        renewed: Moment,
        process: sys::Process,
        is_stopped: &AtomicBool,
        has_ended: HasEnded<'_>,
    ) -> Option<Stop> {
        let stop = self.until_stop(renewed, process, has_ended)?;
        if let Stop::Lost(error) = &stop {
            say(&format!("{error}; stopping the command"));
        }
        is_stopped.store(true, Ordering::Relaxed);
        match &stop {
            Stop::Lost(_) => self.end_all(process, has_ended),
            Stop::Interrupted => {
                process.terminate();
                if !has_ended(self.kill_after) {
                    process.kill();
                }
            }
        }
        Some(stop)
    }

    /// Ends the command and all that it started: without the lock, none of them may go on.
    fn end_all(&self, process: sys::Process, is_over: HasEnded<'_>) {
        let asked = Instant::now();
        sys::signal_descendants(sys::End::Ask);
        process.terminate();
        let mut has_ended = false;
        while asked.elapsed() < self.kill_after {
            has_ended |= is_over(PAUSE);
            if has_ended {
                sys::reap_orphans(process);
                if sys::signal_descendants(sys::End::Look) == 0 {
                    return;
                }
                thread::sleep(PAUSE);
            }
        }
        say("the command does not stop; killing it");
        sys::signal_descendants(sys::End::Kill);
        if !has_ended {
            process.kill();
        }
    }

    /// Renews the lock until the command has ended, or must end.
    ///
    /// If the lock only cannot be renewed, it is lost when it expires for those who go by the
    /// clock.
    fn until_stop(
        &self,
        mut renewed: Moment,
        process: sys::Process,
        has_ended: HasEnded<'_>,
    ) -> Option<Stop> {
        let mut next = RENEW_EVERY;
        let mut asked = renewed;
        loop {
            let left = next.saturating_sub(asked.elapsed()).min(STEP);
            let pause = if self.is_interrupted.is_some() { left.min(PAUSE) } else { left };
            if has_ended(pause) {
                return None;
            }
            if self.is_interrupted.is_some_and(|is_interrupted| is_interrupted()) {
                return Some(Stop::Interrupted);
            }
            if asked.elapsed() < next {
                continue;
            }
            sys::reap_orphans(process);
            match (self.renew)() {
                Ok(()) => (renewed, next) = (Moment::now(), RENEW_EVERY),
                Err(lost @ RenewError::Verify(VerifyError::NotHeld(NotHeld::Lost { .. }))) => {
                    return Some(Stop::Lost(lost));
                }
                Err(error) if renewed.elapsed() >= EXPIRES_AFTER => {
                    return Some(Stop::Lost(error));
                }
                Err(error) => {
                    if next == RENEW_EVERY {
                        say(&format!("{}; trying again", chain(&error)));
                    }
                    next = Duration::from_secs(1);
                }
            }
            asked = Moment::now();
        }
    }
}

/// Ends a command that nobody can attend to.
pub(crate) fn give_up(child: &mut Child) {
    // Either fails only if it has ended.
    let _ = child.kill();
    let _ = child.wait();
}

/// Waits for the command's end, and leaves its number reserved: no signal for it reaches another
/// process.
pub(crate) fn await_end(child: &mut Child) {
    sys::Process::of(child).await_end(child);
}
