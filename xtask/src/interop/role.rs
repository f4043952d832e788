//! What a peer plays.

use super::older;

/// A peer: in Python, but for the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// An older build of this crate: see [`older`].
    Built,
    /// Its protocol, written again: a record of four lines, a release that removes its directory by
    /// name.
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
    const GO: [Self; 6] = [
        Self::Go(DirectoryFirst, Fixed),
        Self::Go(DirectoryLast, Fixed),
        Self::Go(File, Fixed),
        Self::Go(DirectoryFirst, AsItIs),
        Self::Go(DirectoryLast, AsItIs),
        Self::Go(File, AsItIs),
    ];
    /// The Go generations without their faults.
    pub(super) const FIXED: [Self; 3] =
        [Self::Go(DirectoryFirst, Fixed), Self::Go(DirectoryLast, Fixed), Self::Go(File, Fixed)];
    /// Those of them that know directories.
    pub(super) const FIXED_DIRECTORIES: [Self; 2] = [Self::FIXED[0], Self::FIXED[1]];

    pub(super) fn all() -> Vec<Self> {
        Self::ours().into_iter().chain(Self::GO).collect()
    }

    /// This crate's protocol. A build of it, if there is one.
    pub(super) fn ours() -> Vec<Self> {
        let built = older::program().map(|_| Self::Built);
        built.into_iter().chain([Self::Older, Self::OlderInPlace]).collect()
    }

    pub(super) fn is_ours(self) -> bool {
        !matches!(self, Self::Go(..))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Built => "older-build",
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
