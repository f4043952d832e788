//! The world as the protocol sees it: the clock, this process, this kernel, and what the file
//! system can do. All of it comes in here, so that a test can set it.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::sys;

/// Overrides for tests and for the verification programmes. Not part of the crate's promises.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Added to the wall clock, in nanoseconds.
    pub clock_offset: i64,
    /// Claims with `mkdir` in place even where exclusive rename works.
    pub force_mkdir_claim: bool,
    /// Neither takes nor believes OS locks, as on a network file system.
    pub force_time_based: bool,
    /// Another name for the running kernel.
    pub kernel_id: Option<String>,
}

impl Environment {
    /// Wall-clock time in unix nanoseconds.
    pub(crate) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        now.saturating_add(self.clock_offset)
    }

    /// The running kernel's name; empty when it has none.
    pub(crate) fn kernel_id(&self) -> &str {
        match &self.kernel_id {
            Some(id) => id,
            None => sys::kernel_id().unwrap_or(""),
        }
    }

    /// Whether `recorded` names the running kernel. A kernel without a name is never recognised.
    pub(crate) fn is_this_kernel(&self, recorded: &str) -> bool {
        !self.kernel_id().is_empty() && recorded == self.kernel_id()
    }
}

/// A token that no other acquisition has: 16 hexadecimal digits, hashed from the process, the time
/// and a counter under a key that the system drew at random for this process. Unique also in a
/// forked child, which has its parent's key and counter but not its pid. It need not be secret.
pub(crate) fn unique_token() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    static KEY: OnceLock<RandomState> = OnceLock::new();
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let hash = KEY.get_or_init(RandomState::new).hash_one((std::process::id(), time, count));
    format!("{hash:016x}")
}
