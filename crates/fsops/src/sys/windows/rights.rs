//! The rights of a file that takes the place of another.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Pin;
use super::place::Found;
use crate::sys::FileState;

/// There are no modes, and a file's owner is who created it. The directory's access list is
/// inherited.
#[derive(Debug)]
pub(crate) struct Rights;

#[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "on Unix there is more to it")]
impl Rights {
    pub(crate) fn of((): &Pin, _: &Found) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn of_path(_: &Path, _: &Found) -> io::Result<Self> {
        Ok(Self)
    }

    /// No mode is set.
    pub(crate) fn at_first(_: Option<&Self>) -> u32 {
        0
    }

    pub(crate) fn are_of(&self, _: &Found) -> bool {
        true
    }

    pub(crate) fn have_owner_and_mode_of(&self, _: &FileState) -> bool {
        true
    }
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn adopt(_: &File, _: &Rights) -> io::Result<()> {
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn adopt_special_bits(_: &File, _: &Rights) -> io::Result<()> {
    Ok(())
}

pub(crate) fn close_to_others(_: &File) {}
