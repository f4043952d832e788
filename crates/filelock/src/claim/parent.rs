//! The directory that the lock lies in.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::AcquireError;
use crate::names::Names;
use crate::sys;

/// Whether the lock's directory lies on a file system of this kernel alone. Creates the directory
/// if it does not exist.
pub(crate) fn is_local(names: &Names) -> Result<bool, AcquireError> {
    match sys::file_system_is_local(&names.parent) {
        Ok(local) => Ok(local),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create_directories(names)?;
            sys::file_system_is_local(&names.parent)
                .map_err(|error| AcquireError::of("examine", &names.parent, error))
        }
        Err(error) => Err(AcquireError::of("examine", &names.parent, error)),
    }
}

/// Called when creating `path` failed with "not found": the parent vanished and is created again;
/// or it exists, and something intercepts file creation in it.
pub(crate) fn create_parent(names: &Names, path: &Path) -> Result<(), AcquireError> {
    if sys::lstat(&names.parent).is_ok() {
        return Err(AcquireError::Intercepted {
            path: path.to_owned(),
            parent: names.parent.clone(),
        });
    }
    create_directories(names)
}

fn create_directories(names: &Names) -> Result<(), AcquireError> {
    std::fs::create_dir_all(&names.parent)
        .map_err(|error| AcquireError::of("create directory", &names.parent, error))
}
