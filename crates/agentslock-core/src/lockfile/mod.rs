//! The handle. Reading through it is in `read.rs`, staging in `set.rs`.
//!
//! It is three layers, and a reader sees the topmost that has an answer:
//!
//! ```text
//! staged     set or removed since the last flush      written by the next flush, forgotten after it
//!    │ flush
//! written    what a flush put over a large document   folded into that by the next flush
//!    │ fold_written
//! document   the text as it was read                  one string; sections are slices of it
//! ```

pub(crate) mod commit;
pub(crate) mod entries;
mod flush;
pub(crate) mod options;
pub(crate) mod origin;
mod read;
mod set;
mod stage;
pub(crate) mod update;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filelock::Lock;
use fsops::Version;
use lockedfile::{Held, Seen};

use self::options::{LockfileOptions, absolute};
use self::stage::Stage;
use crate::document::Document;
use crate::document::change::Change;
use crate::document::load::read_document;
use crate::document::version::refuse_later;
use crate::error::{OpenError, RenewLockError, VersionError};

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
    /// Whether it is the handle that an update's closure gets.
    is_inside_update: bool,
    /// Inside [`update`](Self::update): the lock, if it is held.
    held: Option<Held>,
}

#[derive(Debug)]
struct State {
    document: Arc<Document>,
    /// What the last flush put over `document`.
    written: BTreeMap<String, Change>,
    staged: Stage,
    /// What was there when it was read or written last.
    seen: Seen,
}

impl Lockfile {
    /// Opens the document at `path`, or a fresh one if there is no file. Takes no lock.
    ///
    /// A file that is missing, half-written or empty is looked at again for 200 ms: another program
    /// may be replacing it. If it stays unfinished while a git operation is under way in its
    /// checkout, this waits for git, up to the lock's timeout.
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

    /// The handle that an update's closure gets.
    fn inside_update(
        path: &Path,
        options: LockfileOptions,
        loaded: (Arc<Document>, &Version),
        held: Option<Held>,
    ) -> Self {
        let mut lockfile = Self::new(path, options, loaded, held);
        lockfile.is_inside_update = true;
        lockfile
    }

    /// What stands in messages for the path of a document without a file.
    pub(crate) const NO_FILE: &str = "(a text)";

    fn of(path: &Path, options: LockfileOptions, document: Arc<Document>) -> Self {
        let (written, staged, seen) = (BTreeMap::new(), Stage::default(), Seen::Nothing);
        let state = State { document, written, staged, seen };
        Self {
            path: path.to_owned(),
            was_missing: false,
            has_file: true,
            options,
            state: Mutex::new(state),
            turn: Mutex::new(None),
            is_inside_update: false,
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

    /// Inside [`update`](Self::update): renews the lock, for an update that takes longer than a few
    /// seconds. Foreign peers take a holder that did not renew for 30 s for gone.
    ///
    /// # Errors
    ///
    /// [`RenewLockError::OutsideUpdate`] outside of an update; otherwise the lock's own.
    pub fn renew_lock(&self) -> Result<(), RenewLockError> {
        let held = self.held.as_ref().ok_or(RenewLockError::OutsideUpdate)?;
        Ok(held.guard().renew()?)
    }

    /// Refuses a document of a later format, for a change of it.
    pub(crate) fn refuse_later(&self) -> Result<(), VersionError> {
        refuse_later(&self.state().document, &self.path)
    }

    fn into_parts(self) -> (Option<Held>, State) {
        (self.held, self.state.into_inner().unwrap_or_else(PoisonError::into_inner))
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
        let (document, version) = read_document(&path, &self.file)?;
        let seen = Seen::of(&path, &version);
        let lockfile = Lockfile::new(&path, self.clone(), (document, &version), None);
        lockfile.state().seen = seen;
        Ok(lockfile)
    }
}
