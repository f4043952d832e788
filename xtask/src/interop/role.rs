//! What a peer in Python plays.

/// A peer in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Ours,
    OursInPlace,
    DirectoryFixed,
    FileFixed,
    Directory,
    File,
}

impl Role {
    pub(super) const ALL: [Self; 6] = [
        Self::Ours,
        Self::OursInPlace,
        Self::DirectoryFixed,
        Self::FileFixed,
        Self::Directory,
        Self::File,
    ];
    /// This crate's protocol.
    pub(super) const OURS: [Self; 2] = [Self::Ours, Self::OursInPlace];
    /// The Go generations without their bug.
    pub(super) const FIXED: [Self; 2] = [Self::DirectoryFixed, Self::FileFixed];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursInPlace => "ours-in-place",
            Self::DirectoryFixed => "directory-fixed",
            Self::FileFixed => "file-fixed",
            Self::Directory => "directory",
            Self::File => "file",
        }
    }
}
