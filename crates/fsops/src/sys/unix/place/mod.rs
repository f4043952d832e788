//! The place of a file: its directory, opened once, and its name there.
//!
//! All steps of a replacement go through the directory's descriptor. So they happen in one
//! directory, even if another user exchanges directories or links on the path meanwhile. What is
//! replaced is an entry of that directory, whatever the path leads to by then.

mod temporary;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};

use super::{is_mounted, rename_new_at, sync_directory};
use crate::sys::Fingerprint;
pub(crate) use temporary::Temporary;

/// A directory, open, and a name in it.
#[derive(Debug)]
pub(crate) struct Place {
    directory: File,
    name: OsString,
}

/// What a directory has at a name.
pub(crate) struct Found(Stat);

impl Place {
    /// The place that `path`, which is absolute, leads to. Of a link, the link's own place.
    ///
    /// A directory that is to be synced must be readable. Any other need only be searchable, if the
    /// system lets us open it so (`O_PATH`).
    pub(crate) fn open(path: &Path, to_sync: bool) -> io::Result<Self> {
        let Some(name) = path.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no last name"));
        };
        let mut name = name.to_owned();
        // A slash at the end asks for a directory; the system knows what to say to that.
        if path.as_os_str().as_bytes().ends_with(b"/") {
            name.push("/");
        }
        let how = if to_sync { OFlags::RDONLY } else { searchable() };
        let how = how | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = path.parent().unwrap_or(path);
        let directory = retry_on_intr(|| rustix::fs::open(directory, how, Mode::empty()))?;
        Ok(Self { directory: directory.into(), name })
    }

    /// What is at the place now; a link is not followed.
    pub(crate) fn look(&self) -> io::Result<Option<Found>> {
        self.look_at(&self.name)
    }

    fn look_at(&self, name: &OsStr) -> io::Result<Option<Found>> {
        match retry_on_intr(|| statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(stat) => Ok(Some(Found(stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Which version of a file was `found` here.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "Windows has to ask")]
    pub(crate) fn fingerprint(&self, found: &Found) -> io::Result<Fingerprint> {
        Ok(found.fingerprint())
    }

    /// Removes the file at the place.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.remove_entry(&self.name)
    }

    fn remove_entry(&self, name: &OsStr) -> io::Result<()> {
        Ok(retry_on_intr(|| unlinkat(&self.directory, name, AtFlags::empty()))?)
    }

    /// Renames the file at the place to `to`, which is absolute, unless something is there.
    /// `to_sibling`: `to` is in the same directory.
    pub(crate) fn rename_new(&self, to: &Path, to_sibling: bool) -> io::Result<()> {
        match to.file_name().filter(|_| to_sibling) {
            Some(name) => rename_new_at((&self.directory, &self.name), (&self.directory, name)),
            None => rename_new_at((&self.directory, &self.name), (rustix::fs::CWD, to.as_os_str())),
        }
    }

    /// Removes the files that are `meant` and that were not written to for `age`. `meant` is given
    /// each entry's name, and says which name it means by it, if any. Returns how many. One that
    /// cannot be removed is passed over.
    pub(crate) fn remove_old(
        &self,
        meant: impl Fn(&OsStr) -> Option<OsString>,
        age: Duration,
    ) -> io::Result<usize> {
        let mut removed = 0;
        for entry in rustix::fs::Dir::read_from(&self.directory)?.flatten() {
            let Some(name) = meant(OsStr::from_bytes(entry.file_name().to_bytes())) else {
                continue;
            };
            let is_old = |found: &Found| {
                found.is_file() && found.modified().elapsed().is_ok_and(|since| since > age)
            };
            if matches!(self.look_at(&name), Ok(Some(found)) if is_old(&found))
                && self.remove_entry(&name).is_ok()
            {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Syncs the directory, in which `_file` has got another name.
    pub(crate) fn sync_renamed(&self, _file: &File) -> io::Result<()> {
        sync_directory(&self.directory)
    }

    /// Whether the `error` of a renaming to the place means that something is mounted there.
    pub(crate) fn is_mount_point(&self, error: &io::Error) -> bool {
        super::is(error, &[Errno::BUSY]) && is_mounted(&self.directory, &self.name)
    }
}

/// How to open a directory that is only searched.
fn searchable() -> OFlags {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return OFlags::RDONLY;
}

impl Found {
    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.0.st_mode)
    }

    pub(crate) fn is_link(&self) -> bool {
        self.kind() == FileType::Symlink
    }

    fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    /// What it is, if it is no regular file.
    pub(crate) fn not_regular(&self) -> Option<&'static str> {
        match self.kind() {
            FileType::RegularFile => None,
            FileType::Directory => Some("a directory"),
            FileType::Fifo => Some("a FIFO"),
            FileType::Socket => Some("a socket"),
            FileType::Symlink => Some("a symbolic link"),
            _ => Some("a device"),
        }
    }

    /// A file's own mode does not keep it from being replaced; its directory's can.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "it can fail on Windows")]
    pub(crate) fn may_be_replaced(&self) -> io::Result<()> {
        Ok(())
    }

    fn modified(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.fingerprint().modified;
        let seconds = Duration::from_secs(seconds.unsigned_abs());
        let whole = if self.fingerprint().modified.0 < 0 {
            SystemTime::UNIX_EPOCH - seconds
        } else {
            SystemTime::UNIX_EPOCH + seconds
        };
        whole + Duration::from_nanos(nanoseconds.unsigned_abs())
    }

    pub(super) fn owner(&self) -> (u32, u32) {
        (self.0.st_uid, self.0.st_gid)
    }

    #[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "its type differs by system")]
    pub(super) fn mode(&self) -> u32 {
        self.0.st_mode as u32
    }

    /// The same as of [`std::fs::Metadata`].
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "the types differ by system; std casts them like this"
    )]
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let stat = &self.0;
        Fingerprint {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }
}
