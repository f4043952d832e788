//! An advisory lock between processes, beside any file.
//!
//! # Guarantee
//!
//! Among processes that use this crate on one kernel and a local file system:
//!
//! - at most one holds the lock of a path, always;
//! - a holder of the same user that died, however it died, is replaced as soon as a waiter looks;
//! - a holder that lives is never replaced, however slow it is. It may be stopped, the machine may
//!   sleep, and the clock may jump.
//!
//! Nothing is left behind by a call that fails, and no caller is ever told that it holds the lock
//! when it does not.
//!
//! # Mechanism
//!
//! The lock of `events.ndjson` is a directory `events.ndjson.lock` with a file `holder` inside. It
//! is prepared in private, with an OS lock (`flock`) held on it, and published by one rename that
//! fails if the name is taken. A waiter asks the kernel for that OS lock: refused means that the
//! holder lives; granted means that it died. A dead holder's lock is cleared by compare-and-delete,
//! never by renaming it aside. A [`Lock`] keeps its directory between acquisitions, and moves it to
//! the name and back, which is several times faster. `docs/protocol.md` in the repository has the
//! whole protocol, `docs/decisions.md` the reasons.
//!
//! # Waiting
//!
//! [`acquire()`] waits in the calling thread, up to 5 s; [`LockOptions`] says how long, until when,
//! and who hears of it meanwhile. [`acquire_async`](LockOptions::acquire_async) waits in a task of
//! any runtime, without a thread. The threads and tasks of one process stand in line for a lock.
//! Between processes there is no order; each looks at least every 10 ms. [`acquire_all`] takes
//! several locks, [`try_acquire`] does not wait, and both name who is in the way.
//!
//! Whoever holds a lock for longer than some seconds renews it: [`LockGuard::keep_renewed`] starts
//! a thread that does, [`LockGuard::renew_until_lost`] is a future that does.
//!
//! # Limits
//!
//! - It is advisory: it excludes those who ask for it.
//! - Two names of one file (a link, another mount) have two locks.
//! - In a sticky directory, such as `/tmp`, a dead holder of *another user* blocks
//!   ([`AcquireError::DeadOfAnotherUser`]). That user, or root, must take the lock or remove it.
//!   Elsewhere each process that may rename in the directory replaces it at once.
//! - A child that was forked without `exec` shares the OS lock of what was open at the fork. A dead
//!   holder counts as alive as long as such a child lives.
//! - The kernel cannot vouch for a holder on network file systems and FUSE, nor for the Go
//!   implementations. There time decides: a holder counts as gone 30 s after its last
//!   [`renew`](LockGuard::renew), alive or not. There, at most one holds as long as holders finish
//!   or renew in time and clocks agree. [`verify`](LockGuard::verify) right before committing
//!   bounds the damage.
//! - `git add -A` would commit a held lock: let git ignore `*.lock/` and `*.lock.prep-*`.
//! - A lock cannot be published whole on network file systems, on FUSE, and with names near the
//!   length limit. There, a claimant that dies between making its lock and writing its record
//!   blocks others for 30 s.
//! - A process that is killed inside a system call dies when that returns. On a disk that takes
//!   seconds for an fsync, its lock lives as long.
//! - Linux is tested. macOS and the BSDs share the code and are untested. On Windows a stream of
//!   the record proves that its holder lives; if the volume has none, time decides, as on a network
//!   file system. It was run under Wine only. `docs/platforms.md` has the details.
//!
//! # Example
//!
//! A writer that can be killed in the middle of a line leaves it torn. The README has an NDJSON
//! writer that minds that.
//!
//! ```
//! use std::io::Write;
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("board.txt");
//!
//! let guard = filelock::acquire(&path)?; // waits up to 5 s
//! let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
//! file.write_all(b"one task\n")?;
//! guard.release()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acquire;
mod acquisition;
mod asynchronous;
mod claim;
mod clear;
mod environment;
mod error;
mod guard;
mod holder;
mod inspect;
mod judge;
mod lock;
mod names;
mod options;
mod process;
mod record;
mod sys;
#[cfg(feature = "testing")]
pub mod testing;
mod wait;

pub use acquire::{TryAcquired, acquire, acquire_all, lock_path, try_acquire};
pub use error::{AcquireError, BreakError, InspectError, NotHeld, RenewError, VerifyError};
pub use guard::LockGuard;
pub use guard::release::ReleaseError;
pub use guard::renewing::RenewedGuard;
pub use holder::{Holder, Liveness};
pub use inspect::{HolderId, Inspection, break_lock, inspect};
pub use lock::Lock;
pub use options::{LockOptions, RENEW_EVERY, TTL};
