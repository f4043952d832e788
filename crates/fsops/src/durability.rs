//! What a power cut may take, and the syncing of directories.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use crate::sys;

/// What a write promises about a power cut. Against the death of a process both promise the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// Once the call has returned, the new content survives a power cut. The file is synced before
    /// it takes its name, and its directory after.
    #[default]
    Full,
    /// Nothing is synced. Other processes see the old or the new content, never a mixture. After a
    /// power cut the file may be the old one or the new one. On some file systems it may be empty
    /// or full of NUL bytes.
    Atomic,
}

/// Directories that [`create_parents`] has created. They stay, unless
/// [`remove_if_empty`](Self::remove_if_empty) is called.
#[derive(Debug, Default)]
pub struct CreatedParents {
    /// From the outermost one inwards.
    directories: Vec<PathBuf>,
}

impl CreatedParents {
    /// Whether all directories were there.
    pub fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// Removes them again, as far as nothing is in them: for when what they were created for did
    /// not come about. What cannot be removed stays.
    pub fn remove_if_empty(self) {
        for directory in self.directories.iter().rev() {
            if std::fs::remove_dir(directory).is_err() {
                break;
            }
        }
    }
}

/// Creates the missing parent directories of `path`, each of them durably if `durability` says so,
/// and returns which ones it has created.
///
/// A directory that is there already may have been created by another process a moment ago, which
/// has not synced its name yet. So if `path` itself does not exist, the name of the deepest
/// directory that was there is synced, too, as far as we may.
///
/// # Errors
///
/// The operating system's. Directories that were created before the error are removed again.
pub fn create_parents(
    path: impl AsRef<Path>,
    durability: Durability,
) -> io::Result<CreatedParents> {
    let path = std::path::absolute(path)?;
    let mut created = CreatedParents::default();
    if path.try_exists().unwrap_or(false) {
        return Ok(created);
    }
    match create_missing(&path, durability, &mut created.directories) {
        Ok(()) => Ok(created),
        Err(error) => {
            created.remove_if_empty();
            Err(error)
        }
    }
}

fn create_missing(
    path: &Path,
    durability: Durability,
    created: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let mut missing = Vec::new();
    for ancestor in path.ancestors().skip(1) {
        if ancestor.try_exists()? {
            // A process that creates directories syncs each name before it goes deeper, and all
            // before the file exists. So no other name than this one can be on its way.
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
            Ok(()) => created.push(directory.to_owned()),
            // Another process needs it too. (A link that leads nowhere has the name as well.)
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {}
            Err(error) => return Err(error),
        }
        if durability == Durability::Full {
            sync_own_name(directory, None)?;
        }
    }
    Ok(())
}

/// Makes the name of a file or directory survive a power cut.
pub(crate) fn sync_name_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => sys::sync_directory(&sys::open_directory(parent)?),
        None => Ok(()),
    }
}

/// The same for what we have just created: `file`, or a directory that can be opened. If the
/// directory around it cannot be opened, all of the file system is synced. A directory that was
/// opened, and cannot be synced, is an error: who syncs more may be told of success.
fn sync_own_name(path: &Path, file: Option<&File>) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    match (sys::open_directory(parent), file) {
        (Ok(parent), _) => sys::sync_directory(&parent),
        (Err(error), Some(file)) if is_closed(&error) => sys::sync_file_system(file),
        (Err(error), None) if is_closed(&error) => sys::sync_file_system(&File::open(path)?),
        (Err(error), _) => Err(error),
    }
}

/// Whether a directory is there, and cannot be opened: we may not read it, or have too many files
/// open. What lies in it is synced with its whole file system then.
fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied || sys::has_too_many_open(error)
}

/// The directory that `path`, which is absolute, lies in.
pub(crate) fn parent_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

/// How long a name may be on its way to the disk. File systems write names down by
/// themselves: ext4 after 5 s, xfs and btrfs after 30 s, f2fs after 60 s. If a laptop saves power
/// (`laptop_mode`), it is 10 minutes. A mount option can make it longer; this leaves room.
const ON_ITS_WAY: Duration = Duration::from_secs(20 * 60);

/// When a file or directory came to be, as far as the file system tells; else, when it was last
/// changed.
pub(crate) fn birth_of(metadata: &Metadata) -> SystemTime {
    metadata.created().or_else(|_| metadata.modified()).unwrap_or_else(|_| SystemTime::now())
}

/// Whether the name of what came to be at `born` may not be on the disk yet. What comes from the
/// future may have come right now: clocks are set back.
pub(crate) fn is_young(born: SystemTime) -> bool {
    born.elapsed().map_or(true, |age| age < ON_ITS_WAY)
}

/// Syncs the name of `path`, which is absolute, if it is young. Then it syncs the name of its
/// directory, and so on up to the first one that is not young. Each once in the life of this
/// process.
///
/// A directory that we may not open is passed over: whoever created a name in it has synced that.
/// With `file`, which lies on the same file system and was just written to, all of that file system
/// is synced instead.
pub(crate) fn sync_young_names(path: &Path, file: Option<&File>) -> io::Result<()> {
    for (of, directory) in path.ancestors().zip(path.ancestors().skip(1)) {
        let Ok(born) = of.metadata().map(|metadata| birth_of(&metadata)) else { break };
        let name = (of.to_owned(), born);
        if !is_young(born) || is_synced(&name) {
            break;
        }
        match sys::open_directory(directory) {
            Ok(opened) => sys::sync_directory(&opened)?,
            Err(error) => match file {
                Some(file) if is_closed(&error) => {
                    sys::sync_file_system(file)?;
                    note_as_synced(name);
                    break;
                }
                None if error.kind() == io::ErrorKind::PermissionDenied => {}
                _ => return Err(error),
            },
        }
        note_as_synced(name);
    }
    Ok(())
}

/// The same for a `file` that we have just created. Its own name must be synced, whatever time
/// another machine says that it was born.
pub(crate) fn sync_new_name(path: &Path, file: &File) -> io::Result<()> {
    sync_own_name(path, Some(file))?;
    note_as_synced((path.to_owned(), birth_of(&file.metadata()?)));
    path.parent().map_or(Ok(()), |parent| sync_young_names(parent, Some(file)))
}

/// The young names that this process has synced, each with the birth of what it stands for.
static SYNCED: Mutex<BTreeSet<(PathBuf, SystemTime)>> = Mutex::new(BTreeSet::new());

/// Never waits, for in a forked child the one who has the mutex may not exist.
fn is_synced(name: &(PathBuf, SystemTime)) -> bool {
    SYNCED.try_lock().is_ok_and(|synced| synced.contains(name))
}

fn note_as_synced(name: (PathBuf, SystemTime)) {
    const MANY: usize = 1024;
    if let Ok(mut synced) = SYNCED.try_lock() {
        // Most of them are not young any more.
        if synced.len() >= MANY {
            synced.clear();
        }
        synced.insert(name);
    }
}
