//! What lies in a directory, to be compared with what lay there before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::stat::{Stat, stat};

/// All that lies in a directory and below, by path.
pub type Snapshot = BTreeMap<PathBuf, Entry>;

/// One entry of a directory, as precisely as the system tells. The times show that it was renamed,
/// written or unlinked although it looks the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is known of it without reading it.
    pub stat: Stat,
    length: u64,
    /// Of a link the path, of a file the bytes, if they are not too many.
    content: Option<Vec<u8>>,
}

/// The most bytes of a file that are compared.
const LIMIT: u64 = 1024 * 1024;

/// The names in `directory`, sorted. What is not UTF-8 in them is replaced.
///
/// # Panics
///
/// If it cannot be read.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("because the directory can be read");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("because the directory can be read"))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// All that lies in `directory` and below.
///
/// # Panics
///
/// If it cannot be looked at.
#[track_caller]
pub fn snapshot(directory: &Path) -> Snapshot {
    let mut found = Snapshot::new();
    add(&mut found, directory, false);
    found
}

/// As [`snapshot()`], without the times of directories, which change with each lock and temporary
/// in them.
///
/// # Panics
///
/// If it cannot be looked at.
#[track_caller]
pub fn snapshot_of_files(directory: &Path) -> Snapshot {
    let mut found = Snapshot::new();
    add(&mut found, directory, true);
    found
}

#[track_caller]
fn add(found: &mut Snapshot, directory: &Path, files_only: bool) {
    for entry in fs::read_dir(directory).expect("because the directory can be read") {
        let path = entry.expect("because the directory can be read").path();
        let look = path.symlink_metadata().expect("because it was just listed");
        let mut stat = stat(&path);
        if look.is_dir() && files_only {
            (stat.modified, stat.changed) = ((0, 0), (0, 0));
        }
        let content = if look.is_symlink() {
            fs::read_link(&path).ok().map(|link| link.into_os_string().into_encoded_bytes())
        } else if look.is_file() && look.len() <= LIMIT {
            Some(fs::read(&path).expect("because the file can be read"))
        } else {
            None
        };
        // A directory's own length is the file system's affair.
        let length = if look.is_dir() { 0 } else { look.len() };
        if look.is_dir() {
            add(found, &path, files_only);
        }
        found.insert(path, Entry { stat, length, content });
    }
}
