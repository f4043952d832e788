//! How much room there is.

/// What is left for this user on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) bytes: u64,
    /// How many files; `None` if there is no such limit.
    pub(crate) files: Option<u64>,
}
