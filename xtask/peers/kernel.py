"""What Python's library lacks of the system calls the protocol needs. Linux only."""

import ctypes
import errno
import os

_libc = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1

# linux/magic.h and the file systems' own sources: those that belong to one kernel.
_LOCAL = {
    0xEF53: "ext2/3/4",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x01021994: "tmpfs",
    0x858458F6: "ramfs",
    0x794C7630: "overlayfs",
    0x2FC12FC1: "zfs",
    0xF2F52010: "f2fs",
    0xCA451A4E: "bcachefs",
    0x3153464A: "jfs",
    0x52654973: "reiserfs",
    0x3434: "nilfs2",
}


def rename_exclusively(old, new):
    """Renames `old` to `new`; raises FileExistsError if there is anything at `new`."""
    call = _libc.renameat2
    if call(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), new)


def flock_is_trusted(directory):
    """Whether the opened `directory` lies on a file system that belongs to one kernel."""
    # `f_type` is the first field of `struct statfs`, a word wide; the rest is not looked at.
    buffer = (ctypes.c_ulong * 64)()
    if _libc.fstatfs(directory, ctypes.byref(buffer)):
        return False
    return buffer[0] & 0xFFFFFFFF in _LOCAL


def kernel_name():
    """The running kernel's name, None if it has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip() or None
    except OSError:
        return None


def is_at(path, opened):
    """Whether `path` is the very file or directory that `opened` is the descriptor of."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    ours = os.fstat(opened)
    return (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino)


def cannot_rename_exclusively(error):
    """Whether `error` says that the file system has no exclusive rename."""
    return error.errno in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
