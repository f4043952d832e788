//! Helpers for this workspace's tests.
//!
//! - [`skip()`]: a test that cannot run here says so, where somebody counts it.
//! - [`ChildTest`] and [`parent`]: a test of several processes needs no program of its own. The
//!   test binary runs itself again with the name of one test, which is the child's program.
//! - [`wait_until`], [`within`]: no sleep stands for a condition, and nothing hangs.
//! - [`Lab`]: an empty directory to test in; [`places()`]: the file systems to test on.
//! - [`names()`], [`snapshot()`], [`snapshot_of_files()`]: what lies in a directory, and whether
//!   anything was touched.
//! - [`FakeTime`]: a wall clock that jumps; [`Preload`]: another library between a child and the C
//!   library.
//! - [`strace()`], [`small_disk()`], [`disk_of_few_inodes()`], [`fill_but()`]: system calls that
//!   fail, and disks without room.
//! - [`Critical`], [`Numbers`]: whether two processes hold a lock at once, without asking the lock.
//! - [`document()`], [`bare`], [`peak_memory`] and [`time_on_processor`]: what to measure with, and
//!   what against.
//!
//! # A test with a child process
//!
//! ```no_run
//! // The child's program: a test that passes at once unless a parent started it.
//! # const _: &str = stringify!(
//! #[test]
//! # );
//! fn child_greets() {
//!     let Some(mut parent) = testkit::parent() else { return };
//!     parent.at("greeting", &parent.var("NAME").to_string_lossy());
//!     parent.await_word("enough");
//! }
//!
//! # const _: &str = stringify!(
//! #[test]
//! # );
//! fn a_child_greets_by_name() {
//!     let mut child = testkit::ChildTest::new(module_path!(), "child_greets").var("NAME", "Ada").spawn();
//!     assert_eq!(child.await_point("greeting"), "Ada");
//!     child.say("enough");
//!     child.succeed();
//! }
//! # a_child_greets_by_name();
//! ```

pub mod bare;
mod child;
mod disk;
mod document;
mod entry;
mod fake_time;
mod lab;
mod memory;
mod oracle;
mod outlet;
mod places;
mod preload;
mod processor;
mod skip;
mod snapshot;
mod spawn;
mod stat;
mod strace;
mod user;
mod wait;

pub use child::TestChild;
pub use disk::{disk_of_few_inodes, fill_but, small_disk};
pub use document::document;
pub use entry::{Parent, parent};
pub use fake_time::FakeTime;
pub use lab::Lab;
pub use memory::peak_memory;
pub use oracle::{Critical, Numbers, Passed};
pub use places::{Place, places};
pub use preload::Preload;
pub use processor::time_on_processor;
pub use skip::skip;
pub use snapshot::{Entry, Snapshot, names, snapshot, snapshot_of_files};
pub use spawn::ChildTest;
pub use stat::{Stat, stat};
pub use strace::strace;
pub use user::{other_user, users};
pub use wait::{wait_until, within};
