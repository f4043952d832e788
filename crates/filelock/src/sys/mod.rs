//! Everything that differs between operating systems, and the only place with `#[cfg(target…)]`.
//!
//! Paths come in absolute. Every call retries `EINTR`. Nothing here decides anything about the
//! protocol: it asks the kernel one question and hands back the kernel's answer.

mod at;
mod start;
pub(crate) use at::is_at;
pub(crate) use start::read_start;

#[cfg(unix)]
mod boot;
#[cfg(unix)]
mod locality;
#[cfg(unix)]
mod no_stream;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod refusal;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use boot::{MOUNTED_BY_ONE_KERNEL, boot_device, kernel_id};
#[cfg(unix)]
pub(crate) use locality::file_system_is_local;
#[cfg(unix)]
pub(crate) use no_stream::{Stream, ask_stream, is_stream_of};
#[cfg(unix)]
pub(crate) use process::{has_ended, host_name, machine_id, start_of_this_process};
#[cfg(unix)]
pub(crate) use refusal::{
    DENIALS_PASS, can_pass, cause, is_never_locked, is_refused, is_this_user,
};
#[cfg(unix)]
pub(crate) use unix::{
    Dir, LOOK_OPENS, REMOVES_THAT, create_exclusive, directory_id, exchange, identity, lstat,
    mkdir, open_dir, open_file, overwrite, pid_namespace, read_start_into, rename_exclusive, rmdir,
    rmdir_if, set_inherited, try_flock_file, unlink, unlink_if, write_record,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    DENIALS_PASS, Dir, LOOK_OPENS, MOUNTED_BY_ONE_KERNEL, REMOVES_THAT, Stream, ask_stream,
    boot_device, can_pass, cause, create_exclusive, directory_id, exchange, file_system_is_local,
    has_ended, host_name, identity, is_never_locked, is_refused, is_stream_of, is_this_user,
    kernel_id, lstat, machine_id, mkdir, open_dir, open_file, overwrite, pid_namespace,
    read_start_into, rename_exclusive, rmdir, rmdir_if, set_inherited, start_of_this_process,
    try_flock_file, unlink, unlink_if, write_record,
};

#[cfg(not(any(unix, windows)))]
compile_error!(
    "filelock runs on Unix and Windows: for this system the calls have not been written"
);

/// The environment variable that makes each `flock` of a process fail, as in a sandbox, and those
/// of the processes that it starts. Its value is the error's name: `EPERM`, `EACCES`, `ENOTSUP`,
/// `EOPNOTSUPP`, `ENOSYS`, `EINVAL`, `EIO`, `ENOLCK` or `EMFILE`. It is read once. Windows has no
/// `flock`.
#[cfg(feature = "testing")]
#[allow(unreachable_pub, reason = "public through `testing`")]
pub const FLOCK_FAILS: &str = "FILELOCK_TESTING_FLOCK_FAILS";

/// The environment variable that makes a process rely on a record's stream on Windows, although the
/// volume keeps it as a file of its own. Wine's do. That file is removed after its record, as if it
/// were a part of it.
#[cfg(feature = "testing")]
#[allow(unreachable_pub, reason = "public through `testing`")]
pub const STREAMS: &str = "FILELOCK_TESTING_STREAMS";

/// Which file this is, on this machine, for as long as somebody keeps it open: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// Tells the occupants of one name apart, although the file system may give the second one the
/// inode number of the first. It is the identity, and the time of the last change of the inode (as
/// fine as the kernel's tick).
pub(crate) type Fingerprint = (FileId, i64);

/// An OS lock: any number of shared ones, or one exclusive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flock {
    Shared,
    Exclusive,
}

/// What the system says of a holder that keeps its record's stream open.
#[cfg_attr(unix, allow(dead_code, reason = "there are no streams"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamAnswer {
    Runs,
    Ended,
    /// There is no such stream, or it may not be asked for.
    NotTold,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

/// What kind of thing a name stands for.
#[cfg_attr(
    windows,
    allow(
        dead_code,
        reason = "nothing but files, directories and links has a name in a directory there"
    )
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    Symlink,
    Fifo,
    Socket,
    Device,
}

impl Kind {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Directory => "a directory",
            Self::File => "a file that is not a lock's",
            Self::Symlink => "a symbolic link",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
        }
    }
}

/// One look at a name or a descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) id: FileId,
    pub(crate) kind: Kind,
    /// The mode without the file type: permissions and the set-id and sticky bits.
    pub(crate) mode: u32,
    /// The numeric user that owns it, where there are such.
    pub(crate) user: Option<u32>,
    /// Last change of the content (of a directory: of its entries), unix nanoseconds.
    pub(crate) modified: i64,
    /// Last change of the inode, unix nanoseconds.
    pub(crate) changed: i64,
}

impl Stat {
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        (self.id, self.changed)
    }

    /// "Was published together with its record."
    pub(crate) fn is_sticky(&self) -> bool {
        self.mode & 0o1000 != 0
    }
}
