//! The one shared writer of `.agentsrc.lock`: a JSON document whose top-level sections belong to
//! different programs, which write it at the same time.
//!
//! # Guarantee
//!
//! - A flush changes the sections that its caller staged, and no other byte of any other section:
//!   white space, escapes, the spelling of numbers, the order of keys, duplicates, all stay.
//! - No change that a flush has reported as written is lost to another flush, of whatever process
//!   that uses this crate: not when many write at once, not when one is killed at any instruction.
//! - A reader sees the document before or after a flush, whole. Readers take no lock.
//! - A document that cannot be understood is never written over.
//! - Equal content is equal bytes: what would not change is not touched, and what is staged is
//!   encoded in one canonical form, which the Go implementation shares.
//!
//! # Mechanism
//!
//! [`Lockfile::open`] reads the document and keeps each section as the slice of text that it is.
//! [`Lockfile::flush`] takes the lock (the crate `filelock`), reads the document anew, puts the staged
//! values in their places, and replaces the file atomically and durably (the crate `fsops`), after a
//! last look that the lock is still held and the file still the one that was read.
//!
//! [`merge()`] merges two versions of a document, section by section and entry by entry, for git and for
//! whoever keeps documents in branches. It reads and writes no file, and guesses nothing: what both
//! sides changed is decided by a [`Resolver`], or stays between markers for a person, whose choice
//! [`MarkedSides`] reads back.
//!
//! # Limits
//!
//! Whoever writes the file without the lock can lose what others write. On network file systems, and
//! towards the Go implementations, the lock is only as good as the clock (see `filelock`). Two
//! links to one document are two locks: let all programs name it alike. The document's name must
//! leave room for what locks and temporaries append to it: 27 bytes.
//!
//! A durable flush holds the lock while it syncs. On a disk that takes seconds for that, whoever waits
//! needs a longer timeout than the default of 5 s ([`LockfileOptions::lock`]).
//!
//! # Example
//!
//! ```
//! use agentslock_core::{Flushed, Lockfile};
//! use std::collections::BTreeMap;
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join(".agentsrc.lock");
//!
//! let lockfile = Lockfile::open(&path)?;
//! lockfile.set_section("install", &BTreeMap::from([("project", "demo")]))?;
//! assert_eq!(lockfile.flush()?, Flushed::Written);
//!
//! // A section that two programs change is read and changed under one hold of the lock.
//! Lockfile::update(&path, |lockfile| {
//!     let runs: u64 = lockfile.section("runs")?.unwrap_or(0);
//!     lockfile.set_section("runs", &(runs + 1))?;
//!     Ok::<_, agentslock_core::Error>(())
//! })?;
//!
//! let runs: Option<u64> = Lockfile::open(&path)?.section("runs")?;
//! assert_eq!(runs, Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod diff;
mod digest;
mod document;
mod error;
mod json;
mod lockfile;
mod merge;
mod options;
mod timestamp;

pub use diff::{Difference, diff};
pub use digest::{Digest, ParseDigestError};
pub use document::canonical::{CanonicalError, canonical_text};
pub use document::reserved::{LOCK_VERSION, is_reserved};
pub use error::{
    Disturbance, Error, FlushError, OpenError, ReadError, RenewLockError, SectionError, StageError,
};
pub use filelock::LockOptions;
pub use fsops::Durability;
pub use json::duplicates::{DuplicateKey, duplicate_keys};
pub use json::encode::compact;
pub use json::fields::{FieldError, Fields};
pub use json::syntax::{Flaw, Problem, place_after};
pub use lockfile::Lockfile;
pub use lockfile::commit::Flushed;
pub use lockfile::entries::Entries;
pub use lockfile::update::Updated;
pub use lockfile::version::VersionError;
pub use merge::{
    Conflict, MarkedError, MarkedProblem, MarkedSides, Markers, MergeError, Merged, Resolution,
    Resolver, Side, merge,
};
pub use options::LockfileOptions;
pub use timestamp::{ParseTimestampError, TimeRangeError, Timestamp};
