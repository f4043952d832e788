//! What a config or package resolver reads and writes in `.agentsrc.lock`: units, the digest of
//! their inputs, and the stamps of installing and refreshing.
//!
//! # Guarantee
//!
//! - A pass replaces exactly the units of the kinds that it owns. Units of other kinds, and all
//!   other sections, stay as they are in the file at that moment, whoever wrote them.
//! - Resolving again with the same result leaves the file untouched.
//! - What a newer program put into an entry stays when the entry is changed, and so do kinds that
//!   this crate does not know.
//! - Entries of older files (`config` and `packages` instead of `units`) are read as units.
//! - References, digests and times are checked before anything is staged. What a document already
//!   says is accepted as it is.
//!
//! # Mechanism
//!
//! Reading takes no lock, and neither does a write that would change nothing. Any other is one
//! `update` of `agentslock_core`: it reads and replaces the entries inside one hold of the lock. So
//! two resolvers never lose each other's entries. No method writes what it was told the document
//! contained.
//!
//! # Limits
//!
//! A document of a later format version can be read, as far as it decodes, but not written. Two
//! resolvers of one kind replace each other's units: the later one has resolved all of them.
//!
//! # Example
//!
//! A resolver's step: if what is declared is not what is locked, it resolves and locks again.
//! `inputs` is what [`inputs_digest`] says, `fetch` the resolver's own.
//!
//! ```
//! use agentslock_config::{ConfigLock, Declared, Kind, Pass, Reference, Unit};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join(".agentsrc.lock");
//! # let inputs = agentslock_config::Digest::from_sha256([1; 32]);
//! # let fetch = |_: &Reference| "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334".parse::<agentslock_config::Revision>();
//!
//! let lock = ConfigLock::new(&path);
//! let base: Reference = "acme:org/base.json@v1.2.0".parse()?;
//! let declared = Declared::over([Kind::Layer], [base.clone()]).with_inputs(inputs.clone());
//! if !lock.read()?.staleness(&declared)?.is_empty() {
//!     let mut pass = Pass::over([Kind::Layer]).resolved_from(inputs);
//!     pass.add(base.clone(), Unit::new(Kind::Layer, fetch(&base)?))?;
//!     print!("{}", lock.write(&pass)?.changes);
//! }
//! assert!(lock.read()?.staleness(&declared)?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache_key;
mod changes;
mod declared;
mod drift;
mod error;
mod inputs;
mod kind;
mod legacy;
mod lock;
mod merge;
mod pass;
mod reference;
mod revision;
mod sections;
mod snapshot;
mod stage;
mod staleness;
mod stamp;
mod transaction;
mod unit;

pub use agentslock_core::{
    AcquireError, Digest, Durability, Fields, FileError, FlushError, Flushed, Holder, Liveness,
    LockOptions, LockfileOptions, OpenError, ParseDigestError, ParseTimestampError, ReadError,
    SectionError, StageError, TimeRangeError, Timestamp, VersionError,
};
pub use cache_key::CacheKey;
pub use changes::{Change, Changes, Plan, Refusal, Refused};
pub use declared::Declared;
pub use drift::{Drift, DriftReport, DriftState};
pub use error::{PassError, WriteError};
pub use inputs::{Inputs, InputsError, InputsProblem, Slot, agents_home, inputs_digest};
pub use kind::{Kind, ParseKindError};
pub use lock::ConfigLock;
pub use merge::LaterStamp;
pub use pass::Pass;
pub use reference::{ParseReferenceError, Reference, ReferenceProblem};
pub use revision::{ParseRevisionError, Revision};
pub use snapshot::Snapshot;
pub use staleness::{ChangedUnit, Staleness};
pub use stamp::{Install, Refresh, Tool};
pub use transaction::{Transaction, Written};
pub use unit::Unit;
