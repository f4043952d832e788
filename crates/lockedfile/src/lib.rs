//! Any file under its lock: read, change and replace it, or append a record that depends on the
//! last.
//!
//! # Guarantee
//!
//! - No change that a call has reported is lost to another call, of any process that uses this
//!   crate. It is not lost if many write at once, nor if one is killed at any instruction.
//! - Readers see a whole file: the one before a change, or the one after it. They take no lock.
//! - What does not change is not written, and takes no lock if a first look shows it.
//! - A caller's closure can fail: its error comes back as it is, and nothing is written.
//! - A record that [`Log::append`] has reported stands in the log as one line of its own. A killed
//!   writer leaves at most a part of a record that no call has reported.
//! - With [`Durability::Full`], the default, what was reported survives a power cut.
//! - Mode, owner, group, access list and a symbolic link stay.
//!
//! # Mechanism
//!
//! The lock is that of the crate `filelock`, at the file's path. A file is replaced by a sibling
//! (the crate `fsops`). Right before, the lock must still be held, and the file must still be the
//! one that was read. If not, it starts over, up to [`ROUNDS`] times. A log is read from its end
//! and appended to by one write.
//!
//! # Limits
//!
//! A program that writes the file without the lock can lose what others write. A program that keeps
//! a log open loses what it appends after a [`rewrite`](Log::rewrite) or a [`rotate`](Log::rotate):
//! open it under the lock for each record. Two links to one file are two locks. [`transform()`]
//! keeps the whole file in memory.
//!
//! # Example
//!
//! ```
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("TASKS.yaml");
//! use lockedfile::Done;
//!
//! let done = lockedfile::transform(&path, |old| -> Result<Option<Vec<u8>>, lockedfile::Error> {
//!     let mut tasks = old.unwrap_or(b"tasks:\n").to_vec();
//!     tasks.extend_from_slice(b"- title: write the docs\n");
//!     Ok(Some(tasks))
//! })?;
//! assert_eq!(done, Done::Written);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod git;
mod held;
mod left_out;
mod log;
mod options;
mod rounds;
mod settle;
mod sys;
mod transform;

pub use error::{Disturbance, Error, Found, LogError};
pub use filelock::LockOptions;
pub use fsops::{Appended, Durability, TornTail};
pub use held::{Held, Outcome};
pub use left_out::{LeftOut, left_out};
pub use log::rewrite::Records;
pub use log::{LONGEST_RECORD, Last, Log};
pub use options::Options;
pub use rounds::{ROUNDS, Rounds, Seen};
pub use settle::{Doubt, Settled, Settling};
pub use transform::{Done, transform};
