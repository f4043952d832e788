//! Linux, macOS and the BSDs.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Mutex;

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, Stat as RawStat, Timespec, Timestamps,
};
use rustix::io::{Errno, FdFlags, retry_on_intr};

use super::{Access, FileId, Flock, Kind, Stat, is_refused};

mod path;
pub(crate) use path::{
    directory_id, exchange, lstat, mkdir, rename_exclusive, rmdir, rmdir_if, unlink, unlink_if,
};

/// Whether a look opens what it looks at: here it takes no lock in the kernel, and hinders nobody.
pub(crate) const LOOK_OPENS: bool = false;

/// `rmdir_if` looks first: a directory is removed by its name, whatever that stands for by then.
pub(crate) const REMOVES_THAT: bool = false;

/// An open directory. Closing it gives up any OS lock taken through it.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Dir {
    /// Takes the exclusive OS lock if nobody has any; `false` when refused.
    pub(crate) fn try_flock_exclusive(&self) -> io::Result<bool> {
        try_flock(&self.0, Flock::Exclusive)
    }

    /// Takes the shared OS lock if nobody has the exclusive one; `false` when refused.
    ///
    /// What a judge probes with: two judges that look at once grant each other, and only a holder
    /// refuses them. A judge that is stopped in the middle of its look therefore does not make a
    /// dead lock look alive.
    pub(crate) fn try_flock_shared(&self) -> io::Result<bool> {
        try_flock(&self.0, Flock::Shared)
    }

    /// Gives the OS lock up before the descriptor is closed, for all that have a share of it.
    pub(crate) fn unlock(&self) {
        let _ = retry_on_intr(|| rustix::fs::flock(&self.0, FlockOperation::NonBlockingUnlock));
    }

    pub(crate) fn stat(&self) -> io::Result<Stat> {
        Ok(from_stat(&rustix::fs::fstat(&self.0)?))
    }

    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::fchmod(&self.0, mode_bits(mode)))?)
    }

    /// Lets all others look for the record inside. Where modes cannot be changed, it is enough that
    /// they can already.
    pub(crate) fn open_to_all(&self) -> io::Result<()> {
        match self.set_mode(0o711) {
            Err(error) if is_refused(&error) && self.stat()?.mode & 0o011 == 0o011 => Ok(()),
            other => other,
        }
    }

    /// Sets the time of its last change to now, by the file system's clock.
    pub(crate) fn touch(&self) -> io::Result<()> {
        let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        Ok(retry_on_intr(|| rustix::fs::futimens(&self.0, &times))?)
    }

    /// Looks at the entry `name`, following no link.
    pub(crate) fn lstat_at(&self, name: &str) -> io::Result<Stat> {
        let stat = retry_on_intr(|| rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW));
        Ok(from_stat(&stat.map_err(or_gone)?))
    }

    /// Removes the entry `name` (not a directory) from this very directory, whatever its path
    /// names by now.
    pub(crate) fn unlink(&self, name: &str) -> io::Result<()> {
        retry_on_intr(|| rustix::fs::unlinkat(&self.0, name, AtFlags::empty())).map_err(or_gone)
    }

    /// The directory that this one lies in now, for looks and removals in it. Whoever may not list
    /// it may do those.
    pub(crate) fn above(&self) -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let access = OFlags::PATH;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let access = OFlags::RDONLY;
        let flags = access | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(retry_on_intr(|| rustix::fs::openat(&self.0, "..", flags, Mode::empty()))?))
    }

    /// Whether `name` in this very directory stands for `id`.
    pub(crate) fn has(&self, name: &OsStr, id: FileId) -> bool {
        let found = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW);
        found.is_ok_and(|stat| from_stat(&stat).id == id)
    }

    /// Removes the empty directory `name` from this very directory, if it is `id`.
    pub(crate) fn rmdir_if(&self, name: &OsStr, id: FileId) -> io::Result<()> {
        if !self.has(name, id) {
            return Ok(());
        }
        Ok(retry_on_intr(|| rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR))?)
    }

    /// Opens the entry `name`. Follows no link and waits for no FIFO's writer; `None` when it is
    /// not a regular file.
    pub(crate) fn open_regular(&self, name: &str, access: Access) -> io::Result<Option<File>> {
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::ReadWrite => OFlags::RDWR,
        } | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::CLOEXEC;
        match retry_on_intr(|| rustix::fs::openat(&self.0, name, flags, Mode::empty())) {
            Ok(fd) => regular(fd),
            // A link (ELOOP; FreeBSD says EMLINK), a socket or a device without a driver, a
            // directory.
            Err(Errno::LOOP | Errno::MLINK | Errno::NXIO | Errno::NODEV | Errno::ISDIR) => Ok(None),
            Err(error) => Err(or_gone(error)),
        }
    }

    /// Only Windows has a reason to close a held lock's directory. Here that would end the OS lock.
    #[allow(
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "it does something on Windows"
    )]
    pub(crate) fn let_go(&mut self) {}

    /// Whether a child process inherits this descriptor, and with it a share of the OS lock.
    pub(crate) fn set_inherited(&self, inherited: bool) -> io::Result<()> {
        set_inherited(&self.0, inherited)
    }
}

