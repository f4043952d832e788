//! What graph adapters share in `.agentsrc.lock`: which adapters are active, and the state of their
//! materialized views.
//!
//! # Guarantee
//!
//! - Each change is read and written under one hold of the lock: two adapters that register at the
//!   same moment are both there afterwards.
//! - An adapter's call changes its own entry. The entries of others stay as they are spelled, and
//!   so do fields and statuses that this crate does not know.
//! - A view goes from one status to another only as the table below says. What is not possible is
//!   an error that names view, status and event, and nothing is written.
//! - The history of a view keeps its newest 20 transitions.
//!
//! # Mechanism
//!
//! Each method is one `update` of `agentslock_core`. The clock is an argument, so that equal calls
//! write equal bytes.
//!
//! | from | call | to |
//! |---|---|---|
//! | any, or none | [`register_view`](AdapterHandle::register_view) | `ready` |
//! | `ready` | [`schema_bumped`](AdapterHandle::schema_bumped) of what it depends on | `pending-recompat-check` |
//! | `pending-recompat-check` | [`recompat_passed`](AdapterHandle::recompat_passed) | `pending-rebuild` |
//! | `pending-recompat-check` | [`recompat_failed`](AdapterHandle::recompat_failed) | `dsl-update-required` |
//! | `pending-rebuild` | [`view_rebuilt`](AdapterHandle::view_rebuilt) | `ready` |
//! | `ready` | [`reconcile`](AdapterHandle::reconcile): its tables are absent, or others | `pending-rebuild` |
//! | unknown to this crate | [`reconcile`](AdapterHandle::reconcile) | `pending-rebuild` |
//!
//! # Limits
//!
//! A document of a later format version can be read, but not written. Whether a view's tables are
//! what was built is known only when somebody [reconciles](AdapterHandle::reconcile).
//!
//! # Example
//!
//! An adapter's step: it goes live, registers the views that it built, and builds again what is
//! gone.
//!
//! ```
//! use agentslock_adapters::{Activation, AdaptersLock, Build};
//! # use agentslock_adapters::{Digest, Presence, Timestamp};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join(".agentsrc.lock");
//! # let [source_digest, schema_digest] = [1, 2].map(|byte| Digest::from_sha256([byte; 32]));
//! # let build = |_: &str| Digest::from_sha256([3; 32]);
//! # let look = |_: &str| Presence::Absent;
//! # let at: Timestamp = "2026-01-02T03:04:05Z".parse()?;
//!
//! let kuzu = AdaptersLock::new(&path).adapter("kuzu")?;
//! kuzu.activate(&Activation { source_digest, schema_digest, at: at.clone() })?;
//! kuzu.register_view("calls", &Build::new(build("calls"), at.clone()))?;
//! for gone in kuzu.reconcile(&at, |view, _| look(view))?.moved {
//!     kuzu.view_rebuilt(&gone.view, &build(&gone.view), &at)?;
//! }
//! let calls = &kuzu.entry()?.expect("because it is active").materialized_views["calls"];
//! assert_eq!(calls.view_status.as_str(), "ready");
//! # assert_eq!(calls.state_history.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod activate;
mod adapter;
mod bump;
mod dependencies;
mod document;
mod error;
mod handle;
mod machine;
mod reconcile;
mod register;
mod view;

pub use activate::Activation;
pub use adapter::Adapter;
pub use agentslock_core::{
    Digest, Durability, Fields, Flushed, LockOptions, LockfileOptions, ReadError, Timestamp,
};
pub use bump::Bumped;
pub use document::AdaptersLock;
pub use error::{ChangeError, IllegalTransition, UnusableNameError};
pub use handle::AdapterHandle;
pub use machine::{Event, Status};
pub use reconcile::{Presence, Reconciled};
pub use register::Build;
pub use view::{Dependency, HISTORY_LIMIT, Transition, View, ViewName};
