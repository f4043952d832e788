//! The rights of a file that takes the place of another: kept, or else narrowed, never widened.
//!
//! What is kept and what is not is told in `docs/rights.md`. The order matters:
//!
//! 1. The temporary is created so narrow that nobody can open it who could not read the old file,
//!    whatever its directory's default access list adds.
//! 2. The owner comes next, because changing it clears the set-id bits (chown(2)).
//! 3. Then the access list, which sets the permission bits, too. If the old file has none, the list
//!    that the directory gave is removed first. While it is there, the group's bits are its mask,
//!    and setting them would give its users rights.
//! 4. Then the permission bits, if they differ.
//! 5. Then the content. Writing clears the set-id bits (write(2)), so they come last.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::io::Errno;

use super::access_list::{AccessList, Former, Who};
use super::errno::is;
use super::ids;
use super::place::Found;
use crate::sys::{FileState, Fingerprint};

const PERMISSIONS: u32 = 0o777;
const SPECIAL: u32 = 0o7000;
const READABLE: u32 = 0o444;

/// What a file lets whom do.
#[derive(Debug)]
pub(crate) struct Rights {
    user: u32,
    group: u32,
    mode: u32,
    acl: Option<AccessList>,
    /// Which version of the file's inode it is that has them.
    version: (u64, u64, i64, i64),
}

impl Rights {
    /// The rights of `file`, which was `found`.
    pub(crate) fn of(file: &File, found: &Found) -> io::Result<Self> {
        Ok(Self::with(found, AccessList::of_file(file)?))
    }

    /// The rights of what was `found` at `path`, itself no link, and may not be readable. No call
    /// reads an access list through a directory's descriptor (`getxattrat` came with Linux 6.13).
    pub(crate) fn of_path(path: &Path, found: &Found) -> io::Result<Self> {
        Ok(Self::with(found, AccessList::of_path(path)?))
    }

    fn with(found: &Found, acl: Option<AccessList>) -> Self {
        let (user, group) = found.owner();
        let mode = found.mode() & (PERMISSIONS | SPECIAL);
        Self { user, group, mode, acl, version: version_of(found) }
    }

    /// Whether the file that was `found` now has these rights. A change of rights changes the
    /// inode's time.
    pub(crate) fn are_of(&self, found: &Found) -> bool {
        self.version == version_of(found)
    }

    /// Whether a file in this state has the same owner and mode. Its access list is not looked at.
    pub(crate) fn have_owner_and_mode_of(&self, state: &FileState) -> bool {
        state.rights.is_some_and(|(owner, mode)| {
            owner == (self.user, self.group) && mode & (PERMISSIONS | SPECIAL) == self.mode
        })
    }

    /// The mode to create a temporary with. A new file gets what the umask leaves of 0666. What
    /// replaces a file starts with no more than what that one grants to everybody: whoever opens it
    /// now could read on later.
    pub(crate) fn at_first(replaced: Option<&Self>) -> u32 {
        match replaced {
            None => 0o666,
            Some(Self { acl: Some(_), .. }) => 0o600,
            // Nobody has less than the smaller of the two, except the old owner. So this is safe
            // for another group, and as the mask of a list that the directory gives.
            Some(Self { acl: None, mode, .. }) => {
                let everybody = mode >> 3 & mode & 0o7;
                0o600 | everybody << 3 | everybody
            }
        }
    }
}

fn version_of(found: &Found) -> (u64, u64, i64, i64) {
    let Fingerprint { device, inode, changed, .. } = found.fingerprint();
    (device, inode, changed.0, changed.1)
}

/// Gives `file`, which nobody has written to yet, the rights of the file that it is to replace, all
/// but the set-id bits. What cannot be kept is narrowed:
///
/// - Only root may give a file away, and others only to a group of theirs.
/// - A file system may refuse to change modes, or lists.
///
/// # Errors
///
/// If `file` could be kept from having more rights, or from cutting off readers, only by a call
/// that failed.
pub(crate) fn adopt(file: &File, replaced: &Rights) -> io::Result<()> {
    let own = file.metadata()?;
    let former = adopt_owner(file, &own, replaced);
    let has_acl = AccessList::of_file(file)?.is_some();
    let mut mode = own.mode() & PERMISSIONS;
    let mut wanted = match &replaced.acl {
        Some(acl) => acl.clone().handed_over(former),
        None => AccessList::of_mode(replaced.mode).handed_over(former),
    };
    if replaced.acl.is_some() {
        match wanted.set(file) {
            Ok(()) => return Ok(()),
            Err(error) if is_refusal(&error) => wanted = wanted.without_names(),
            Err(error) => return Err(error),
        }
    }
    if has_acl {
        // Its mask is at the group's place: what everybody may, or nothing.
        AccessList::remove(file)?;
        mode = file.metadata()?.mode() & PERMISSIONS;
    }
    set_mode(file, mode, wanted.mode())
}

/// Takes all rights from all but the owner of `file`, as far as its file system lets us. It is done
/// before the file gets other rights than it was made with.
pub(crate) fn close_to_others(file: &File) {
    let _ = file.set_permissions(Permissions::from_mode(0o600));
}

/// Gives `file`, whose content is complete, the set-id bits of the file that it is to replace: as
/// far as it has the same owner.
pub(crate) fn adopt_special_bits(file: &File, replaced: &Rights) -> io::Result<()> {
    if replaced.mode & SPECIAL == 0 {
        return Ok(());
    }
    let own = file.metadata()?;
    let mut special = replaced.mode & SPECIAL;
    if own.uid() != replaced.user {
        special &= !0o4000;
    }
    if own.gid() != replaced.group {
        special &= !0o2000;
    }
    set_mode(file, own.mode() & (PERMISSIONS | SPECIAL), own.mode() & PERMISSIONS | special)
}

/// Gives `file` the user and the group of `replaced`, as far as we may, and returns whom it could
/// not be given to.
fn adopt_owner(file: &File, own: &Metadata, replaced: &Rights) -> Former {
    let user = ids::user(replaced.user, own.uid());
    let group = ids::group(replaced.group, own.gid());
    let mut former = Former {
        user: (user != Who::Known(own.uid())).then_some(user),
        group: (group != Who::Known(own.gid())).then_some(group),
    };
    let id = |who| match who {
        Some(Who::Known(id)) => Some(id),
        _ => None,
    };
    let (user, group) = (id(former.user), id(former.group));
    if user.is_some() && fchown(file, user, group).is_ok() {
        former.user = None;
        former.group = former.group.filter(|_| group.is_none());
    } else if group.is_some() && fchown(file, None, group).is_ok() {
        former.group = None;
    }
    former
}

/// Sets a mode, if it differs. Where that is refused, what `file` has may stay if it grants nothing
/// more, and keeps nobody from reading.
fn set_mode(file: &File, mode: u32, wanted: u32) -> io::Result<()> {
    if mode == wanted {
        return Ok(());
    }
    match file.set_permissions(Permissions::from_mode(wanted)) {
        Err(error)
            if is_refusal(&error)
                && mode & !wanted == 0
                && mode & READABLE == wanted & READABLE =>
        {
            Ok(())
        }
        other => other,
    }
}

/// The file system has no such thing, or lets nobody change it. See `docs/platforms.md`.
fn is_refusal(error: &io::Error) -> bool {
    is(error, &[Errno::PERM, Errno::NOTSUP, Errno::NOSYS, Errno::INVAL])
}
