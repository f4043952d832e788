//! Which document a verb is about.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agentslock_core::{FileError, LockOptions};
use lockedfile::{Doubt, Options, Settled};

use super::border::{Border, Search};
use super::in_git::{InGit, is_tracked};
use crate::flags::Common;
use crate::io::failure::{Failure, NO, TROUBLE};
use crate::{lock_wait, sys};

const DOCUMENT: &str = ".agentsrc.lock";
const DECLARATION: &str = ".agentsrc.json";

/// The document that is to be read. One that is missing, but is declared or would be the only one,
/// is waited for if another program may be replacing it.
pub(crate) fn to_read(common: &Common) -> Result<PathBuf, Failure> {
    if let Some(path) = &common.file {
        return Ok(path.clone());
    }
    let search = Search::from_here()?;
    let declared = upward(&search, DECLARATION).map(|path| path.with_file_name(DOCUMENT));
    let found = match (upward(&search, DOCUMENT), declared) {
        (None, _) => document_to_write(&search, common)?,
        (Some(found), Some(declared))
            if depth(&declared) > depth(&found) && is_coming_back(&declared, common)? =>
        {
            Some(declared)
        }
        (found, _) => found,
    };
    found.ok_or_else(|| absent(NO, &format!("no {DOCUMENT}"), &search))
}

/// The document that is there now.
pub(crate) fn at_once(common: &Common) -> Option<PathBuf> {
    common.file.clone().or_else(|| upward(&Search::from_here().ok()?, DOCUMENT))
}

/// The document that is to be written, which must be there, or be about to come back.
pub(crate) fn to_change(common: &Common) -> Result<PathBuf, Failure> {
    if let Some(path) = &common.file {
        return Ok(path.clone());
    }
    let search = Search::from_here()?;
    let path = document_to_write(&search, common)?
        .ok_or_else(|| absent(NO, &format!("no {DOCUMENT}"), &search))?;
    refuse_left_out(&search, &path)?;
    Ok(path)
}

/// Of two files on the way up, the one with the longer path is the nearer.
fn depth(path: &Path) -> usize {
    path.components().count()
}

/// The document that is to be written. A repository without one gets it beside its declaration,
/// even if another repository around it has a document. Elsewhere the caller must name it.
pub(crate) fn to_write(common: &Common) -> Result<PathBuf, Failure> {
    let path = to_go_with(common)?;
    if common.file.is_none() {
        refuse_left_out(&Search::from_here()?, &path)?;
    }
    Ok(path)
}

/// One that the checkout leaves out is the one that is meant, if it is nearer than `found`.
fn refuse_left_out(search: &Search, found: &Path) -> Result<(), Failure> {
    for directory in search.within().take_while(|directory| Some(*directory) != found.parent()) {
        let path = directory.join(DOCUMENT);
        if let Some(left_out) = InGit::left_out(&path) {
            return Err(left_out.into_failure(&path).about(path));
        }
    }
    Ok(())
}

/// As [`to_write`], for who only wants to know where that is.
pub(crate) fn to_go_with(common: &Common) -> Result<PathBuf, Failure> {
    if let Some(path) = &common.file {
        return Ok(path.clone());
    }
    let search = Search::from_here()?;
    let (document, declaration) =
        (document_to_write(&search, common)?, upward(&search, DECLARATION));
    match (document, declaration) {
        (Some(document), Some(declaration)) if depth(&declaration) > depth(&document) => {
            Ok(declaration.with_file_name(DOCUMENT))
        }
        (Some(document), _) => Ok(document),
        (None, Some(declaration)) => Ok(declaration.with_file_name(DOCUMENT)),
        (None, None) => {
            Err(absent(TROUBLE, &format!("neither {DOCUMENT} nor {DECLARATION}"), &search))
        }
    }
}

/// The nearest file `name` within the search. A dangling link counts: the verb says what is wrong
/// with it.
fn upward(search: &Search, name: &str) -> Option<PathBuf> {
    search.within().map(|directory| directory.join(name)).find(|path| exists(path))
}

