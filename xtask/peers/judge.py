"""Judging what stands at L, and clearing it: `docs/protocol.md`, "Judging" and "Clearing"."""

import enum
import errno
import fcntl
import os
import stat
from contextlib import contextmanager

import kernel
import record

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Verdict(enum.Enum):
    FREE = "free"
    ALIVE = "alive"
    DEAD = "dead"
    EXPIRED = "expired"
    REMNANT = "remnant"
    OLD_REMNANT = "remnant by its age"


FACTS = (Verdict.DEAD, Verdict.REMNANT)
TIMED = (Verdict.EXPIRED, Verdict.OLD_REMNANT)
REMNANTS = (Verdict.REMNANT, Verdict.OLD_REMNANT)


class NotALock(Exception):
    """What stands at L is none, or holds what is none of ours: people have to look at it."""


class Rules:
    """The limits, in seconds, and whether OS locks mean anything."""

    def __init__(self, ttl=30.0, grace=2.0, time_based=False):
        self.ttl = ttl
        self.grace = grace
        # As on a network file system: OS locks are neither taken nor believed.
        self.time_based = time_based

    def trusts_flock(self, directory):
        return not self.time_based and kernel.flock_is_trusted(directory)


class Seen:
    """What stood at L: the verdict, and what tells it from what may stand there later."""

    def __init__(self, verdict, status=None, directory=None):
        self.verdict = verdict
        self.identity = (status.st_dev, status.st_ino) if status else None
        self.directory = directory
        self.content = None


@contextmanager
def judged(lock, rules):
    """What stands at `lock`. The descriptor is open inside the `with` only: longer, the shared
    flock on it would look like a live holder to somebody who asks for an exclusive one."""
    try:
        directory = os.open(lock, OPEN_DIRECTORY)
    except FileNotFoundError:
        yield Seen(Verdict.FREE)
        return
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            yield judge_other(lock, rules)
        else:
            yield Seen(Verdict.ALIVE)
        return
    try:
        status = os.fstat(directory)
        seen = Seen(Verdict.ALIVE, status, directory)
        try:
            seen.verdict = judge_directory(lock, seen, status, rules)
        except OSError:
            seen.verdict = Verdict.ALIVE
        yield seen
    finally:
        os.close(directory)


def judge_directory(lock, seen, status, rules):
    try:
        seen.content = record.read("holder", seen.directory)
        found = record.parse(seen.content)
    except FileNotFoundError:
        if not kernel.is_at(lock, seen.directory):
            return Verdict.FREE
        if status.st_mode & stat.S_ISVTX:
            return Verdict.REMNANT
        return Verdict.OLD_REMNANT if is_older(status.st_mtime_ns, rules.grace) else Verdict.ALIVE
    except record.NotARecord:
        found = None
    if found and found.kernel is not None and rules.trusts_flock(seen.directory):
        try:
            fcntl.flock(seen.directory, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return Verdict.ALIVE
        if not kernel.is_at(lock, seen.directory):
            return Verdict.FREE
        name = kernel.kernel_name()
        if name is not None and found.kernel == name.encode():
            return Verdict.DEAD
    return by_time(found, status, rules.ttl, rules)


def judge_other(lock, rules):
    try:
        status = os.lstat(lock)
    except FileNotFoundError:
        return Seen(Verdict.FREE)
    if stat.S_ISDIR(status.st_mode):
        # It became one while we looked.
        return Seen(Verdict.FREE)
    if not stat.S_ISREG(status.st_mode):
        raise NotALock(f"{lock} is neither a directory nor a regular file")
    seen = Seen(Verdict.ALIVE, status)
    try:
        seen.content = record.read(lock)
    except FileNotFoundError:
        seen.verdict = Verdict.FREE
        return seen
    except (OSError, record.NotARecord):
        seen.content = None
    found = record.parse(seen.content) if seen.content is not None else None
    seen.verdict = by_time(found, status, rules.grace, rules)
    return seen


def by_time(found, status, patience, rules):
    """By the stamp and the TTL; without a believable one, by the mtime and `patience`."""
    if found and found.stamp - record.stamp_now() <= rules.ttl * 1e9:
        old = is_older(found.stamp, rules.ttl)
    else:
        old = is_older(status.st_mtime_ns, patience)
    return Verdict.EXPIRED if old else Verdict.ALIVE


def is_older(nanoseconds, seconds):
    return record.stamp_now() - nanoseconds > seconds * 1e9


def clear(lock, seen):
    """Removes what was judged, and nothing that has taken its place meanwhile."""
    if seen.directory is None:
        return clear_file(lock, seen)
    if seen.verdict in REMNANTS:
        remove_if_at(lock, seen.directory)
        return
    try:
        os.unlink("holder", dir_fd=seen.directory)
    except FileNotFoundError:
        pass
    if remove_if_at(lock, seen.directory):
        return
    strangers = [name for name in os.listdir(seen.directory) if not is_a_records(name)]
    if strangers and kernel.is_at(lock, seen.directory):
        raise NotALock(f"{lock} holds what is not the lock's: {strangers}")


def preparation_of(lock):
    """L.prep-U. What has anything but 16 hexadecimal digits for U is somebody's own file."""
    return f"{lock}.prep-{os.urandom(8).hex()}"


def is_a_records(name):
    """Whether a record can have this name, removed ones that somebody still has open included."""
    return name == "holder" or name.startswith((".nfs", ".fuse_hidden"))


def remove_if_at(path, directory):
    """Removes the empty `directory` if `path` is its name still. False: something is in it, or in
    what has taken the name: a record, so the kernel refuses and nothing is lost."""
    if not kernel.is_at(path, directory):
        return True
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def clear_file(lock, seen):
    aside = preparation_of(lock)
    # A lock directory that has taken the name meanwhile must not be moved. The kernel sees to that:
    # it renames no directory onto a file.
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        os.rename(lock, aside)
    except (FileNotFoundError, NotADirectoryError):
        os.unlink(aside)
        return
    status = os.lstat(aside)
    if (status.st_dev, status.st_ino) == seen.identity and (
        seen.content is None or record.read(aside) == seen.content
    ):
        os.unlink(aside)
        return
    try:
        kernel.rename_exclusively(aside, lock)
    except FileExistsError:
        # Between the two renames another one claimed the free name: what we moved is lost.
        os.unlink(aside)
