//! Where a document lies: in a file, or, for tests, in memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{FlushError, OpenError};
use crate::lockfile::Lockfile;
use crate::lockfile::commit::Flushed;
use crate::lockfile::options::LockfileOptions;
use crate::lockfile::update::Updated;

/// Where a document lies, for a crate that offers a section to others. They use it on a file. Their
/// tests use it without one.
///
/// It holds no document and no lock. Clones of a place in memory share it.
#[derive(Clone, Debug)]
pub struct DocumentPlace(Kind);

#[derive(Clone, Debug)]
enum Kind {
    File { path: PathBuf, options: LockfileOptions },
    Memory(Arc<Mutex<String>>),
}

impl DocumentPlace {
    /// The file at `path`, which need not exist.
    pub fn file(path: impl AsRef<Path>, options: LockfileOptions) -> Self {
        Self(Kind::File { path: path.as_ref().to_owned(), options })
    }

    /// A document in memory, which holds `text` now.
    ///
    /// # Errors
    ///
    /// [`OpenError::Malformed`] if it is not a lock document.
    pub fn memory(text: impl Into<String>) -> Result<Self, OpenError> {
        let text = text.into();
        Lockfile::from_text(text.as_str())?;
        Ok(Self(Kind::Memory(Arc::new(Mutex::new(text)))))
    }

    /// The path of the file, as it was given. In memory, a text that stands for it in messages.
    pub fn path(&self) -> &Path {
        match &self.0 {
            Kind::File { path, .. } => path,
            Kind::Memory(_) => Path::new(Lockfile::NO_FILE),
        }
    }

    /// A handle on the document as it is now. Takes no lock.
    ///
    /// # Errors
    ///
    /// As [`Lockfile::open`].
    pub fn open(&self) -> Result<Lockfile, OpenError> {
        match &self.0 {
            Kind::File { path, options } => options.open(path),
            Kind::Memory(text) => Lockfile::from_text(locked(text).as_str()),
        }
    }

    /// Reads and changes the document under one hold of the lock, as [`Lockfile::update`] does.
    /// `change` first runs without the lock: if it changes nothing then, no lock is taken
    /// ([`LockfileOptions::first_look`]). A document in memory is changed by one thread at a time.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn update<R, E, F>(&self, mut change: F) -> Result<Updated<R>, E>
    where
        F: FnMut(&Lockfile) -> Result<R, E>,
        E: From<FlushError>,
    {
        match &self.0 {
            Kind::File { path, options } => options.clone().first_look(true).update(path, change),
            Kind::Memory(text) => {
                let mut text = locked(text);
                let lockfile = Lockfile::from_text(text.as_str()).map_err(FlushError::from)?;
                lockfile.refuse_later().map_err(FlushError::from)?;
                let value = change(&lockfile)?;
                let after = lockfile.text();
                let same = *text == after;
                *text = after;
                let flushed = if same { Flushed::Unchanged } else { Flushed::Written };
                Ok(Updated { value, flushed })
            }
        }
    }

    /// What [`update`](Self::update) would do now: runs `change` on the document as it is. Takes no
    /// lock and writes nothing.
    ///
    /// # Errors
    ///
    /// What `change` returns, and [`FlushError`] if the document cannot be read, or is of a later
    /// format.
    pub fn plan<R, E>(&self, change: impl FnOnce(&Lockfile) -> Result<R, E>) -> Result<R, E>
    where
        E: From<FlushError>,
    {
        let lockfile = self.open().map_err(FlushError::from)?;
        lockfile.refuse_later().map_err(FlushError::from)?;
        change(&lockfile)
    }
}

/// A panic while it was locked cannot have left it half-changed: it is replaced in one step.
fn locked(text: &Mutex<String>) -> MutexGuard<'_, String> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}
