//! Writing what was repaired.

use std::path::Path;

use super::finding::Finding;
use super::text::{Choice, examine};
use crate::document::commit::rewrite;
use crate::flags::Common;
use crate::io::failure::Failure;

/// Repairs the document at `path` as it is once the lock is held, and returns what was repaired.
pub(super) fn write(
    common: &Common,
    path: &Path,
    choice: Option<&Choice>,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    rewrite(path, common, |before, _| {
        let examined = examine(before.unwrap_or_default(), choice, true);
        findings = examined.findings;
        Ok(examined.repaired.map(String::into_bytes))
    })?;
    Ok(findings.into_iter().filter(|finding| finding.fixable).collect())
}
