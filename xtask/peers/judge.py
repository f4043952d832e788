"""Judging what stands at L, and clearing it: `docs/protocol.md`, "Judging" and "Clearing"."""

import enum
import errno
import fcntl
import os
import secrets
import stat
from contextlib import contextmanager
from dataclasses import dataclass

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


class NotALock(Exception):
    """What stands at L is none, or holds what is none of ours: people have to look at it."""


@dataclass
class Rules:
    ttl: float = 30.0
    grace: float = 2.0
    # As on a network file system: OS locks are neither taken nor believed.
    time_based: bool = False

    def trusts_flock(self, directory):
        return not self.time_based and kernel.flock_is_trusted(directory)


@dataclass
class Seen:
    verdict: Verdict
    identity: tuple | None = None
    directory: int | None = None
    content: bytes | None = None


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
        seen = Seen(Verdict.ALIVE, (status.st_dev, status.st_ino), directory)
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
    seen = Seen(Verdict.ALIVE, (status.st_dev, status.st_ino))
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
    if seen.verdict not in (Verdict.REMNANT, Verdict.OLD_REMNANT):
        try:
            os.unlink("holder", dir_fd=seen.directory)
        except FileNotFoundError:
            pass
    remove_if_at(lock, seen.directory, remnant=seen.verdict in (Verdict.REMNANT, Verdict.OLD_REMNANT))


def remove_if_at(lock, directory, remnant):
    if not kernel.is_at(lock, directory):
        return
    try:
        os.rmdir(lock)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # A holder has appeared: in a remnant, or in a successor's directory at this name.
        if not remnant and kernel.is_at(lock, directory):
            raise NotALock(f"{lock} holds what is not the lock's: {os.listdir(lock)}") from error


def clear_file(lock, seen):
    aside = f"{lock}.prep-{os.getpid()}-{secrets.token_hex(8)}"
    try:
        os.rename(lock, aside)
    except FileNotFoundError:
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
        # Between the two renames another one claimed the free name. The page has no answer; what
        # we moved is no lock any more, and is left to the sweep.
        pass
