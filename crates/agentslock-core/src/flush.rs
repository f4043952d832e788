//! Flushing: what is staged, onto the document as it is by then.

use std::path::Path;
use std::sync::Arc;

use fsops::Durability;

use crate::commit::{Round, finish_round, read_document, start_over};
use crate::document::Document;
use crate::error::FlushError;
use crate::frame::after;
use crate::lockfile::Lockfile;
use crate::stage::Picture;

/// What a flush did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flushed {
    /// The file was replaced, or created.
    Written,
    /// All was already as staged. The file was not touched: same inode, same times.
    Unchanged,
}

impl Lockfile {
    /// Writes what is staged, and nothing else, onto the document as it is by now: under the lock
    /// it is read anew, so that what others have written since stays.
    ///
    /// What was written is no longer staged: a later flush does not bring it back over another
    /// program's newer value. What is staged while a flush is in progress stays staged, unless that
    /// flush already wrote it. With nothing staged, a missing file is created and an existing one
    /// left alone. Missing parent directories are created, and stay whatever comes after.
    ///
    /// # Errors
    ///
    /// After [`FlushError::NotDurable`] the document is written, and nothing is staged any more.
    /// After any other error everything is still staged, and flushing again is safe; the file is as
    /// it was, except after [`FlushError::LockLost`], when it may be written.
    pub fn flush(&self) -> Result<Flushed, FlushError> {
        if self.is_inside_update() {
            return Err(FlushError::InsideUpdate { path: self.path().to_owned() });
        }
        let (path, options) = (self.path(), &self.options);
        create_parents(path, options.durability)?;
        let _turn = self.take_turn();
        // Put together before anybody has to wait for us.
        let known = self.known();
        let mut round = 1;
        loop {
            let guard = options.lock.acquire(path)?;
            let (document, version) = read_document(path, Some(&known))?;
            // Taken under the lock, so that what is staged while we wait for it goes along.
            let picture = self.state().staged.picture();
            let read = (&*document, &version);
            let result = match finish_round(path, options, guard, read, &picture.changes)? {
                Round::Disturbed(by) => {
                    start_over(path, &mut round, by)?;
                    continue;
                }
                Round::NotDurable(error) => Err(FlushError::NotDurable(error)),
                Round::Done(flushed) => Ok(flushed),
            };
            self.settle(document, picture);
            return result;
        }
    }

    /// What the file holds if nobody else has written it since it was opened or last flushed. The flushes of one
    /// handle take turns, and nothing else changes this.
    fn known(&self) -> Arc<Document> {
        let (document, written) = {
            let state = self.state();
            (Arc::clone(&state.document), state.written.clone())
        };
        let document = after(document, &written);
        let mut state = self.state();
        state.document = Arc::clone(&document);
        state.written.clear();
        document
    }

    /// The document now is `document` with `picture` on top. The flushes of one handle take turns,
    /// so that the later one has the last word here, too.
    fn settle(&self, document: Arc<Document>, picture: Picture) {
        let mut state = self.state();
        state.staged.forget(&picture);
        state.document = document;
        state.written = picture.changes;
    }
}

/// Creates the directory that the document is to lie in. (The Go package expects it to exist;
/// first runs failed for it.)
pub(crate) fn create_parents(path: &Path, durability: Durability) -> Result<(), FlushError> {
    fsops::create_parents(path, durability)
        .map_err(|source| FlushError::CreateDirectory { path: path.to_owned(), source })
}
