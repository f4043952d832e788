//! Where a section stands in the document that it was read from, for errors.

use std::sync::Arc;

use crate::document::Document;
use crate::error::Position;
use crate::json::locate::{Step, locate};
use crate::json::syntax::place_after;

/// A section as it stands in a document.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    document: Arc<Document>,
    name: String,
}

impl Origin {
    /// `None` if the document has no such section.
    pub(crate) fn of(document: &Arc<Document>, name: &str) -> Option<Self> {
        document.value(name)?;
        Some(Self { document: Arc::clone(document), name: name.to_owned() })
    }

    /// The place `offset` bytes after the start of the value to which `path` leads.
    pub(crate) fn position(&self, path: &[Step], offset: usize) -> Position {
        let text = self.document.text();
        let value = self.document.value(&self.name).expect("because it was there");
        let start = value.as_ptr() as usize - text.as_ptr() as usize;
        let at = (start + locate(value, path) + offset).min(text.len());
        let (line, column) = place_after(&text.as_bytes()[..at]);
        Position { line, column }
    }
}
