//! Reading the document at a path.

use std::path::Path;
use std::sync::Arc;

use fsops::{Contents, ReadFileError, Reread, Version};
use lockedfile::{Doubt, Options, ROUNDS, Rounds, Settled};

use super::Document;
use crate::error::{FlushError, OpenError};
use crate::json::syntax::{SyntaxError, SyntaxProblem};

/// A document, and which version of the file it is.
type Loaded = (Arc<Document>, Version);

/// The document at `path`, without the lock. A missing one is believed after a pause, an unfinished
/// one after a longer one: `lockedfile` says how.
pub(crate) fn read_document(path: &Path, options: &Options) -> Result<Loaded, OpenError> {
    let mut settling = options.settling(path).reads_only();
    let mut changes = 0;
    loop {
        let (doubt, result) = match fsops::read(path) {
            Ok(contents) if contents.bytes.is_none() => (Doubt::Missing, Ok(contents)),
            Err(error @ ReadFileError::DanglingLink { .. }) => (Doubt::Missing, Err(error)),
            other => match parse(other?) {
                Parsed::Whole(loaded) => return Ok(loaded),
                Parsed::Wrong(_, version) if changes < ROUNDS && has_changed(path, &version) => {
                    changes += 1;
                    continue;
                }
                Parsed::Wrong(error, version) if is_unfinished(&error) => {
                    match settling.settle(Doubt::Unfinished(&version))? {
                        Settled::Changed => continue,
                        Settled::Believed => return Err(malformed(path, error)),
                    }
                }
                Parsed::Wrong(error, _) => return Err(malformed(path, error)),
            },
        };
        if settling.settle(doubt)? == Settled::Believed {
            let version = result?.version;
            return Ok((Document::fresh().into(), version));
        }
    }
}

/// The document as it is now, under the lock. If it still is as `known`, it is neither parsed nor
/// kept a second time.
pub(crate) fn read_in_round(
    rounds: &mut Rounds<'_>,
    known: Option<&Arc<Document>>,
) -> Result<Loaded, FlushError> {
    let mut changes = 0;
    loop {
        let contents = match known {
            None => rounds.read()?,
            Some(document) => match rounds.reread(document.text().as_bytes())? {
                Reread::Same(version) => return Ok((Arc::clone(document), version)),
                Reread::Other(contents) => contents,
            },
        };
        let (error, version) = match parse(contents) {
            Parsed::Whole(loaded) => return Ok(loaded),
            Parsed::Wrong(error, version) => (error, version),
        };
        if changes < ROUNDS && has_changed(rounds.path(), &version) {
            changes += 1;
        } else if !is_unfinished(&error)
            || rounds.settle(Doubt::Unfinished(&version))? == Settled::Believed
        {
            return Err(malformed(rounds.path(), error).into());
        }
    }
}

/// The document at `path`, if it is there and whole at the first look.
pub(crate) fn read_at_once(path: &Path, known: Option<&Arc<Document>>) -> Option<Loaded> {
    let contents = match known {
        None => fsops::read(path).ok()?,
        Some(document) => match fsops::reread(path, document.text().as_bytes()).ok()? {
            Reread::Same(version) => return Some((Arc::clone(document), version)),
            Reread::Other(contents) => contents,
        },
    };
    match parse(contents) {
        Parsed::Whole((document, version)) if !version.is_missing() => Some((document, version)),
        _ => None,
    }
}

enum Parsed {
    Whole(Loaded),
    Wrong(SyntaxError, Version),
}

fn parse(Contents { bytes, version, .. }: Contents) -> Parsed {
    match bytes.map_or_else(|| Ok(Document::fresh()), Document::parse) {
        Ok(document) => Parsed::Whole((document.into(), version)),
        Err(error) => Parsed::Wrong(error, version),
    }
}

/// Another program wrote it in place meanwhile: part was read before, and part after.
fn has_changed(path: &Path, version: &Version) -> bool {
    matches!(version.is_current(path), Ok(false))
}

/// Whether it can be the beginning of a document that another program is just writing.
fn is_unfinished(error: &SyntaxError) -> bool {
    match &error.problem {
        SyntaxProblem::Empty | SyntaxProblem::NotUtf8 => true,
        SyntaxProblem::Syntax(what) => what.starts_with("EOF"),
        _ => false,
    }
}

fn malformed(path: &Path, error: SyntaxError) -> OpenError {
    OpenError::Malformed { path: path.to_owned(), error }
}
