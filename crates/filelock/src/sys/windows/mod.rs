//! Windows: no OS locks, no exclusive rename of directories, so that time decides and locks are
//! made in place. What makes up for descriptors: an entry is opened relative to the handle of its
//! directory, and removed through its own handle.
//!
//! A handle is never kept while anybody sleeps or holds the lock, but for one of the record's
//! stream: see `stream.rs`. While one is open, the name of a
//! removed file or directory can stay, and is refused to everybody ("delete pending"). That happens
//! before Windows 10, on FAT and on network shares. All share everything with others, so that
//! nobody is kept from reading a record, or from removing it.

mod dir;
mod patience;
mod stream;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::windows::fs::{FileExt as _, OpenOptionsExt};
use std::path::Path;

use fs_at::os::windows::{FileExt as _, OpenOptionsExt as _};

use super::{FileId, Flock, Kind, Stat};
pub(crate) use dir::{Dir, create_exclusive, open_dir};
pub(crate) use patience::can_pass;
use patience::patiently;
pub(crate) use stream::{Stream, ask_stream, is_stream_of};

/// Access rights and flags (winnt.h, winbase.h).
const DELETE: u32 = 0x0001_0000;
const FILE_READ_ATTRIBUTES: u32 = 0x80;
const FILE_WRITE_ATTRIBUTES: u32 = 0x100;
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// After a file's name: its stream that says whether a holder lives.
const STREAM: &str = ":alive";

/// Whether a look opens what it looks at. As long as that is open, its name can stay after it was
/// removed.
pub(crate) const LOOK_OPENS: bool = true;

/// `rmdir_if` compares and removes through one handle, and hits nothing else.
pub(crate) const REMOVES_THAT: bool = true;

/// Whether what is denied now can be allowed soon: scanners and indexers deny what they look at,
/// some of them for seconds.
pub(crate) const DENIALS_PASS: bool = true;

/// Opens the entry `name` of `dir`, of whatever kind, following no link.
fn open_at(dir: &File, name: &str, access: u32) -> io::Result<File> {
    fs_at::OpenOptions::default().desired_access(access).open_path_at(dir, name)
}

/// Opens what `path` names, of whatever kind, following no link. Asking for attributes alone is
/// refused by nobody's way of sharing.
fn open(path: &Path, access: u32) -> io::Result<File> {
    OpenOptions::new()
        .access_mode(access)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
}

pub(crate) fn try_flock_file(_: &File, _: Flock) -> io::Result<bool> {
    Err(ErrorKind::Unsupported.into())
}

/// Whether `error` says that something cannot be changed here. Nothing asks for modes.
pub(crate) fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported)
}

/// Whether nobody is ever asked for an OS lock here.
pub(crate) fn is_never_locked(error: &io::Error) -> bool {
    is_refused(error)
}

/// Why the system refuses something, and what to do. It says the same of a file that another
/// program keeps open, a scanner say, and of one that may not be touched.
pub(crate) fn cause(_: &io::Error) -> &'static str {
    "a matter of permissions, or another program keeps it open; not because of a held lock"
}

/// Users have no numbers here.
pub(crate) fn is_this_user(_: u32) -> bool {
    false
}

/// Opens `path` for reading if it is a regular file; `None` when it is something else.
pub(crate) fn open_file(path: &Path) -> io::Result<Option<File>> {
    // A directory cannot be opened like this. What it is was asked before.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    regular(patiently(|| options.open(path))?)
}

fn regular(file: File) -> io::Result<Option<File>> {
    let is_file = file.metadata()?.is_file();
    Ok(is_file.then_some(file))
}

/// Looks at what `path` names, following no link.
pub(crate) fn lstat(path: &Path) -> io::Result<Stat> {
    stat_of_handle(&open(path, FILE_READ_ATTRIBUTES)?)
}

pub(crate) fn identity(file: &File) -> io::Result<FileId> {
    Ok(id_of(&winapi_util::file::information(file)?))
}

fn id_of(information: &winapi_util::file::Information) -> FileId {
    FileId { device: information.volume_serial_number(), inode: information.file_index() }
}

fn stat_of_handle(file: &File) -> io::Result<Stat> {
    const FILE_ATTRIBUTE_DIRECTORY: u64 = 0x10;
    const FILE_ATTRIBUTE_REPARSE_POINT: u64 = 0x400;
    let information = winapi_util::file::information(file)?;
    let attributes = information.file_attributes();
    // Not every reparse point is a link: files that are kept in a cloud are some, too.
    let is_link = attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0 && file.metadata()?.is_symlink();
    let kind = match attributes & FILE_ATTRIBUTE_DIRECTORY {
        _ if is_link => Kind::Symlink,
        0 => Kind::File,
        _ => Kind::Directory,
    };
    // The handle tells no time of the last change of the file's record, so that the content's has
    // to do. A file's number has a part that changes when it is given to another file.
    let modified = unix_nanoseconds(information.last_write_time().unwrap_or(0));
    Ok(Stat { id: id_of(&information), kind, mode: 0, user: None, modified, changed: modified })
}

/// From steps of 100 ns since 1601.
fn unix_nanoseconds(filetime: u64) -> i64 {
    const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
    i64::try_from(filetime).unwrap_or(i64::MAX).saturating_sub(UNIX_EPOCH).saturating_mul(100)
}

