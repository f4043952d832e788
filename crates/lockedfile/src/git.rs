//! Whether an operation of git, or of Mercurial, is under way that can be replacing a file.
//!
//! Git holds `index.lock` while it changes the files of a checkout (`lockfile.c` and
//! `unpack-trees.c` of git). Checkout, switch, merge, rebase, stash, restore, reset, cherry-pick
//! and pull do so. It lies in the repository's directory, or in the worktree's own part of it.
//!
//! Mercurial replaces a file in the same way: it removes it, and creates it again (`vfs.py`). It
//! holds `.hg/wlock` meanwhile, which is a symbolic link that leads nowhere.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sys;

/// More than a `.git` file has, in bytes.
const LONG: u64 = 64 * 1024;

/// The lock of the checkout in which the file lies, if git or Mercurial holds it. Of a link, that
/// of the file that it leads to counts as well.
pub(crate) fn at_work_on(path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?;
    let target = fs::read_link(path).ok().map(|target| parent.join(target));
    let of_target = || at_work_in(target?.parent()?);
    at_work_in(parent).or_else(of_target)
}

/// The same, of the checkout that has this directory.
fn at_work_in(directory: &Path) -> Option<PathBuf> {
    // A directory that was removed lies in the checkout that its parent lies in.
    let directory = directory.ancestors().find_map(|it| it.canonicalize().ok())?;
    let lock = directory.ancestors().find_map(lock_of)?;
    lock.symlink_metadata().is_ok().then_some(lock)
}

/// The lock of the checkout whose top is `directory`, if it is one's top.
fn lock_of(directory: &Path) -> Option<PathBuf> {
    if let Some(git) = git_directory(directory) {
        return Some(git.join("index.lock"));
    }
    let mercurial = directory.join(".hg");
    mercurial.is_dir().then(|| mercurial.join("wlock"))
}

/// Where git keeps the index of the checkout whose top is `directory`, if it is one's top.
pub(crate) fn git_directory(directory: &Path) -> Option<PathBuf> {
    let mark = directory.join(".git");
    let metadata = mark.metadata().ok()?;
    if metadata.is_dir() {
        return Some(mark);
    }
    // In a worktree or a submodule it is a file that says where (gitrepository-layout(5)).
    if !metadata.is_file() || metadata.len() > LONG {
        return None;
    }
    let text = fs::read(&mark).ok()?;
    let named = text.strip_prefix(b"gitdir:")?.trim_ascii();
    Some(directory.join(sys::path_of(named)?))
}
