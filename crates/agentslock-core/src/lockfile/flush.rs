//! Flushing: what is staged, onto the document as it is by then.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockedfile::{Outcome, Seen};

use super::Lockfile;
use super::commit::{Flushed, finish_round};
use super::stage::Snapshot;
use crate::document::Document;
use crate::document::load::{read_at_once, read_in_round};
use crate::document::render::{after, changes_nothing};
use crate::error::FlushError;

impl Lockfile {
    /// Writes what is staged, and nothing else, into the document as it is now. The document is
    /// read again under the lock, so that what others have written since stays.
    ///
    /// What was written is no longer staged: a later flush does not overwrite another program's
    /// newer value with it. What is staged during a flush stays staged, unless that flush already
    /// wrote it. If nothing is staged, a missing file is created and an existing one is left alone.
    /// Missing parent directories are created, and removed again if no document comes to be in
    /// them. A document or a directory that this handle has seen is not made again after another
    /// program removed it.
    ///
    /// If the document already is as staged, no lock is taken, and no right to write is needed. It
    /// then was as staged at one moment during the call.
    ///
    /// Git and some editors replace a file by removing it and creating it again. So a document is
    /// missing only after it stayed so for 200 ms, with no git operation under way in its checkout.
    /// The flush waits for git up to the lock's timeout.
    ///
    /// # Errors
    ///
    /// After [`NotDurable`](lockedfile::Error::NotDurable) the document is written, and nothing is
    /// staged any more. After any other error everything is still staged, and flushing again is
    /// safe. The file is as it was, except after [`LockLost`](lockedfile::Error::LockLost): then it
    /// may be written. A document of a later format is refused: [`FlushError::Version`].
    pub fn flush(&self) -> Result<Flushed, FlushError> {
        if self.is_inside_update {
            return Err(FlushError::InsideUpdate { path: self.path().to_owned() });
        }
        if !self.has_file {
            return Err(FlushError::NoFile);
        }
        let path = self.path();
        let mut turn = self.take_turn();
        // Put together before the lock is taken, so that no other process waits for it.
        let known = self.fold_written();
        if self.is_as_staged(&known) && self.flush_nothing(&known) {
            return Ok(Flushed::Unchanged);
        }
        let lock = match &*turn {
            Some(lock) => lock,
            None => turn.insert(self.options.file.handle(path)?),
        };
        let seen = self.state().seen;
        let mut rounds = self.options.file.rounds_of(lock, seen)?;
        loop {
            let held = match rounds.lock() {
                // Another program may have written what is staged here.
                Err(_) if self.flush_nothing(&known) => return Ok(Flushed::Unchanged),
                held => held?,
            };
            let (document, version) = read_in_round(&mut rounds, Some(&known))?;
            // Taken under the lock, so that what is staged while we wait for it goes along.
            let snapshot = self.state().staged.snapshot();
            let round = finish_round(held, (&document, &version), &snapshot.changes)?;
            let result = match round.outcome {
                Outcome::Disturbed(by) => {
                    rounds.again(by)?;
                    continue;
                }
                Outcome::NotDurable(error) => Err(lockedfile::Error::NotDurable(error).into()),
                Outcome::Done => Ok(round.flushed),
            };
            self.settle(document, snapshot, round.written);
            return result;
        }
    }

    /// Whether what is staged is in `document`.
    fn is_as_staged(&self, document: &Document) -> bool {
        self.state().staged.names().all(|(name, change)| change.is_made_in(name, document))
    }

    /// The whole flush, if it changes nothing; `false`: it may change something.
    ///
    /// ```text
    /// read              what is read was the document at one moment: documents are replaced whole
    /// compare           another one is staged by now: only what the snapshot has is forgotten
    /// is it still it?   written in place while it was read: the answer is no
    /// ```
    ///
    /// If another program replaces the document after the last look, it was as staged before.
    fn flush_nothing(&self, known: &Arc<Document>) -> bool {
        let Some((document, version)) = read_at_once(self.path(), Some(known)) else {
            return false;
        };
        let snapshot = self.state().staged.snapshot();
        let is_nothing = changes_nothing(&document, &snapshot.changes)
            && version.is_current(self.path()).unwrap_or(false);
        if is_nothing {
            self.settle(document, snapshot, None);
        }
        is_nothing
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

    /// The document now is `document` with `snapshot` on top: that is `whole`, if it was composed.
    /// The flushes of one handle take turns, so that the later one has the last word here, too.
    fn settle(&self, document: Arc<Document>, snapshot: Snapshot, whole: Option<Document>) {
        let mut state = self.state();
        state.seen = Seen::File;
        state.staged.forget(&snapshot);
        (state.document, state.written) = match whole {
            Some(whole) => (whole.into(), BTreeMap::new()),
            None => (document, snapshot.changes),
        };
    }
}
