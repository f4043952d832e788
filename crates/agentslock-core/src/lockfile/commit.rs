//! One round of a flush or an update, once the lock is held: what of it is about the document. How
//! the file is replaced, and what happens if the process dies at each step, is in the crate
//! `lockedfile` (`rounds.rs`).

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use fsops::Version;
use lockedfile::{Held, Outcome};

use crate::document::Document;
use crate::document::change::Change;
use crate::document::render::{Rendered, changes_nothing};
use crate::document::version::refuse_later;
use crate::error::FlushError;

/// What a flush did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flushed {
    /// The file was replaced, or created.
    Written,
    /// All was already as staged. The file was not touched: same inode, same times.
    Unchanged,
}

/// What became of a round.
pub(super) struct Round {
    pub(super) outcome: Outcome,
    pub(super) flushed: Flushed,
    /// What was written, if it is small.
    pub(super) written: Option<Document>,
}

/// Writes `document` with `changes` applied, if that changes anything, and releases the lock.
pub(super) fn finish_round(
    held: Held,
    (document, version): (&Arc<Document>, &Version),
    changes: &BTreeMap<String, Change>,
) -> Result<Round, FlushError> {
    if !version.is_missing() && changes_nothing(document, changes) {
        held.keep();
        let (outcome, flushed) = (Outcome::Done, Flushed::Unchanged);
        return Ok(Round { outcome, flushed, written: None });
    }
    refuse_later(document, held.path())?;
    let rendered = Rendered::new(document, changes);
    let written = rendered.small_document();
    let outcome = held.replace(version, |file| match &written {
        Some(document) => file.write_all(document.text().as_bytes()),
        None => rendered.write_to(file),
    })?;
    Ok(Round { outcome, flushed: Flushed::Written, written })
}