pub(crate) fn mkdir(path: &Path, _: u32) -> io::Result<()> {
    patiently(|| std::fs::create_dir(path))
}

/// Removes the directory that `path` names now, even if it takes more than one try.
pub(crate) fn rmdir(path: &Path) -> io::Result<()> {
    let mut meant = None;
    rmdir_that(path, |id| *meant.get_or_insert(id) == id)
}

/// Removes the directory at `path` if it is `id`: what a path names is opened, compared, and
/// removed through its handle.
pub(crate) fn rmdir_if(path: &Path, id: FileId) -> io::Result<()> {
    rmdir_that(path, |found| found == id)
}

fn rmdir_that(path: &Path, mut is_meant: impl FnMut(FileId) -> bool) -> io::Result<()> {
    patiently(|| {
        let dir = open(path, DELETE | FILE_READ_ATTRIBUTES)?;
        let stat = stat_of_handle(&dir)?;
        if stat.kind != Kind::Directory {
            return Err(ErrorKind::NotADirectory.into());
        }
        if !is_meant(stat.id) {
            return Err(ErrorKind::NotFound.into());
        }
        dir.delete_by_handle().map_err(|(_, error)| error)
    })
}

pub(crate) fn unlink(path: &Path) -> io::Result<()> {
    patiently(|| std::fs::remove_file(path))
}

/// Removes the file at `path` if it still is `id`: what a path names is opened, compared, and
/// removed through its handle. Whether it was.
pub(crate) fn unlink_if(path: &Path, id: FileId) -> Option<io::Result<bool>> {
    Some(patiently(|| {
        let file = match open(path, DELETE | FILE_READ_ATTRIBUTES) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if identity(&file)? != id {
            return Ok(false);
        }
        file.delete_by_handle().map(|()| true).map_err(|(_, error)| error)
    }))
}

/// Writes `bytes` to a new file. Which file that is.
pub(crate) fn write_record(file: &File, bytes: &[u8]) -> io::Result<FileId> {
    io::Write::write_all(&mut &*file, bytes)?;
    identity(file)
}

/// There are no pid namespaces, and no forked children.
pub(crate) fn pid_namespace() -> Option<u64> {
    None
}

/// Overwrites bytes of `file` in place, from `offset`.
pub(crate) fn overwrite(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    match file.seek_write(bytes, offset)? {
        written if written == bytes.len() => Ok(()),
        _ => Err(ErrorKind::WriteZero.into()),
    }
}

/// Fills `bytes` from the start of `file`, wherever its cursor stands. Returns how many there were.
pub(crate) fn read_start_into(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        let offset = u64::try_from(filled).expect("because a record is small");
        let read = match file.seek_read(&mut bytes[filled..], offset) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        };
        filled += read;
    }
    Ok(filled)
}

/// Windows renames no directory in which anything is open, and any reader has the record open.
pub(crate) fn rename_exclusive(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Windows exchanges no directories. Each lock can be opened by all who may delete it.
pub(crate) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// There is no OS lock to share.
#[allow(clippy::unnecessary_wraps, reason = "it does something on Unix")]
pub(crate) fn set_inherited(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

pub(crate) const MOUNTED_BY_ONE_KERNEL: bool = false;

/// Two names of one directory are not told apart here: time decides in any case.
pub(crate) fn directory_id(_: &Path) -> Option<FileId> {
    None
}

/// Nothing outlives its process here.
pub(crate) fn has_ended(_: u32, _: u64) -> Option<bool> {
    None
}

/// The machine's name, as the system gives it to every program.
pub(crate) fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok().filter(|name| !name.is_empty())
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn machine_id() -> io::Result<Option<String>> {
    Ok(None)
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn start_of_this_process() -> io::Result<Option<u64>> {
    Ok(None)
}

pub(crate) fn kernel_id() -> Option<String> {
    None
}

pub(crate) fn boot_device() -> Option<u64> {
    None
}

/// Never: without OS locks on directories it makes no difference. An error if there is no such
/// directory.
pub(crate) fn file_system_is_local(dir: &Path) -> io::Result<bool> {
    if std::fs::metadata(dir)?.is_dir() { Ok(false) } else { Err(ErrorKind::NotADirectory.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_only_if_it_is_the_one_that_was_meant() {
        let parent = tempfile::tempdir().unwrap();
        let [judged, successor] = ["judged", "successor"].map(|name| parent.path().join(name));
        let ids = [&judged, &successor].map(|path| {
            std::fs::create_dir(path).unwrap();
            lstat(path).unwrap().id
        });
        std::fs::rename(&judged, parent.path().join("aside")).unwrap();
        std::fs::rename(&successor, &judged).unwrap();
        assert_eq!(rmdir_if(&judged, ids[0]).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(judged.exists());
        rmdir_if(&judged, ids[1]).unwrap();
        assert!(!judged.exists());
    }

    #[test]
    fn times_count_from_1970() {
        assert_eq!(unix_nanoseconds(116_444_736_000_000_001), 100);
        assert_eq!(unix_nanoseconds(0), i64::MIN);
    }
}
