//! What a peer in Python plays.

/// A peer in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// This crate's own protocol, by an older build: a record of four lines, a release that removes
    /// its directory by name.
    Older,
    OlderInPlace,
    /// A Go generation, with its faults or without them.
    Go(Generation, Faults),
}

/// The Go generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    DirectoryFirst,
    DirectoryLast,
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Faults {
    AsItIs,
    Fixed,
}

use Faults::{AsItIs, Fixed};
use Generation::{DirectoryFirst, DirectoryLast, File};

impl Role {
    pub(super) const ALL: [Self; 8] = [
        Self::Older,
        Self::OlderInPlace,
        Self::Go(DirectoryFirst, Fixed),
        Self::Go(DirectoryLast, Fixed),
        Self::Go(File, Fixed),
        Self::Go(DirectoryFirst, AsItIs),
        Self::Go(DirectoryLast, AsItIs),
        Self::Go(File, AsItIs),
    ];
    /// This crate's protocol.
    pub(super) const OURS: [Self; 2] = [Self::Older, Self::OlderInPlace];
    /// The Go generations without their faults.
    pub(super) const FIXED: [Self; 3] =
        [Self::Go(DirectoryFirst, Fixed), Self::Go(DirectoryLast, Fixed), Self::Go(File, Fixed)];
    /// Those of them that know directories.
    pub(super) const FIXED_DIRECTORIES: [Self; 2] = [Self::FIXED[0], Self::FIXED[1]];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Older => "older",
            Self::OlderInPlace => "older-in-place",
            Self::Go(DirectoryFirst, Fixed) => "directory-first-fixed",
            Self::Go(DirectoryLast, Fixed) => "directory-last-fixed",
            Self::Go(File, Fixed) => "file-fixed",
            Self::Go(DirectoryFirst, AsItIs) => "directory-first",
            Self::Go(DirectoryLast, AsItIs) => "directory-last",
            Self::Go(File, AsItIs) => "file",
        }
    }
}
