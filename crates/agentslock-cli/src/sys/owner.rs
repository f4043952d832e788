//! Whose directories these are.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The bits of a directory such as `/tmp`: everybody may create files, and only their owners may
/// remove them.
const SHARED: u32 = 0o1002;

/// A user of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User(u32);

impl User {
    /// The one that this process acts as.
    pub(crate) fn current() -> Self {
        Self(rustix::process::geteuid().as_raw())
    }

    /// The one that a file belongs to.
    pub(crate) fn owning(metadata: &Metadata) -> Self {
        Self(metadata.uid())
    }
}

/// Whether a directory is one like `/tmp`.
pub(crate) fn is_shared(directory: &Metadata) -> bool {
    directory.mode() & SHARED == SHARED
}
