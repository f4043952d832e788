//! What the system tells of a file.

use std::fs::Metadata;
use std::path::Path;

/// What the system tells of a file without reading it: shows that it was touched even if it looks
/// the same. Windows has another word for most of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The inode's number; on Windows the file's index.
    pub inode: u64,
    /// Kind and permissions; on Windows the attributes.
    pub mode: u32,
    /// User and group; nobody on Windows.
    pub owner: (u32, u32),
    /// The last change of the content, since an epoch of the system's.
    pub modified: (i64, i64),
    /// The last change of the inode; on Windows that of the content.
    pub changed: (i64, i64),
}

/// Looks at `path`, following no link.
///
/// # Panics
///
/// If it cannot be looked at.
#[track_caller]
pub fn stat(path: &Path) -> Stat {
    let metadata = path.symlink_metadata().expect("because the file is there");
    of(path, &metadata)
}

#[cfg(unix)]
fn of(_: &Path, metadata: &Metadata) -> Stat {
    use std::os::unix::fs::MetadataExt;
    Stat {
        inode: metadata.ino(),
        mode: metadata.mode(),
        owner: (metadata.uid(), metadata.gid()),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

#[cfg(windows)]
fn of(path: &Path, metadata: &Metadata) -> Stat {
    use std::os::windows::fs::MetadataExt;
    let modified = (i64::try_from(metadata.last_write_time()).unwrap_or(i64::MAX), 0);
    let information = winapi_util::Handle::from_path_any(path)
        .and_then(|handle| winapi_util::file::information(&handle))
        .expect("because the file is there");
    Stat {
        inode: information.file_index(),
        mode: metadata.file_attributes(),
        owner: (0, 0),
        modified,
        changed: modified,
    }
}