/// The nearest document within the search. One that is missing further down can be missing for a
/// moment only: git, or an editor, is replacing it. The one further up then is not meant.
fn document_to_write(search: &Search, common: &Common) -> Result<Option<PathBuf>, Failure> {
    for directory in search.within() {
        let path = directory.join(DOCUMENT);
        if exists(&path) || is_coming_back(&path, common)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Waits for a document that another program is replacing. Git, or Mercurial, is asked whether it
/// has the document only if it is at work.
fn is_coming_back(path: &Path, common: &Common) -> Result<bool, Failure> {
    let at_once = Options::new().lock(LockOptions::new().timeout(Duration::ZERO));
    match at_once.settling(path).settle(Doubt::Missing) {
        Ok(settled) => Ok(settled == Settled::Changed),
        Err(FileError::BeingReplaced { by: Some(lock), .. }) if is_tracked(path, &lock) => {
            sys::wait_begins();
            let options = Options::new().lock(lock_wait::options(common, path));
            Ok(options.settling(path).settle(Doubt::Missing)? == Settled::Changed)
        }
        Err(FileError::BeingReplaced { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Says how far the search went, why it stopped there, and how to name the document.
fn absent(status: u8, what: &str, search: &Search) -> Failure {
    let in_git = search.within().find_map(|directory| {
        let path = directory.join(DOCUMENT);
        Some((InGit::of(&path)?, path))
    });
    let removed = match in_git {
        Some((left_out @ InGit::LeftOut(_), path)) => {
            return left_out.into_failure(&path).about(path);
        }
        Some((InGit::Removed, path)) => Some(path),
        None => None,
    };
    let last = search.last().display();
    let border = match search.border() {
        Border::Repository => format!("`{last}`, where a repository begins"),
        Border::OtherUser => {
            format!("`{last}`; the directory above that belongs to another user")
        }
        Border::Shared => {
            format!("`{last}`; in the directory above that, everybody may create files")
        }
        Border::Root => format!("`{last}`"),
    };
    let beyond = search.beyond().map(|directory| directory.join(DOCUMENT)).find(|it| exists(it));
    let elsewhere =
        beyond.map(|path| format!("if you mean `{}`, name it with --file", path.display()));
    let restored = removed.as_ref().map(|path| {
        let (shown, command) = (path.display(), InGit::Removed.command(path));
        format!("git has `{shown}`; restore it: `{command}`")
    });
    let next = match (restored, elsewhere) {
        (Some(restored), Some(elsewhere)) => format!("{restored}; or, {elsewhere}"),
        (Some(next), None) | (None, Some(next)) => next,
        (None, None) => {
            "name a document with --file, or make one here: `agentslock init`".to_owned()
        }
    };
    let failure =
        Failure::new(status, "absent", format!("{what} here or above, up to {border}; {next}"));
    Failure { path: removed, ..failure }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// A file in a directory that does not exist is most likely mistyped: its lock would exclude
/// nobody.
pub(crate) fn refuse_missing_parent(target: &Path) -> Result<(), Failure> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) if matches!(parent.metadata(), Err(error) if error.kind() == ErrorKind::NotFound) =>
        {
            let (target, parent) = (target.display(), parent.display());
            let message = format!(
                "`{target}` cannot be locked: there is no directory `{parent}`; nothing was done; if the \
                 name is right, make it: `mkdir -p {parent}`"
            );
            Err(Failure::trouble("absent", message))
        }
        _ => Ok(()),
    }
}

/// The document further up, if `target` is one by its name, and is not there.
pub(crate) fn document_above(target: &Path) -> Option<PathBuf> {
    let is_missing = target.symlink_metadata().is_err();
    let is_here = target == Path::new(DOCUMENT) || target == Path::new(".").join(DOCUMENT);
    (is_missing && is_here).then(|| upward(&Search::from_here().ok()?, DOCUMENT))?
}
