//! Which process this is.

use crate::sys;

/// This process, and no other one that lives: its number, and the namespace that the number is of.
/// A child of pid 1 of a container, in a namespace of its own, is pid 1 as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessId {
    pub(crate) number: u32,
    /// `None`: not known.
    pub(crate) namespace: Option<u64>,
}

impl ProcessId {
    pub(crate) fn current() -> Self {
        Self { number: std::process::id(), namespace: sys::pid_namespace() }
    }

    pub(crate) fn is_current(self) -> bool {
        // If it was known and is not any more (this process has changed its root), the number
        // counts.
        let same = |ours: u64| sys::pid_namespace().is_none_or(|namespace| namespace == ours);
        self.number == std::process::id() && self.namespace.is_none_or(same)
    }
}
