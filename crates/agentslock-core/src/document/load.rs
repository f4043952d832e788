//! Reading the document at a path.

use std::path::Path;
use std::sync::Arc;

use fsops::{Reread, Version};
use lockedfile::ROUNDS;

use super::Document;
use crate::error::OpenError;

/// The document at `path`, and which version of the file it is. If the file still is as `known`, it
/// is neither parsed nor kept a second time.
pub(crate) fn read_document(
    path: &Path,
    known: Option<&Arc<Document>>,
) -> Result<(Arc<Document>, Version), OpenError> {
    let mut round = 1;
    loop {
        let contents = match known {
            None => fsops::read(path)?,
            Some(document) => match fsops::reread(path, document.text().as_bytes())? {
                Reread::Same(version) => return Ok((Arc::clone(document), version)),
                Reread::Other(contents) => contents,
            },
        };
        let (bytes, version) = (contents.bytes, contents.version);
        match bytes.map_or_else(|| Ok(Document::fresh()), Document::parse) {
            Ok(document) => return Ok((document.into(), version)),
            // Another program wrote it in place meanwhile: part was read before, and part after.
            Err(_) if round < ROUNDS && matches!(version.is_current(path), Ok(false)) => round += 1,
            Err(error) => return Err(OpenError::Malformed { path: path.to_owned(), error }),
        }
    }
}
