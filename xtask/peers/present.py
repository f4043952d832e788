"""A peer of the present: `docs/protocol.md` without waiting, handles and locks of other users.

It tries once. `judge.py` and `ours.py` are the protocol as an older build of the crate has it.
"""

import errno
import fcntl
import os
import re
import stat
import time
from contextlib import contextmanager

import facts
import kernel
import record
from judge import OPEN_DIRECTORY, NotALock, is_older, preparation_of

# What `flock` answers if it is not there, now and later.
NEVER = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
LEAVING = (".nfs", ".fuse_hidden", ".smbdelete")
UNIQUE = r"\.prep-[0-9a-f]{16}"
SLOWEST_CLAIM = 1.5
LEFT_ALONE = 0.05


class Held(Exception):
    """Another process has the lock, for all that can be known."""


class Again(Exception):
    """What was judged is there no more."""


def granted(descriptor):
    """Whether a shared flock is granted; None if there is none to ask for."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return None if error.errno in NEVER else False
    return True


class Seen:
    """What stands at L, as judged: `verdict` is free, alive, dead, gone."""

    def __init__(self, verdict, status=None, directory=None, found=None, content=None):
        self.verdict = verdict
        self.status = status
        self.directory = directory
        self.found = found
        # The record's bytes; `has_record` also if something else stands in its place.
        self.content = content
        self.has_record = content is not None
        # What keeps a regular file's inode number from going to another.
        self.opened = None


@contextmanager
def judged(lock, rules):
    """What stands at `lock`. Everything is asked through one descriptor, open inside the `with`."""
    try:
        directory = os.open(lock, OPEN_DIRECTORY)
    except FileNotFoundError:
        yield Seen("free")
        return
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            yield Seen("alive")
            return
        seen = judge_other(lock, rules)
        try:
            yield seen
        finally:
            if seen.opened is not None:
                os.close(seen.opened)
        return
    try:
        try:
            yield judge_directory(lock, directory, rules)
        except Again:
            yield Seen("free")
    finally:
        os.close(directory)


def judge_directory(lock, directory, rules):
    status = os.fstat(directory)
    trusted = rules.trusts_flock(directory)
    seen = Seen("alive", status, directory)
    try:
        seen.content = record.read("holder", directory)
        seen.found = facts.parse(seen.content)
    except FileNotFoundError:
        # Who removed it has changed the directory since.
        seen.status = status = os.fstat(directory)
        seen.verdict = without_record(directory, status, rules, trusted)
        return seen
    except record.NotARecord:
        seen.has_record = True
    else:
        seen.has_record = True
    if seen.found and seen.found.kernel is not None and trusted:
        answer = granted(directory)
        if answer is False:
            return seen
        if answer:
            if not kernel.is_at(lock, directory) or read_again(directory) != seen.content:
                raise Again
            if is_proof(lock, seen.found):
                seen.verdict = "dead"
                return seen
    seen.verdict = by_time(seen.found, status, rules, rules.ttl)
    if seen.verdict == "gone" and trusted and granted(directory) is False:
        seen.verdict = "alive"
    return seen


def read_again(directory):
    try:
        return record.read("holder", directory)
    except (FileNotFoundError, record.NotARecord):
        return None


def without_record(directory, status, rules, trusted):
    if status.st_mode & stat.S_ISVTX:
        age = abs(record.stamp_now() - status.st_mtime_ns)
        # A call that waits would leave it to who emptied it for 50 ms. This one does not wait.
        tick = 1 if status.st_mtime_ns % 1_000_000_000 == 0 else 0
        if trusted and age < (LEFT_ALONE + tick) * 1e9:
            return "alive"
        if trusted and age < rules.grace * 1e9 and granted(directory) is False:
            return "alive"
        return "gone"
    patience = rules.grace if stat.S_IMODE(status.st_mode) == 0o711 else rules.ttl
    return "gone" if is_older(status.st_mtime_ns, patience) else "alive"


def is_proof(lock, found):
    """Whether a granted flock proves that the holder of this record is dead."""
    ours = kernel.kernel_name()
    this_boot = ours is not None and found.kernel == ours.encode()
    directory = found.facts.get(b"dir")
    if directory is None:
        return this_boot
    here = facts.directory_of(lock)
    if directory[17:] != here[17:] or (this_boot and directory != here):
        return False
    machine = facts.machine()
    return this_boot or (machine is not None and found.facts.get(b"machine") == machine)


def by_time(found, status, rules, patience):
    if found and found.stamp - record.stamp_now() <= rules.ttl * 1e9:
        return "gone" if is_older(found.stamp, rules.ttl) else "alive"
    return "gone" if is_older(status.st_mtime_ns, patience) else "alive"


def judge_other(lock, rules):
    status = os.lstat(lock)
    if not stat.S_ISREG(status.st_mode):
        raise NotALock(lock)
    seen = Seen("alive", status)
    try:
        seen.opened = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        return seen
    seen.content = os.read(seen.opened, record.LONGEST)
    seen.has_record = True
    seen.found = facts.parse(seen.content)
    if rules.trusts_flock(seen.opened):
        probe = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if granted(probe) is False:
                return seen
        finally:
            os.close(probe)
    if seen.found is None:
        raise NotALock(lock)
    seen.verdict = by_time(seen.found, status, rules, rules.grace)
    return seen


def clear(lock, seen, rules):
    """Removes what was judged; raises Held if it has to stay for now, NotALock if for good."""
    if seen.directory is None:
        clear_file(lock, seen)
        return
    refuse_strangers(lock, seen, rules)
    keep = None
    try:
        if seen.content is not None:
            if seen.verdict == "gone" and read_again(seen.directory) != seen.content:
                raise Held
            if seen.found and b"flocked" in seen.found.facts:
                keep = os.open("holder", os.O_RDONLY | os.O_CLOEXEC, dir_fd=seen.directory)
                if granted(keep) is False:
                    raise Held
        try:
            os.unlink("holder", dir_fd=seen.directory)
        except FileNotFoundError:
            if seen.has_record:
                # Another process is clearing it.
                raise Held from None
        if kernel.is_at(lock, seen.directory):
            remove_directory(lock)
    finally:
        if keep is not None:
            os.close(keep)


def remove_directory(lock):
    try:
        os.rmdir(lock)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # A claimant was faster, or a removed record is open somewhere.
        if any(name.startswith(LEAVING) for name in os.listdir(lock)):
            raise Held from error


def refuse_strangers(lock, seen, rules):
    for name in os.listdir(seen.directory):
        is_leaving = name.startswith(LEAVING) and not is_older(seen.status.st_mtime_ns, rules.ttl)
        if name != "holder" and not is_leaving:
            raise NotALock(f"{lock} holds {name}")


def clear_file(lock, seen):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    while True:
        aside = preparation_of(lock)
        keep = os.open(aside, flags, 0o600)
        try:
            fcntl.flock(keep, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(keep)
            continue
        if kernel.is_at(aside, keep):
            break
        os.close(keep)
    try:
        if not kernel.is_at(lock, seen.opened):
            os.unlink(aside)
            return
        try:
            os.rename(lock, aside)
        except (FileNotFoundError, NotADirectoryError):
            os.unlink(aside)
            return
        if not kernel.is_at(aside, seen.opened):
            try:
                kernel.rename_exclusively(aside, lock)
                return
            except FileExistsError:
                pass
        os.unlink(aside)
    finally:
        os.close(keep)


class Claim:
    """A lock of ours, and before that its preparation."""

    def __init__(self, lock, path, rules, in_place, began):
        self.lock = lock
        self.rules = rules
        self.in_place = in_place
        self.took_over = False
        self.directory = os.open(path, OPEN_DIRECTORY)
        try:
            if in_place and time.monotonic() - began >= SLOWEST_CLAIM:
                raise Held
            locked = rules.trusts_flock(self.directory)
            if locked:
                fcntl.flock(self.directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.write(locked)
            os.fchmod(self.directory, 0o711 if in_place else 0o1711)
        except BaseException:
            os.close(self.directory)
            raise

    def write(self, locked):
        """Creates the record, takes its flock, and writes it with one call."""
        now = record.stamp_now()
        known = {b"since": b"%019d" % now, b"dir": facts.directory_of(self.lock)}
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self.token = os.urandom(12).hex().encode()
        self.record = os.open("holder", flags, 0o644, dir_fd=self.directory)
        name = None
        if locked:
            name = (kernel.kernel_name() or "-").encode()
            try:
                fcntl.flock(self.record, fcntl.LOCK_EX | fcntl.LOCK_NB)
                known[b"flocked"] = b"holder"
            except OSError:
                pass
        written = facts.Record(os.getpid(), now, self.token, name, None, known)
        self.content = facts.write_out(written)
        os.write(self.record, self.content)

    def verify(self):
        if not kernel.is_at(self.lock, self.directory):
            return False
        found = facts.parse(read_again(self.directory) or b"")
        return found is not None and found.token == self.token

    def renew(self):
        if not self.verify():
            return False
        os.utime(self.directory)
        os.pwrite(self.record, b"%019d" % record.stamp_now(), len(f"{os.getpid()}\n"))
        return True

    def release(self):
        """False if the lock was lost; then nothing is touched."""
        try:
            if not self.verify():
                return False
            if self.in_place:
                os.fchmod(self.directory, 0o1711)
            os.unlink("holder", dir_fd=self.directory)
            if kernel.is_at(self.lock, self.directory):
                try:
                    os.rmdir(self.lock)
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                        raise
        finally:
            os.close(self.record)
            os.close(self.directory)
        if self.took_over == "dead" or is_due(self.lock, self.rules):
            sweep(self.lock, self.rules)
        return True


def attempt(lock, rules, in_place):
    """The Claim that is the lock now; raises Held or NotALock."""
    took_over = False
    acted = False
    for _ in range(8):
        with judged(lock, rules) as seen:
            if seen.verdict == "alive":
                raise Held
            if seen.verdict != "free":
                if seen.verdict == "gone" and acted:
                    raise Held
                acted = seen.verdict == "gone"
                clear(lock, seen, rules)
                took_over = seen.verdict if seen.has_record else took_over
        try:
            claim = make_in_place(lock, rules) if in_place else publish(lock, rules)
        except FileExistsError:
            continue
        claim.took_over = took_over
        return claim
    raise Held


def publish(lock, rules):
    path = preparation_of(lock)
    os.mkdir(path, 0o700)
    claim = Claim(lock, path, rules, False, time.monotonic())
    try:
        kernel.rename_exclusively(path, lock)
    except OSError:
        os.unlink("holder", dir_fd=claim.directory)
        os.rmdir(path)
        os.close(claim.record)
        os.close(claim.directory)
        raise
    return claim


def make_in_place(lock, rules):
    began = time.monotonic()
    os.mkdir(lock, 0o711)
    try:
        claim = Claim(lock, lock, rules, True, began)
    except (BlockingIOError, FileExistsError, FileNotFoundError) as error:
        raise Held from error
    # Read back by path.
    if not claim.verify() or record.read(os.path.join(lock, "holder")) != claim.content:
        raise Held
    return claim


SWEPT = {}


def is_due(lock, rules):
    """Once per TTL, though nobody contends."""
    now = time.monotonic()
    if lock in SWEPT and now - SWEPT[lock] < rules.ttl:
        return False
    SWEPT[lock] = now
    return True


def sweep(lock, rules):
    parent, name = os.path.split(lock)
    for entry in os.listdir(parent):
        if re.fullmatch(re.escape(name) + UNIQUE, entry):
            try:
                sweep_one(os.path.join(parent, entry), rules)
            except OSError:
                pass  # Its maker lives, or another one sweeps it.


def sweep_one(path, rules):
    status = os.lstat(path)
    is_directory = stat.S_ISDIR(status.st_mode)
    if not is_directory and not stat.S_ISREG(status.st_mode):
        return
    # It was ready to be published: its maker has the flock, or died.
    is_ready = is_directory and status.st_mode & stat.S_ISVTX
    patience = rules.grace if is_directory else rules.ttl
    if not is_ready and not is_older(status.st_mtime_ns, patience):
        return
    flags = OPEN_DIRECTORY if is_directory else os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(path, flags)
    try:
        if not rules.trusts_flock(opened) or not granted(opened) or not kernel.is_at(path, opened):
            return
        if not is_directory:
            os.unlink(path)
            return
        try:
            os.unlink("holder", dir_fd=opened)
        except FileNotFoundError:
            pass
        os.rmdir(path)
    finally:
        os.close(opened)
