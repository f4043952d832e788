//! What tells one version of a file from another.

/// Tells one version of a file from another, as far as the system lets us. It has device, inode,
/// size, and the times of the last change of content and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) modified: (i64, i64),
    pub(super) changed: (i64, i64),
}
