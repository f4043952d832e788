//! The directory that the lock lies in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::AcquireError;
use crate::names::Names;
use crate::options::LockOptions;
use crate::sys;

/// Directories that this call has created, from the outermost one inwards. Dropped, it removes them
/// again, as far as nothing is in them.
#[derive(Debug, Default)]
pub(crate) struct CreatedParents(Vec<PathBuf>);

impl CreatedParents {
    /// They stay: there is a lock in them now.
    pub(crate) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for CreatedParents {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            if std::fs::remove_dir(directory).is_err() {
                break;
            }
        }
    }
}

/// Whether the lock's directory lies on a file system of this kernel alone. Creates the directory
/// if it does not exist and the options allow it.
pub(crate) fn is_local(
    names: &Names,
    options: &LockOptions,
) -> Result<(bool, CreatedParents), AcquireError> {
    /// Other calls, which fail, can remove again what they have created. On a busy machine two of
    /// them were in the way 8 times in a row.
    const TRIES: u32 = 100;
    let mut created = CreatedParents::default();
    let mut tries = 0;
    loop {
        match sys::file_system_is_local(&names.parent) {
            Ok(local) => return Ok((local, created)),
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && options.creates_parents
                    && tries < TRIES =>
            {
                tries += 1;
                create_directories(names, &mut created)?;
            }
            Err(error) => return Err(AcquireError::of("examine", &names.parent, error)),
        }
    }
}

/// Called when creating `path` failed with "not found": the parent vanished and is created again;
/// or it exists, and something intercepts file creation in it.
pub(super) fn create_parent(
    names: &Names,
    options: &LockOptions,
    path: &Path,
) -> Result<(), AcquireError> {
    if sys::lstat(&names.parent).is_ok() {
        return Err(AcquireError::Intercepted {
            path: path.to_owned(),
            parent: names.parent.clone(),
        });
    }
    if !options.creates_parents {
        return Err(AcquireError::of("create directory", path, ErrorKind::NotFound.into()));
    }
    // It was there when the call began. What is put there again stays.
    let mut created = CreatedParents::default();
    let result = create_directories(names, &mut created);
    created.keep();
    result
}

fn create_directories(names: &Names, created: &mut CreatedParents) -> Result<(), AcquireError> {
    let failed = |error| AcquireError::of("create directory", &names.parent, error);
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && sys::lstat(path).is_err();
    let missing: Vec<_> = names.parent.ancestors().take_while(is_missing).collect();
    for directory in missing.into_iter().rev() {
        match std::fs::create_dir(directory) {
            Ok(()) => created.0.push(directory.to_owned()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            // The one above was removed again. The next look tells.
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}
