//! The handle: reading sections, and staging changes to them.
//!
//! It is three layers, and a reader sees the topmost that has an answer:
//!
//! ```text
//! staged     set or removed since the last flush     written by the next flush, forgotten after it
//!    │ flush
//! written    what the last flush put over it         folded into the document by the next flush
//!    │ fold_written
//! document   the text as it was read                 one string; sections are slices of it
//! ```

pub(crate) mod commit;
pub(crate) mod entries;
mod flush;
pub(crate) mod options;
mod origin;
mod stage;
pub(crate) mod update;
pub(crate) mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filelock::Lock;
use fsops::Version;
use lockedfile::Held;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::options::{LockfileOptions, absolute};
use self::origin::Origin;
use self::stage::Stage;
use crate::document::Document;
use crate::document::change::Change;
use crate::document::load::read_document;
use crate::document::render::after;
use crate::document::reserved::{
    self, INPUTS_DIGEST_KEY, LOCK_VERSION, LOCK_VERSION_KEY, is_reserved,
};
use crate::error::{OpenError, RenewLockError, SectionError, StageError};
use crate::json::encode::{canonical, valid};
use crate::json::locate::DecodeError;

/// One process's handle on a document.
///
/// It shows the document as it was when it was opened or last flushed through this handle, with
/// the handle's own staged changes on top. All methods take `&self` and may be called from many
/// threads; staging never waits for a flush in progress.
#[derive(Debug)]
pub struct Lockfile {
    path: PathBuf,
    was_missing: bool,
    /// Whether it is of a file, and not of a text.
    has_file: bool,
    options: LockfileOptions,
    state: Mutex<State>,
    /// The flushes of one handle take turns. They share the handle of the lock, which is faster
    /// from the second flush on: the first one makes it.
    turn: Mutex<Option<Lock>>,
    /// Inside [`update`](Self::update): the lock, which is held.
    held: Option<Held>,
}

#[derive(Debug)]
struct State {
    document: Arc<Document>,
    /// What the last flush put over `document`.
    written: BTreeMap<String, Change>,
    staged: Stage,
}

