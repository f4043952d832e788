//! Staging through a handle: what the next flush writes.

use serde::Serialize;

use super::Lockfile;
use crate::digest::Digest;
use crate::document::change::Change;
use crate::document::reserved::{self, INPUTS_DIGEST_KEY};
use crate::error::StageError;
use crate::json::encode::{MAX_DEPTH, canonical, canonical_key, valid};

impl Lockfile {
    /// Stages `value` as the section `name`. [`flush`](Self::flush) writes it.
    ///
    /// # Errors
    ///
    /// [`StageError::Reserved`], [`StageError::Serialize`], [`StageError::TooDeep`]; nothing was
    /// staged.
    pub fn set_section<T: Serialize + ?Sized>(
        &self,
        name: &str,
        value: &T,
    ) -> Result<(), StageError> {
        reserved::refuse(name).map_err(|instead| reserved_stage(name, instead))?;
        let json = serde_json::to_string(value)
            .map_err(|source| StageError::Serialize { section: name.to_owned(), source })?;
        self.stage_json(name, &json)
    }

    /// Stages `json`, a JSON text, as the section `name`.
    ///
    /// # Errors
    ///
    /// As [`set_section`](Self::set_section), and [`StageError::NotJson`].
    pub fn set_section_raw(&self, name: &str, json: impl AsRef<[u8]>) -> Result<(), StageError> {
        reserved::refuse(name).map_err(|instead| reserved_stage(name, instead))?;
        let json = valid(json.as_ref())
            .map_err(|error| StageError::NotJson { section: name.to_owned(), error })?;
        self.stage_json(name, json)
    }

    /// Stages the removal of the section `name`. Removing what is not there changes nothing.
    ///
    /// # Errors
    ///
    /// [`StageError::Reserved`].
    pub fn remove_section(&self, name: &str) -> Result<(), StageError> {
        reserved::refuse(name).map_err(|instead| reserved_stage(name, instead))?;
        self.state().staged.put(name, Change::Remove);
        Ok(())
    }

    /// Stages the digest of the inputs that the sections were resolved from, unchecked.
    pub fn set_inputs_digest(&self, digest: &Digest) {
        let json = canonical_key(digest.as_str());
        self.state().staged.put(INPUTS_DIGEST_KEY, Change::Set(json.into()));
    }

    /// Stages the removal of the digest of the inputs.
    pub fn remove_inputs_digest(&self) {
        self.state().staged.put(INPUTS_DIGEST_KEY, Change::Remove);
    }

    fn stage_json(&self, name: &str, json: &str) -> Result<(), StageError> {
        let value = canonical(json)
            .map_err(|_| StageError::TooDeep { section: name.to_owned(), limit: MAX_DEPTH })?;
        self.state().staged.put(name, Change::Set(value.into()));
        Ok(())
    }
}

fn reserved_stage(name: &str, instead: &'static str) -> StageError {
    StageError::Reserved { name: name.to_owned(), instead }
}
