//! Flushing: what is staged, onto the document as it is by then.

use std::sync::Arc;

use lockedfile::Outcome;

use super::Lockfile;
use super::commit::{Flushed, finish_round};
use super::stage::Snapshot;
use crate::document::Document;
use crate::document::load::read_document;
use crate::document::render::after;
use crate::error::FlushError;

impl Lockfile {
    /// Writes what is staged, and nothing else, into the document as it is now. The document is
    /// read again under the lock, so that what others have written since stays.
    ///
    /// What was written is no longer staged: a later flush does not overwrite another program's
    /// newer value with it. What is staged during a flush stays staged, unless that flush already
    /// wrote it. If nothing is staged, a missing file is created and an existing one is left alone.
    /// Missing parent directories are created, and removed again if no document comes to be in
    /// them.
    ///
    /// # Errors
    ///
    /// After [`NotDurable`](lockedfile::Error::NotDurable) the document is written, and nothing is
    /// staged any more. After any other error everything is still staged, and flushing again is
    /// safe. The file is as it was, except after [`LockLost`](lockedfile::Error::LockLost): then it
    /// may be written.
    pub fn flush(&self) -> Result<Flushed, FlushError> {
        if self.is_inside_update() {
            return Err(FlushError::InsideUpdate { path: self.path().to_owned() });
        }
        if !self.has_file {
            return Err(FlushError::NoFile);
        }
        let path = self.path();
        let mut turn = self.take_turn();
        let lock = match &*turn {
            Some(lock) => lock,
            None => turn.insert(self.options.file.handle(path)?),
        };
        let mut rounds = self.options.file.rounds_of(lock)?;
        // Put together before the lock is taken, so that no other process waits for it.
        let known = self.fold_written();
        loop {
            let held = rounds.lock()?;
            let (document, version) = read_document(path, Some(&known))?;
            // Taken under the lock, so that what is staged while we wait for it goes along.
            let snapshot = self.state().staged.snapshot();
            let (outcome, flushed) = finish_round(held, (&document, &version), &snapshot.changes)?;
            let result = match outcome {
                Outcome::Disturbed(by) => {
                    rounds.again(by)?;
                    continue;
                }
                Outcome::NotDurable(error) => Err(lockedfile::Error::NotDurable(error).into()),
                Outcome::Done => Ok(flushed),
            };
            self.settle(document, snapshot);
            return result;
        }
    }

    /// Folds what the last flush wrote into `document`, and returns that: it is what the file holds
    /// if no other program has written it since. The flushes of one handle take turns, and nothing
    /// else changes this.
    fn fold_written(&self) -> Arc<Document> {
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

    /// The document now is `document` with `snapshot` on top. The flushes of one handle take turns,
    /// so that the later one has the last word here, too.
    fn settle(&self, document: Arc<Document>, snapshot: Snapshot) {
        let mut state = self.state();
        state.staged.forget(&snapshot);
        state.document = document;
        state.written = snapshot.changes;
    }
}