impl Lockfile {
    /// Opens the document at `path`, or a fresh one if there is no file. Takes no lock.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the file cannot be read, or is not a JSON object with distinct keys.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        LockfileOptions::new().open(path)
    }

    fn new(
        path: &Path,
        options: LockfileOptions,
        (document, version): (Arc<Document>, &Version),
        held: Option<Held>,
    ) -> Self {
        let mut lockfile = Self::of(path, options, document);
        (lockfile.was_missing, lockfile.held) = (version.is_missing(), held);
        lockfile
    }

    /// What stands in messages for the path of a document without a file.
    pub(crate) const NO_FILE: &str = "(a text)";

    fn of(path: &Path, options: LockfileOptions, document: Arc<Document>) -> Self {
        let state = State { document, written: BTreeMap::new(), staged: Stage::default() };
        Self {
            path: path.to_owned(),
            was_missing: false,
            has_file: true,
            options,
            state: Mutex::new(state),
            turn: Mutex::new(None),
            held: None,
        }
    }

    /// A document that is no file: for tests, and for comparing versions of a document. It is read
    /// and changed like any other, and [`text`](Self::text) says what became of it. It cannot be
    /// flushed.
    ///
    /// ```
    /// use agentslock_core::{Lockfile, merge::diff};
    ///
    /// let before = Lockfile::from_text("{}")?;
    /// let after = Lockfile::from_text(r#"{"runs": 1}"#)?;
    /// assert_eq!(diff(&before, &after)[0].section, "runs");
    /// # Ok::<(), agentslock_core::OpenError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`OpenError::Malformed`] when it is not a JSON object with distinct keys.
    pub fn from_text(text: impl Into<Vec<u8>>) -> Result<Self, OpenError> {
        let path = Path::new(Self::NO_FILE);
        let document = Document::parse(text.into())
            .map_err(|error| OpenError::Malformed { path: path.to_owned(), error })?;
        let mut lockfile = Self::of(path, LockfileOptions::new(), document.into());
        lockfile.has_file = false;
        Ok(lockfile)
    }

    /// The path of the document, absolute; links are not followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there was no file when the document was opened.
    pub fn was_missing(&self) -> bool {
        self.was_missing
    }

    /// The whole document, as it was read or, with what was staged or flushed since, as a flush
    /// would write it if nobody else wrote meanwhile.
    pub fn text(&self) -> String {
        let (document, written, staged) = {
            let state = self.state();
            (Arc::clone(&state.document), state.written.clone(), state.staged.snapshot().changes)
        };
        after(after(document, &written), &staged).text().to_owned()
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
    /// staged; `None` when the document has none.
    ///
    /// # Errors
    ///
    /// [`SectionError::Reserved`] when `name` is no section.
    pub fn section_raw(&self, name: &str) -> Result<Option<String>, SectionError> {
        reserved::refuse(name).map_err(|instead| self.reserved(name, instead))?;
        Ok(self.read(name, str::to_owned))
    }

    /// The value of any top-level key, reserved ones included, as it is spelled in the document, or
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

    /// The version of the document's format. A document without one has version 1.
    ///
    /// # Errors
    ///
    /// [`SectionError::Decode`] when it is not a whole number.
    pub fn lock_version(&self) -> Result<u64, SectionError> {
        let version = self.read(LOCK_VERSION_KEY, |json| self.decode(LOCK_VERSION_KEY, json));
        Ok(version.transpose()?.unwrap_or(LOCK_VERSION))
    }

    /// The digest of the inputs that the sections were resolved from; `None` when it is absent,
    /// empty, or not a string.
    pub fn inputs_digest(&self) -> Option<String> {
        let digest = self.read(INPUTS_DIGEST_KEY, |json| serde_json::from_str::<String>(json));
        digest.and_then(Result::ok).filter(|digest| !digest.is_empty())
    }

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

    /// Stages the digest of the inputs; the empty string removes it.
    pub fn set_inputs_digest(&self, digest: &str) {
        let change = if digest.is_empty() {
            Change::Remove
        } else {
            Change::Set(crate::json::encode::canonical_key(digest).into())
        };
        self.state().staged.put(INPUTS_DIGEST_KEY, change);
    }

    /// Inside [`update`](Self::update): renews the lock, for an update that takes longer than a few
    /// seconds. Foreign peers take a holder that did not renew for 30 s for gone.
    ///
    /// # Errors
    ///
    /// [`RenewLockError::NotHeld`] outside of an update; otherwise the lock's own.
    pub fn renew_lock(&self) -> Result<(), RenewLockError> {
        let held = self.held.as_ref().ok_or(RenewLockError::NotHeld)?;
        Ok(held.guard().renew()?)
    }

    fn stage_json(&self, name: &str, json: &str) -> Result<(), StageError> {
        let value = canonical(json).map_err(|_| StageError::TooDeep {
            section: name.to_owned(),
            limit: crate::json::encode::MAX_DEPTH,
        })?;
        self.state().staged.put(name, Change::Set(value.into()));
        Ok(())
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
    fn origin(&self, name: &str) -> Option<Origin> {
        let state = self.state();
        if state.staged.get(name).is_some() || state.written.contains_key(name) {
            return None;
        }
        Origin::of(&state.document, name)
    }

    fn reserved(&self, name: &str, instead: &'static str) -> SectionError {
        SectionError::Reserved { path: self.path.clone(), name: name.to_owned(), instead }
    }

    /// Whether this is the handle that an update's closure gets.
    fn is_inside_update(&self) -> bool {
        self.held.is_some()
    }

    fn into_parts(self) -> (Held, State) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (self.held.expect("because an update's handle was made with its lock"), state)
    }

    fn take_turn(&self) -> MutexGuard<'_, Option<Lock>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A panic while it was locked cannot have left it half-changed: each change is one step.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LockfileOptions {
    /// See [`Lockfile::open`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Lockfile, OpenError> {
        let path = absolute(path.as_ref())?;
        let (document, version) = read_document(&path, None)?;
        Ok(Lockfile::new(&path, self.clone(), (document, &version), None))
    }
}

fn reserved_stage(name: &str, instead: &'static str) -> StageError {
    StageError::Reserved { name: name.to_owned(), instead }
}
