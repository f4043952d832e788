//! Writing what was repaired.

use std::path::Path;

use super::finding::Finding;
use super::text::examine;
use crate::document::commit::rewrite;
use crate::flags::Common;
use crate::io::failure::Failure;

/// Repairs the document at `path` as it is once the lock is held, and returns what was repaired.
pub(super) fn write(common: &Common, path: &Path) -> Result<Vec<Finding>, Failure> {
    let mut repaired = Vec::new();
    rewrite(path, common, |before, _| {
        let examined = examine(before.unwrap_or_default());
        repaired = if examined.repaired.is_some() { examined.findings } else { Vec::new() };
        Ok(examined.repaired.map(String::into_bytes))
    })?;
    Ok(repaired.into_iter().filter(|finding| finding.fixable).collect())
}
