//! Writing what was repaired.

use std::io::Write;
use std::path::Path;

use fsops::{AtomicFile, Durability, ReplaceError};

use super::finding::Finding;
use super::text::examine;
use crate::flags::Common;
use crate::hold::Hold;
use crate::io::failure::{Failure, LOCKED};
use crate::lock_wait;
use crate::sys;

/// Repairs the document at `path` as it is once the lock is held, and returns what was repaired.
pub(super) fn write(common: &Common, path: &Path) -> Result<Vec<Finding>, Failure> {
    sys::wait_begins();
    let hold = Hold::acquire(common, path)?;
    lock_wait::tell_acquired(common, path, hold.guard());
    let contents = fsops::read(path)?;
    let examined = examine(&contents.bytes.unwrap_or_default());
    let Some(repaired) = examined.repaired else { return Ok(Vec::new()) };
    let mut file = AtomicFile::create(path, Durability::Full)?;
    let failed = |verb| {
        move |source| Failure::from(ReplaceError::Io { verb, path: path.to_owned(), source })
    };
    file.write_all(repaired.as_bytes()).map_err(failed("write the new content of"))?;
    let file = file.make_ready()?;
    hold.verify()?;
    if !contents.version.is_current(path).map_err(failed("examine"))? {
        let message = format!("`{}` was changed without its lock; try again", path.display());
        return Err(Failure::new(LOCKED, "changed", message));
    }
    file.commit()?;
    hold.release();
    Ok(examined.findings.into_iter().filter(|finding| finding.fixable).collect())
}
