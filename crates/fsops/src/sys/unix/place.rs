//! The place of a file: its directory, opened once, and its name there.
//!
//! All steps of a replacement go through the directory's descriptor. So they happen in one
//! directory, even if another user exchanges directories or links on the path meanwhile. What is
//! replaced is an entry of that directory, whatever the path leads to by then.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, openat, renameat, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};

use super::{is_mounted, rename_new_at, sync_directory};
use crate::sys::{FileState, Fingerprint};

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

    /// Creates a file `<prefix><unique>` in the directory, with what the umask leaves of `mode`.
    pub(crate) fn create(
        self,
        prefix: &OsStr,
        unique_length: usize,
        mode: u32,
    ) -> io::Result<Temporary> {
        const TRIES: u32 = 1000;
        let how = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = mode_of(mode);
        let mut tries = 0;
        loop {
            let mut name = prefix.to_owned();
            name.push(unique(unique_length));
            match retry_on_intr(|| openat(&self.directory, &*name, how, mode)) {
                Ok(file) => {
                    return Ok(Temporary { place: self, file: file.into(), name: Some(name) });
                }
                Err(Errno::EXIST) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
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

#[allow(clippy::useless_conversion, reason = "its type differs by system")]
fn mode_of(bits: u32) -> Mode {
    Mode::from_raw_mode(bits.try_into().expect("because they are nine bits"))
}

/// How link(2) says that a file system has no further links.
const NO_LINKS: [Errno; 4] = [Errno::PERM, Errno::NOTSUP, Errno::NOSYS, Errno::MLINK];

/// How to open a directory that is only searched.
fn searchable() -> OFlags {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return OFlags::RDONLY;
}

/// A name that nobody can foretell, of letters and digits.
fn unique(length: usize) -> String {
    const CHARACTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // A forked child has the same keys, but another number.
    let seed = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let keys = RandomState::new();
    let mut number = u128::from(keys.hash_one(seed)) << 64 | u128::from(keys.hash_one((seed, 1)));
    let mut name = String::new();
    for _ in 0..length {
        let index = usize::try_from(number % 62).expect("because it is below 62");
        name.push(char::from(CHARACTERS[index]));
        number /= 62;
    }
    name
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

impl FileState {
    fn of(found: &Found) -> Self {
        let (owner, mode) = (found.owner(), found.mode());
        Self { version: found.fingerprint().without_change(), rights: Some((owner, mode)) }
    }
}

/// A file in the making. Dropping it removes what has its name from its directory, wherever that is
/// by then.
#[derive(Debug)]
pub(crate) struct Temporary {
    place: Place,
    file: File,
    /// Until it has another name.
    name: Option<OsString>,
}

impl Temporary {
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn name(&self) -> &OsStr {
        self.name.as_deref().unwrap_or(&self.place.name)
    }

    /// Takes the name of the place; with `over` from what is there.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if something is there, unless `over`.
    pub(crate) fn persist(&mut self, over: bool) -> io::Result<()> {
        let (directory, from, to) = (&self.place.directory, self.name(), &*self.place.name);
        let rename = || retry_on_intr(|| renameat(directory, from, directory, to));
        if over {
            rename()?;
        } else {
            match rename_new_at((directory, from), (directory, to)) {
                // This file system can neither rename exclusively nor link.
                Err(error) if super::is(&error, &NO_LINKS) && self.place.look()?.is_none() => {
                    rename()?;
                }
                // It was linked, and only its first name could not be removed: it is in place.
                Err(_) if self.is_in_place() => {}
                other => other?,
            }
        }
        self.name = None;
        Ok(())
    }

    /// Exchanges its name and that of the place. `false`: this system, or this file system, has no
    /// such call, and nothing was done.
    pub(crate) fn exchange(&self) -> io::Result<bool> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            let (directory, from, to) = (&self.place.directory, self.name(), &*self.place.name);
            loop {
                match renameat_with(directory, from, directory, to, RenameFlags::EXCHANGE) {
                    Ok(()) => return Ok(true),
                    Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => return Ok(false),
                    // A second exchange would undo the first.
                    Err(Errno::INTR) if self.is_in_place() => return Ok(true),
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        Ok(false)
    }

    /// What it is itself, whatever its name.
    pub(crate) fn own_state(&self) -> io::Result<FileState> {
        let stat = retry_on_intr(|| rustix::fs::fstat(&self.file))?;
        Ok(FileState::of(&Found(stat)))
    }

    /// What has its name.
    pub(crate) fn state_at_name(&self) -> io::Result<Option<FileState>> {
        Ok(self.place.look_at(self.name())?.as_ref().map(FileState::of))
    }

    /// Leaves what has its name there.
    pub(crate) fn leave(&mut self) {
        self.name = None;
    }

    fn is_in_place(&self) -> bool {
        let (Ok(own), Ok(Some(found))) = (self.file.metadata(), self.place.look()) else {
            return false;
        };
        let found = found.fingerprint();
        (own.dev(), own.ino()) == (found.device, found.inode)
    }

    /// Removes what has its name.
    pub(crate) fn remove(&mut self) -> io::Result<()> {
        self.name.take().map_or(Ok(()), |name| self.place.remove_entry(&name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = self.place.remove_entry(name);
        }
    }
}
