//! What a power cut may take, and the syncing of directories.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::sys;

/// What a write promises about a power cut. Against the death of a process both promise the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// Once the call has returned, the new content survives a power cut. The file is synced before it
    /// takes its name, and its directory after.
    #[default]
    Full,
    /// Nothing is synced. Other processes see the old or the new content, never a mixture; after a
    /// power cut the file may be the old one, the new one, or, on some file systems, empty or full
    /// of NUL bytes.
    Atomic,
}

/// Creates the missing parent directories of `path`, each of them durably if `durability` says so.
///
/// A directory that is there already may have been created by another process a moment ago, which has
/// not synced its name yet. So as long as `path` itself does not exist, the name of the deepest
/// directory that was there is synced, too, as far as we may.
///
/// # Errors
///
/// The operating system's. Directories that were created before the error stay.
pub fn create_parents(path: impl AsRef<Path>, durability: Durability) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    if path.try_exists().unwrap_or(false) {
        return Ok(());
    }
    let mut missing = Vec::new();
    for ancestor in path.ancestors().skip(1) {
        if ancestor.try_exists()? {
            // Who creates directories syncs each name before it goes deeper, and all before the file
            // exists: no other name than this one can be on its way.
            if durability == Durability::Full {
                // It is not ours, and its parent need not even be readable to us.
                let _ = sync_name_of(ancestor);
            }
            break;
        }
        missing.push(ancestor);
    }
    for directory in missing.into_iter().rev() {
        match std::fs::create_dir(directory) {
            Ok(()) => {}
            // Another process needs it too. (A link that leads nowhere has the name as well.)
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {}
            Err(error) => return Err(error),
        }
        if durability == Durability::Full {
            sync_name_of(directory)?;
        }
    }
    Ok(())
}

/// Makes the name of a directory survive a power cut.
fn sync_name_of(directory: &Path) -> io::Result<()> {
    match directory.parent() {
        Some(parent) => sys::sync_directory(&sys::open_directory(parent)?),
        None => Ok(()),
    }
}

/// The directory that `path`, which is absolute, lies in.
pub(crate) fn parent_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

/// How long a name may be on its way to the disk. File systems write names down by themselves: ext4
/// after 5 s, xfs and btrfs after 30 s, f2fs after 60 s, any of them after 10 minutes if a laptop saves
/// power (`laptop_mode`). A mount option can make it longer; this leaves room.
const ON_ITS_WAY: Duration = Duration::from_secs(20 * 60);

/// When a file or directory came to be, as far as the file system tells; else, when it was last changed.
pub(crate) fn birth_of(metadata: &Metadata) -> SystemTime {
    metadata.created().or_else(|_| metadata.modified()).unwrap_or_else(|_| SystemTime::now())
}

/// Whether the name of what came to be at `born` may not be on the disk yet. What comes from the future
/// may have come right now: clocks are set back.
pub(crate) fn is_young(born: SystemTime) -> bool {
    born.elapsed().map_or(true, |age| age < ON_ITS_WAY)
}

/// Syncs the name of `path`, which is absolute, if it is young; then the name of its directory, and so on
/// up to the first one that is not.
///
/// What we may not open is passed over: whoever created it there could.
pub(crate) fn sync_young_names(path: &Path) -> io::Result<()> {
    for (of, directory) in path.ancestors().zip(path.ancestors().skip(1)) {
        if !of.metadata().is_ok_and(|metadata| is_young(birth_of(&metadata))) {
            break;
        }
        match sys::open_directory(directory) {
            Ok(opened) => sys::sync_directory(&opened)?,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
