//! Reading through a handle: what is staged, else what was written, else the document.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::Lockfile;
use super::origin::Origin;
use crate::digest::Digest;
use crate::document::change::Change;
use crate::document::render::{after, changes_nothing};
use crate::document::reserved::{self, INPUTS_DIGEST_KEY, is_reserved};
use crate::document::version::{refuse_later, version_of};
use crate::error::{SectionError, VersionError};
use crate::json::locate::DecodeError;

impl Lockfile {
    /// The whole document as a flush would write it if nobody else wrote meanwhile. If nothing was
    /// staged or flushed, that is the document as it was read.
    pub fn text(&self) -> String {
        let (document, written, staged) = {
            let state = self.state();
            (Arc::clone(&state.document), state.written.clone(), state.staged.snapshot().changes)
        };
        after(after(document, &written), &staged).text().to_owned()
    }

    /// The text that a flush would write; `None` if it would change nothing. For a program that
    /// writes the document in its own way. For showing what is staged: [`text`](Self::text).
    ///
    /// # Errors
    ///
    /// [`VersionError`], if a flush would change a document of a later format.
    pub fn changed_text(&self) -> Result<Option<String>, VersionError> {
        let (document, written, staged) = {
            let state = self.state();
            (Arc::clone(&state.document), state.written.clone(), state.staged.snapshot().changes)
        };
        let document = after(document, &written);
        if changes_nothing(&document, &staged) {
            return Ok(None);
        }
        refuse_later(&document, &self.path)?;
        Ok(Some(after(document, &staged).text().to_owned()))
    }

    /// The section `name`, decoded; `None` when the document has none.
    ///
    /// # Errors
    ///
    /// [`SectionError::Decode`] when the section is not what `T` expects,
    /// [`SectionError::Reserved`] when `name` is no section.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, SectionError> {
        reserved::refuse(name).map_err(|instead| self.reserved(name, instead))?;
        self.read(name, |json| self.decode(name, json)).transpose()
    }

    /// The section `name` as it is spelled in the document, or as it would be written if it is
    /// staged. `None` if there is no such section.
    ///
    /// # Errors
    ///
    /// [`SectionError::Reserved`] when `name` is no section.
    pub fn section_raw(&self, name: &str) -> Result<Option<String>, SectionError> {
        reserved::refuse(name).map_err(|instead| self.reserved(name, instead))?;
        Ok(self.read(name, str::to_owned))
    }

    /// The value of any top-level key, reserved ones included. It is spelled as in the document, or
    /// as it would be written if it is staged. For showing, not for deciding.
    pub fn top_level_raw(&self, key: &str) -> Option<String> {
        self.read(key, str::to_owned)
    }

    /// The names of all sections, in byte order.
    pub fn section_names(&self) -> Vec<String> {
        let state = self.state();
        let mut names: BTreeSet<&str> =
            state.document.entries().iter().map(|entry| &*entry.name).collect();
        let written = state.written.iter().map(|(name, change)| (name.as_str(), change));
        for (name, change) in written.chain(state.staged.names()) {
            match change {
                Change::Set(_) => names.insert(name),
                Change::Remove => names.remove(name),
            };
        }
        names.into_iter().filter(|name| !is_reserved(name)).map(str::to_owned).collect()
    }

    /// The version of the document's format. A document without one has version 1. One that is
    /// larger than `u64::MAX` counts as that.
    ///
    /// # Errors
    ///
    /// [`SectionError::Decode`] when it is not a whole number.
    pub fn lock_version(&self) -> Result<u64, SectionError> {
        // It is never staged.
        version_of(&self.state().document, &self.path)
    }

    /// The digest of the inputs that the sections were resolved from; `None` when it is absent,
    /// empty, or not a string. Whether it is one, [`Digest::check`] tells.
    pub fn inputs_digest(&self) -> Option<Digest> {
        let digest = self.read(INPUTS_DIGEST_KEY, |json| serde_json::from_str::<String>(json));
        digest.and_then(Result::ok).filter(|digest| !digest.is_empty()).map(Digest::verbatim)
    }

    /// Calls `f` with the current value of a top-level key. Not under the handle's own lock, so
    /// that a decoder may use the handle.
    fn read<R>(&self, name: &str, f: impl FnOnce(&str) -> R) -> Option<R> {
        let (document, change) = {
            let state = self.state();
            let change = state.staged.get(name).or_else(|| state.written.get(name)).cloned();
            (Arc::clone(&state.document), change)
        };
        match change {
            Some(Change::Set(value)) => Some(f(&value)),
            Some(Change::Remove) => None,
            None => document.value(name).map(f),
        }
    }

    fn decode<T: DeserializeOwned>(&self, name: &str, json: &str) -> Result<T, SectionError> {
        serde_json::from_str(json).map_err(|error| {
            let source = DecodeError::of(&error, json);
            SectionError::Decode {
                path: self.path.clone(),
                at: self.origin(name).map(|origin| origin.position(&[], source.offset())),
                section: name.to_owned(),
                source,
            }
        })
    }

    /// Where the value of a top-level key stands; `None` if it is staged, or was since the document
    /// was read.
    pub(super) fn origin(&self, name: &str) -> Option<Origin> {
        let state = self.state();
        if state.staged.get(name).is_some() || state.written.contains_key(name) {
            return None;
        }
        Origin::of(&state.document, name)
    }

    fn reserved(&self, name: &str, instead: &'static str) -> SectionError {
        SectionError::Reserved { path: self.path.clone(), name: name.to_owned(), instead }
    }
}
