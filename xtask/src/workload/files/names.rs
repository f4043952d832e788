//! Where the files lie, and what ties the records of the chain together.

use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// Where the files lie, below the directory of a run.
pub(super) fn place(directory: &Path) -> PathBuf {
    directory.join("files")
}

pub(super) fn chain(directory: &Path) -> PathBuf {
    place(directory).join("chain.ndjson")
}

pub(super) fn batches(directory: &Path) -> PathBuf {
    place(directory).join("batches.ndjson")
}

pub(super) fn counts(directory: &Path) -> PathBuf {
    place(directory).join("counts")
}

/// The chain's archives, from the first to the last.
pub(super) fn archives(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place(directory))? {
        let path = entry?.path();
        let number = path.extension().and_then(|it| it.to_str()?.parse::<u64>().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

pub(super) fn hash(record: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(record);
    format!("{:016x}", hasher.finish())
}
