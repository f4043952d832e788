//! The one shared writer of `.agentsrc.lock`: a JSON document whose top-level sections belong to
//! different programs, which write it at the same time.
//!
//! # Guarantee
//!
//! - A flush changes the sections that its caller staged, and no byte of any other section. White
//!   space, escapes, the spelling of numbers, the order of keys and duplicates stay.
//! - No change that a flush has reported as written is lost to a flush of another process that uses
//!   this crate. That holds if many write at once, and if one is killed at any instruction.
//! - A reader sees the document before or after a flush, whole. Readers take no lock.
//! - A document that this crate cannot parse is never overwritten.
//! - Equal content gives equal bytes. A flush that changes nothing does not touch the file. Staged
//!   values are encoded in one canonical form, which the Go implementation shares.
//!
//! # Mechanism
//!
//! [`Lockfile::open`] reads the document and keeps each section as the slice of text that it is.
//! [`Lockfile::flush`] takes the lock (the crate `filelock`), reads the document again and puts the
//! staged values in their places. Then it checks that the lock is still held and that the file is
//! still the one that was read. It replaces the file atomically and durably (the crate `fsops`).
//!
//! The module [`merge`] merges two versions of a document by section and entry, for git. The module
//! [`text`] checks and formats a document as text. Neither reads or writes a file.
//!
//! # Limits
//!
//! A program that writes the file without the lock can lose what others write. On network file
//! systems, and towards the Go implementations, the lock is only as good as the clock (see
//! `filelock`). Two links to one document are two locks: all programs must use the same name. The
//! document's name must leave room for what locks and temporaries append to it: 27 bytes.
//!
//! A durable flush holds the lock while it syncs. On a disk that takes seconds for that, the
//! waiters need a longer timeout than the default of 5 s ([`LockfileOptions::lock`]).
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
pub mod merge;
mod place;
pub mod text;
mod timestamp;

pub use digest::{Digest, ParseDigestError};
pub use document::reserved::{LOCK_VERSION, is_reserved};
pub use error::{
    Error, FlushError, OpenError, Position, ReadError, RenewLockError, SectionError, StageError,
    VersionError,
};
pub use filelock::{AcquireError, Holder, Liveness, LockOptions, NotHeld, RenewError, VerifyError};
pub use fsops::Durability;
pub use json::field_error::FieldError;
pub use json::fields::Fields;
pub use json::locate::DecodeError;
pub use lockedfile::{Disturbance, Error as FileError, Found};
pub use lockfile::Lockfile;
pub use lockfile::commit::Flushed;
pub use lockfile::entries::Entries;
pub use lockfile::options::LockfileOptions;
pub use lockfile::update::Updated;
pub use place::DocumentPlace;
pub use timestamp::{ParseTimestampError, TimeRangeError, Timestamp};
