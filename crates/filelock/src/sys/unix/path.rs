//! What is done by a path: to look, to make, to remove, to rename.

use std::io;
use std::path::Path;

use rustix::io::retry_on_intr;

use super::{from_stat, mode_bits};
use crate::sys::{FileId, Stat};

/// Looks at what `path` names, following no link.
pub(crate) fn lstat(path: &Path) -> io::Result<Stat> {
    Ok(from_stat(&retry_on_intr(|| rustix::fs::lstat(path))?))
}

/// Which file `path` leads to, links followed. `None` if that cannot be told.
pub(crate) fn directory_id(path: &Path) -> Option<FileId> {
    Some(from_stat(&retry_on_intr(|| rustix::fs::stat(path)).ok()?).id)
}

pub(crate) fn mkdir(path: &Path, mode: u32) -> io::Result<()> {
    let mode = mode_bits(mode);
    Ok(retry_on_intr(|| rustix::fs::mkdir(path, mode))?)
}

pub(crate) fn rmdir(path: &Path) -> io::Result<()> {
    Ok(retry_on_intr(|| rustix::fs::rmdir(path))?)
}

/// Removes the directory at `path`, which the caller has just seen to be `id`: Unix cannot compare
/// and remove as one step.
pub(crate) fn rmdir_if(path: &Path, _: FileId) -> io::Result<()> {
    rmdir(path)
}

pub(crate) fn unlink(path: &Path) -> io::Result<()> {
    Ok(retry_on_intr(|| rustix::fs::unlink(path))?)
}

/// Removes the file at `path` if it still is `id`. `None`: Unix cannot, as one step.
pub(crate) fn unlink_if(_: &Path, _: FileId) -> Option<io::Result<bool>> {
    None
}

/// Renames `from` to `to` unless `to` exists, as one atomic step (renameat2(2), `RENAME_NOREPLACE`;
/// `renamex_np`, `RENAME_EXCL`). [`io::ErrorKind::Unsupported`] where the system or the file system
/// cannot do that.
pub(crate) fn rename_exclusive(from: &Path, to: &Path) -> io::Result<()> {
    rename_with(from, to, HowToRename::Exclusively)
}

/// Exchanges two names, as one atomic step (renameat2(2), `RENAME_EXCHANGE`; `renamex_np`,
/// `RENAME_SWAP`). [`io::ErrorKind::Unsupported`] as above.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    rename_with(one, other, HowToRename::Exchanging)
}

#[derive(Clone, Copy)]
enum HowToRename {
    Exclusively,
    Exchanging,
}

fn rename_with(from: &Path, to: &Path, how: HowToRename) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags};
        use rustix::io::Errno;
        let flags = match how {
            HowToRename::Exclusively => RenameFlags::NOREPLACE,
            HowToRename::Exchanging => RenameFlags::EXCHANGE,
        };
        match retry_on_intr(|| rustix::fs::renameat_with(CWD, from, CWD, to, flags)) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                Err(io::ErrorKind::Unsupported.into())
            }
            other => Ok(other?),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    {
        let _ = (from, to, how);
        Err(io::ErrorKind::Unsupported.into())
    }
}
