//! Replacing a file as a whole, appending whole records, and reading without surprises.
//!
//! # Guarantee
//!
//! - A reader of a file that is written through [`AtomicFile`] sees the old content or the new,
//!   whole. That holds if the writer is killed at any instruction, or is out of disk or
//!   descriptors.
//! - With [`Durability::Full`], the default, what was committed survives a power cut.
//! - With [`AtomicFile::replacing`], the file that is replaced is the file that was read, even if
//!   another user exchanges directories or links on the path.
//! - After an error the old file stands and nothing is left beside it. The one exception, "in
//!   place, but not yet durable", is a variant of its own. A process that is killed can leave one
//!   temporary (see [`remove_left_over_temporaries`]).
//! - [`append_record`] adds one whole line or nothing, and closes off what a writer before it tore.
//!
//! # Mechanism
//!
//! A sibling with an unpredictable name is created exclusively. It gets the rights of the file that
//! it replaces: mode, access list, group and, where possible, owner. Then it is written, synced,
//! and renamed over the file; then the directory is synced. If it replaces exactly the file that
//! was read, and is synced, it exchanges names with that file, which is then removed. So it never
//! takes the place of another file, nor a name that another program has just made free.
//!
//! Rights are kept, or else narrowed; nobody gains any. `docs/rights.md` has it in detail.
//!
//! # Limits
//!
//! Extended attributes and further hard links of the replaced file are not carried over. On other
//! systems than Linux, neither are access control lists. A file that is mounted by itself cannot be
//! replaced ([`ReplaceError::MountPoint`]). The directory must be writable, and the name leave room
//! for the 17 bytes that a temporary's name is longer. A directory whose file system cannot sync
//! directories is taken as synced. On Windows there are no modes and owners to carry over, and a
//! file that is marked read-only is refused. A file that others have open without delete sharing
//! cannot be replaced until they close it. Windows was run under Wine only.
//!
//! # Example
//!
//! ```
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("state.json");
//! fsops::write_atomic(&path, "{}\n")?;
//! fsops::append_record(directory.path().join("log.ndjson"), r#"{"event":"saved"}"#)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append;
mod append_file;
mod atomic;
mod durability;
mod error;
mod read;
mod sys;

pub use append::{append_record, append_record_with};
pub use append_file::tail::Tail;
pub use append_file::{AppendFile, Appended, Since, TornTail};
pub use atomic::{AtomicFile, ReadyFile, remove_left_over_temporaries, write_atomic};
pub use durability::{CreatedParents, Durability, create_parents};
pub use error::{AppendError, ReadFileError, ReplaceError};
pub use read::{Contents, Reread, Version, read, reread};
