//! Whether a name still stands for a file that was seen there.

use std::io;
use std::path::Path;

use super::{FileId, lstat};

/// Whether the name `path` stands for the file `id`; `false` if nothing has that name.
pub(crate) fn is_at(path: &Path, id: FileId) -> io::Result<bool> {
    match lstat(path) {
        Ok(stat) => Ok(stat.id == id),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
