//! What a config or package resolver reads and writes in `.agentsrc.lock`: the units that it
//! resolved, and the digest of the inputs that it resolved them from.
//!
//! # Guarantee
//!
//! - A pass replaces exactly the units of the kinds that it owns. Units of other kinds, and all other
//!   sections, stay as they are in the file at that moment, whoever wrote them.
//! - Resolving again with the same result leaves the file untouched.
//! - What a newer program put into an entry stays when the entry is changed, and so do kinds that
//!   this crate does not know.
//! - Entries of older files (`config` and `packages` instead of `units`) are read as units.
//!
//! # Mechanism
//!
//! Reading takes no lock. Writing is one `update` of `agentslock_core`: the units are read and
//! replaced inside one hold of the lock, so that two resolvers never lose each other's entries.
//!
//! # Limits
//!
//! A document of a later format version can be read, as far as it decodes, but not written.
//!
//! # Example
//!
//! ```
//! use agentslock_config::{ConfigLock, Digest, Kind, Pass, Unit};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join(".agentsrc.lock");
//! # let base = Digest::from_sha256([1; 32]);
//! # let inputs = Digest::from_sha256([2; 32]);
//!
//! let lock = ConfigLock::new(&path);
//! let mut pass = Pass::over([Kind::Layer, Kind::Profile]);
//! pass.add("git:org/base@1.4.0".parse()?, Unit::new(Kind::Layer, base))?;
//! lock.write(&pass, Some(&inputs))?;
//!
//! for (reference, unit) in lock.units()? {
//!     println!("{reference} is a {} with {}", unit.kind, unit.digest);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod legacy;
mod lock;
mod pass;
mod reference;
mod unit;

pub use agentslock_core::{Digest, Flushed, LockfileOptions};
pub use error::{PassError, ReadUnitsError, WriteUnitsError};
pub use lock::ConfigLock;
pub use pass::Pass;
pub use reference::{ParseReferenceError, Reference};
pub use unit::{Kind, Unit};
