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

impl Fingerprint {
    /// All that stays if only the file's name changes.
    pub(crate) fn without_change(self) -> Self {
        Self { changed: (0, 0), ..self }
    }
}

/// What of a file stays as it is if only its name changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    /// [Without](Fingerprint::without_change) the time of the inode's change.
    pub(crate) version: Fingerprint,
    /// User and group, and the mode with the kind of file; `None`: there are none here.
    pub(super) rights: Option<((u32, u32), u32)>,
}

impl FileState {
    /// Whether the two are of one file, whatever it has by now.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        let id = |state: &Self| (state.version.device, state.version.inode);
        id(self) == id(other)
    }
}
