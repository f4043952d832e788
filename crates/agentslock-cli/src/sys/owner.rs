//! Whose directories these are.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The bits of a directory such as `/tmp`: everybody may create files, and only their owners may remove
/// them.
const SHARED: u32 = 0o1002;

/// The user that this process acts as.
pub(crate) fn our_user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// The user that a file belongs to.
pub(crate) fn owner(metadata: &Metadata) -> Option<u32> {
    Some(metadata.uid())
}

/// Whether a directory is one like `/tmp`.
pub(crate) fn is_shared(directory: &Metadata) -> bool {
    directory.mode() & SHARED == SHARED
}
