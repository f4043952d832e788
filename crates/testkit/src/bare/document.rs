//! Opening and flushing a document, bare.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::value::RawValue;

/// What opening cannot do without: reads the file, and scans it once for whether it is JSON.
///
/// # Errors
///
/// The operating system's, or the scanner's.
pub fn open(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    serde_json::from_slice::<&RawValue>(&bytes)?;
    Ok(bytes)
}

/// What a flush cannot do without: reads, scans, writes a sibling and renames it. With `sync`, the
/// file is synced before and its directory after.
///
/// # Errors
///
/// The operating system's, or the scanner's.
pub fn flush(path: &Path, sync: bool) -> io::Result<()> {
    let bytes = open(path)?;
    let temporary = path.with_extension("tmp-0123456789ab");
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    file.write_all(&bytes)?;
    if sync {
        file.sync_all()?;
    }
    std::fs::rename(&temporary, path)?;
    if sync {
        File::open(path.parent().unwrap_or(path))?.sync_all()?;
    }
    Ok(())
}