/// Whether a child process inherits this descriptor.
pub(crate) fn set_inherited(fd: impl AsFd, inherited: bool) -> io::Result<()> {
    let flags = if inherited { FdFlags::empty() } else { FdFlags::CLOEXEC };
    Ok(rustix::io::fcntl_setfd(fd, flags)?)
}

/// A directory that we have open is gone, with all that was in it, when another machine has removed
/// it: ESTALE, on NFS (open(2)).
fn or_gone(error: Errno) -> io::Error {
    if error == Errno::STALE { io::ErrorKind::NotFound.into() } else { error.into() }
}

/// Takes an OS lock on a file without waiting; `false` when refused.
pub(crate) fn try_flock_file(file: &File, kind: Flock) -> io::Result<bool> {
    try_flock(file, kind)
}

fn try_flock(fd: impl AsFd, kind: Flock) -> io::Result<bool> {
    #[cfg(feature = "testing")]
    if let Some(error) = super::refusal::of_flock() {
        return Err(error);
    }
    let operation = match kind {
        Flock::Shared => FlockOperation::NonBlockingLockShared,
        Flock::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    match retry_on_intr(|| rustix::fs::flock(&fd, operation)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Opens `path` as a directory, following no link and never blocking: a FIFO, device or file is
/// `ENOTDIR` before it is opened.
pub(crate) fn open_dir(path: &Path) -> io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(Dir(retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))?))
}

/// Opens `path` for reading if it is a regular file; `None` when it is something else.
pub(crate) fn open_file(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    regular(retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))?)
}

fn regular(fd: OwnedFd) -> io::Result<Option<File>> {
    let stat = rustix::fs::fstat(&fd)?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    Ok(is_file.then(|| File::from(fd)))
}

pub(crate) fn identity(file: &File) -> io::Result<FileId> {
    Ok(from_stat(&rustix::fs::fstat(file)?).id)
}

/// Creates `name` in `dir`, readable and writable through the file that comes back.
pub(crate) fn create_exclusive(dir: &Dir, name: &str) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o644);
    let file = retry_on_intr(|| rustix::fs::openat(&dir.0, name, flags, mode));
    file.map(File::from).map_err(or_gone)
}

/// Writes `bytes` to a new file, readable for everybody whatever the umask: see [`crate::record`].
pub(crate) fn write_record(file: &File, bytes: &[u8]) -> io::Result<FileId> {
    let stat = from_stat(&rustix::fs::fstat(file)?);
    if stat.mode != 0o644 {
        let opened = retry_on_intr(|| rustix::fs::fchmod(file, Mode::from_raw_mode(0o644)));
        match opened.map_err(io::Error::from) {
            // All can read it already.
            Err(error) if is_refused(&error) && stat.mode & 0o444 == 0o444 => {}
            other => other?,
        }
    }
    io::Write::write_all(&mut &*file, bytes)?;
    Ok(stat.id)
}

/// Overwrites bytes of `file` in place, from `offset`.
pub(crate) fn overwrite(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Fills `bytes` from the start of `file`, wherever its cursor stands. Returns how many there were.
pub(crate) fn read_start_into(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        let offset = u64::try_from(filled).expect("because a record is small");
        let read = retry_on_intr(|| rustix::io::pread(file, &mut bytes[filled..], offset))?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "mode_t is narrower on other systems, but holds every mode"
)]
fn mode_bits(mode: u32) -> Mode {
    Mode::from_raw_mode(mode as rustix::fs::RawMode)
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    reason = "the fields of struct stat have other widths and signs on other systems"
)]
fn from_stat(stat: &RawStat) -> Stat {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Kind::Directory,
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        _ => Kind::Device,
    };
    let nanoseconds =
        |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Stat {
        id: FileId { device: stat.st_dev as u64, inode: stat.st_ino as u64 },
        kind,
        mode: stat.st_mode as u32 & 0o7777,
        user: Some(stat.st_uid),
        modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

/// The number of this process's pid namespace; `None` where there are none, or no `/proc`.
///
/// Asking for it takes 10 µs. So it is remembered together with the inode of `/proc/self`, which no
/// other process has, and which takes one `stat` to look up. (A forked child has its parent's
/// memory, and finds another inode.) No mutex is waited for: another thread may have had it when
/// this process was forked.
pub(crate) fn pid_namespace() -> Option<u64> {
    static KNOWN: Mutex<Option<(FileId, u64)>> = Mutex::new(None);
    if !cfg!(any(target_os = "linux", target_os = "android")) {
        return None;
    }
    let own = from_stat(&rustix::fs::stat("/proc/self/").ok()?).id;
    if let Ok(known) = KNOWN.try_lock()
        && let Some((of, namespace)) = *known
        && of == own
    {
        return Some(namespace);
    }
    let namespace = from_stat(&rustix::fs::stat("/proc/self/ns/pid").ok()?).id.inode;
    if let Ok(mut known) = KNOWN.try_lock() {
        *known = Some((own, namespace));
    }
    Some(namespace)
}
