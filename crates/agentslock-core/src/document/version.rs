//! Which documents may be written: not those of a later format, which this crate does not know.

use std::path::Path;
use std::sync::Arc;

use super::Document;
use super::reserved::{LOCK_VERSION, LOCK_VERSION_KEY};
use crate::error::{SectionError, VersionError};
use crate::json::locate::DecodeError;
use crate::lockfile::origin::Origin;

/// The version of the document's format. A document without one has version 1.
pub(crate) fn version_of(document: &Arc<Document>, path: &Path) -> Result<u64, SectionError> {
    let Some(json) = document.value(LOCK_VERSION_KEY) else { return Ok(LOCK_VERSION) };
    whole_number(json).map_err(|error| {
        let source = DecodeError::of(&error, json);
        let origin = Origin::of(document, LOCK_VERSION_KEY);
        SectionError::Decode {
            path: path.to_owned(),
            at: origin.map(|origin| origin.position(&[], source.offset())),
            section: LOCK_VERSION_KEY.to_owned(),
            source,
        }
    })
}

/// Refuses a document of a later format. All that writes a document asks this, and nothing else
/// needs to.
pub(crate) fn refuse_later(document: &Arc<Document>, path: &Path) -> Result<(), VersionError> {
    match version_of(document, path)? {
        found if found > LOCK_VERSION => Err(VersionError::Later { path: path.to_owned(), found }),
        _ => Ok(()),
    }
}

/// A version as it is spelled. One that is larger than any of ours is a later one all the same.
pub(crate) fn whole_number(json: &str) -> Result<u64, serde_json::Error> {
    let is_whole = !json.is_empty() && json.bytes().all(|byte| byte.is_ascii_digit());
    serde_json::from_str(json).or_else(|error| if is_whole { Ok(u64::MAX) } else { Err(error) })
}
