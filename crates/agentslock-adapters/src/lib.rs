//! What graph adapters share in `.agentsrc.lock`: which adapters are active, and the state of their
//! materialized views.
//!
//! # Guarantee
//!
//! - Each change is read and written under one hold of the lock: two adapters that register at the same
//!   moment are both there afterwards.
//! - An adapter's call changes its own entry. The entries of others stay as they are spelled, and so do
//!   fields and statuses that this crate does not know.
//! - The history of a view keeps its newest 20 transitions.
//!
//! # Mechanism
//!
//! Each method is one `update` of `agentslock_core` on the section `adapters`. The clock is an
//! argument, so that equal calls write equal bytes.
//!
//! # Limits
//!
//! So far: activating, registering freshly built views, and reading. The other transitions of a view
//! are not here yet. A document of a later format version can be read, but not written.
//!
//! # Example
//!
//! ```
//! use agentslock_adapters::{Activation, AdaptersLock, Build, Digest};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join(".agentsrc.lock");
//! # let (source, schema, view) =
//! #     (Digest::from_sha256([1; 32]), Digest::from_sha256([2; 32]), Digest::from_sha256([3; 32]));
//! # let now: agentslock_adapters::Timestamp = "2026-01-02T03:04:05Z".parse()?;
//!
//! let lock = AdaptersLock::new(&path);
//! lock.activate("kuzu", &Activation::new(source, schema, now.clone()))?;
//! lock.register_view("kuzu", "calls", &Build::new(view, now))?;
//!
//! let adapters = lock.adapters()?;
//! assert_eq!(adapters["kuzu"].materialized_views["calls"].view_status.as_str(), "ready");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod activate;
mod adapter;
mod error;
mod lock;
mod register;
mod view;

pub use activate::Activation;
pub use adapter::Adapter;
pub use agentslock_core::{Digest, Flushed, LockfileOptions, Timestamp};
pub use error::{ChangeAdapterError, ReadAdaptersError};
pub use lock::AdaptersLock;
pub use register::Build;
pub use view::{Dependency, Status, Transition, View};

/// How many transitions the history of a view keeps.
pub const HISTORY_LIMIT: usize = 20;
