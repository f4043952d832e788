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
//! - A view says which schemas it [depends on](Build::depending_on). At no version of the document
//!   is it `ready` if one of them is gone. That holds if a build began before a bump, and if a
//!   process dies between any two calls. Schemas are compared under the lock. Programs that do not
//!   compare can still leave such a view; [`outdated`](AdaptersLock::outdated) lists it. A view
//!   that names no schema stays `ready`, and so does one that depends on an adapter that is not in
//!   the document.
//! - Activating again, registering again and bumping again change nothing: no history, no time.
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
//! | `ready` | a new schema of what it depends on: [`activate`](AdapterHandle::activate), [`schema_bumped`](AdapterHandle::schema_bumped) | `pending-recompat-check` |
//! | `pending-recompat-check` | [`recompat_passed`](AdapterHandle::recompat_passed) | `pending-rebuild` |
//! | `pending-recompat-check` | [`recompat_failed`](AdapterHandle::recompat_failed) | `dsl-update-required` |
//! | `pending-rebuild` | [`view_rebuilt`](AdapterHandle::view_rebuilt) | `ready` |
//! | `ready` | [`reconcile`](AdapterHandle::reconcile): its tables are absent, or others | `pending-rebuild` |
//! | unknown to this crate | [`reconcile`](AdapterHandle::reconcile) | `pending-rebuild` |
//!
//! A view that a call makes `ready` for a schema that is gone takes the second row's step right
//! after, in the same write. An adapter that is not in the document offers no schema to compare
//! with.
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
//! use agentslock_adapters::{Activation, AdaptersLock, Build, Dependency};
//! # use agentslock_adapters::{Digest, Presence, Timestamp};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join(".agentsrc.lock");
//! # let [source_digest, schema_digest] = [1, 2].map(|byte| Digest::from_sha256([byte; 32]));
//! # let build = |_: &str| Digest::from_sha256([3; 32]);
//! # let look = |_: &str| Presence::Absent;
//! # let at: Timestamp = "2026-01-02T03:04:05Z".parse()?;
//!
//! let kuzu = AdaptersLock::new(&path).adapter("kuzu")?;
//! let schema = Dependency::new("kuzu", schema_digest.clone(), "1.0");
//! kuzu.activate(&Activation { source_digest, schema_digest, at: at.clone() })?;
//! let built = |view| Build::new(build(view), at.clone()).depending_on(schema.clone());
//! kuzu.register_views(["calls", "imports"].map(|view| (view, built(view))))?; // one write
//! for gone in kuzu.reconcile(&at, |view, _| look(view))?.moved {
//!     kuzu.view_rebuilt(&gone.view, &build(&gone.view), &at)?;
//! }
//! let calls = &kuzu.entry()?.expect("because it is active").materialized_views["calls"];
//! assert_eq!(calls.view_status.as_str(), "ready");
//! # assert_eq!(calls.state_history.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The life of a bump
//!
//! The adapter `graph` offers a schema, and the view `reports/owners` is built against it. Then
//! `graph` has a new schema. Each step is one write. If a process dies after any of them, the next
//! run of the same adapter goes on from there. The status says what is to be done.
//!
//! ```
//! use agentslock_adapters::{Activation, AdaptersLock, Build, ChangeError, Dependency, Status};
//! # use agentslock_adapters::{Digest, Timestamp};
//! # let digest = |byte: u8| Digest::from_sha256([byte; 32]);
//! # let at = Timestamp::now;
//!
//! let lock = AdaptersLock::from_text("{}")?;
//! let (graph, reports) = (lock.adapter("graph")?, lock.adapter("reports")?);
//! let activation = |schema| Activation {
//!     source_digest: digest(1), schema_digest: schema, at: at(),
//! };
//! let (old, new) = (digest(10), digest(11));
//! let status = || -> Result<Status, Box<dyn std::error::Error>> {
//!     Ok(lock.adapters()?["reports"].materialized_views["owners"].view_status.clone())
//! };
//! graph.activate(&activation(old.clone()))?;
//! reports.activate(&activation(digest(20)))?;
//! let against_old = Dependency::new("graph", old.clone(), "1.0");
//! let build = Build::new(digest(30), at()).depending_on(against_old.clone());
//! assert!(reports.register_view("owners", &build)?.outdated.is_empty());
//! assert_eq!(status()?, Status::Ready);
//!
//! // 1. `graph` goes live with its new schema. That is the bump: nothing else is to be called.
//! let bumped = graph.activate(&activation(new.clone()))?;
//! assert_eq!(bumped.moved[0].to_string(), "reports/owners");
//! assert_eq!(status()?, Status::PendingRecompatCheck);
//!
//! // A build that began before the bump comes late. It cannot make the view `ready`.
//! assert_eq!(reports.register_view("owners", &build)?.outdated[0].dependencies[0].live, new);
//! assert_eq!(status()?, Status::PendingRecompatCheck);
//!
//! // 2. `reports` checks whether the view fits the new schema, and says so: it does.
//! //    A check against the old one is refused.
//! let late = reports.recompat_passed("owners", &[against_old], &at());
//! assert!(matches!(late, Err(ChangeError::Outdated { .. })));
//! let against_new = Dependency::new("graph", new, "2.0");
//! reports.recompat_passed("owners", &[against_new], &at())?;
//! assert_eq!(status()?, Status::PendingRebuild);
//!
//! // 3. `reports` builds it again. If `graph` has changed once more by now, the view is
//! //    `pending-recompat-check` again, and `outdated` says so: back to step 2.
//! assert!(reports.view_rebuilt("owners", &digest(31), &at())?.outdated.is_empty());
//! assert_eq!(status()?, Status::Ready);
//! assert!(lock.outdated()?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! If it does not fit, [`recompat_failed`](AdapterHandle::recompat_failed) makes it
//! `dsl-update-required`. `graph` then keeps the schema that it has, until the view is registered
//! with a new definition.

mod activate;
mod adapter;
mod bump;
mod dependencies;
mod document;
mod error;
mod handle;
mod machine;
mod outdated;
mod reconcile;
mod register;
mod view;

pub use activate::Activation;
pub use adapter::Adapter;
pub use agentslock_core::{
    AcquireError, Digest, Durability, Fields, FileError, FlushError, Flushed, Holder, Liveness,
    LockOptions, LockfileOptions, OpenError, ParseDigestError, ParseTimestampError, ReadError,
    SectionError, StageError, TimeRangeError, Timestamp, VersionError,
};
pub use bump::Bumped;
pub use document::AdaptersLock;
pub use error::{ChangeError, IllegalTransition, UnusableNameError};
pub use handle::AdapterHandle;
pub use machine::{Event, Status};
pub use outdated::{OutdatedDependency, OutdatedView};
pub use reconcile::{Presence, Reconciled};
pub use register::{Build, Built};
pub use view::{Dependency, HISTORY_LIMIT, Transition, View, ViewName};
