"""Peers of the two older generations, with their known bug and without it.

`docs/protocol.md` says what they put at L, not how they judge, clear and release. That is modelled
here on what is known of them; where it is not, on the plainest program that fits:

- They poll. Found at L: a record older than the TTL is stale; without a readable record, what was
  changed longer ago than the grace is. The bug: a `stat` that fails counts as stale as well. It
  fails when the holder releases between the look at the record and the `stat`, and then the lock of
  whoever came next is removed.
- The directory generation removes what is stale, and releases, by removing L recursively.
- The file generation renames what is stale to `L.stale-U` and removes that; it releases by
  unlinking L. A directory at L has for it no readable record.

The fixed ones take a failed look for a living holder, remove only what they judged, create the record
exclusively, read it back, and release only what is theirs. What no fix of theirs can mend without
another protocol: clearing goes by name, so what is cleared may have been replaced since it was
judged.
"""

import os
import random
import time

import kernel
import record

POLL = 0.0005


class Held:
    """A lock of a foreign peer: the record's path and bytes are all it knows of it."""

    def __init__(self, peer, content):
        self.peer = peer
        self.content = content

    def verify(self):
        return not self.peer.fixed or read(self.peer.record_path) == self.content

    def renew(self):
        return self.stamp(record.stamp_now())

    def age(self, seconds):
        self.stamp(record.stamp_now() - int(seconds * 1e9))

    def stamp(self, stamp):
        try:
            record.restamp(self.peer.record_path, os.getpid(), stamp)
        except OSError:
            return False
        self.content = record.write_out(os.getpid(), stamp)
        return True

    def abandon(self):
        """What a holder that died a month ago leaves."""
        self.age(30 * 24 * 3600)

    def release(self):
        if not self.verify():
            return False
        self.peer.remove()
        return True


class Foreign:
    """What the two generations have in common."""

    def __init__(self, lock, rules, fixed):
        self.lock = lock
        self.rules = rules
        self.fixed = fixed
        self.took_over = 0

    def acquire(self, timeout, on_wait=None):
        deadline = time.monotonic() + timeout
        while True:
            content = record.write_out(os.getpid(), record.stamp_now())
            if self.claim(content):
                return Held(self, content)
            stale, seen = self.judge()
            if stale and self.clear(seen):
                self.took_over += 1
                continue
            if time.monotonic() >= deadline:
                raise TimeoutError(self.lock)
            if on_wait:
                on_wait()
            time.sleep(POLL * random.uniform(0.5, 1.5))

    def judge(self):
        """Whether what is at L is stale, and the bytes of the record that said so."""
        seen = read(self.record_path)
        found = record.parse(seen) if seen is not None else None
        if found:
            return record.stamp_now() - found.stamp > self.rules.ttl * 1e9, seen
        try:
            status = os.stat(self.lock)
        except OSError:
            return not self.fixed, None
        return record.stamp_now() - status.st_mtime_ns > self.rules.grace * 1e9, seen


class Directory(Foreign):
    @property
    def record_path(self):
        return os.path.join(self.lock, "holder")

    def claim(self, content):
        try:
            os.mkdir(self.lock, 0o755)
        except OSError:
            return False
        how = os.O_EXCL if self.fixed else os.O_TRUNC
        try:
            opened = os.open(self.record_path, os.O_WRONLY | os.O_CREAT | how | os.O_CLOEXEC, 0o644)
        except OSError:
            # Removed as a leftover while we were stopped, or somebody else's by now.
            return False
        with open(opened, "wb", buffering=0) as file:
            file.write(content)
        return not self.fixed or read(self.record_path) == content

    def clear(self, seen):
        if not self.fixed:
            remove_all(self.lock)
            return True
        if seen is None:
            # No record: if one has appeared, the kernel refuses.
            return attempt(os.rmdir, self.lock)
        return read(self.record_path) == seen and self.remove()

    def remove(self):
        if not self.fixed:
            remove_all(self.lock)
            return True
        # Not empty: somebody's record is in it by now.
        return attempt(os.unlink, self.record_path) and attempt(os.rmdir, self.lock)


class File(Foreign):
    @property
    def record_path(self):
        return self.lock

    def claim(self, content):
        temporary = f"{self.lock}.tmp-{os.getpid()}-{os.urandom(4).hex()}"
        with open(temporary, "xb") as file:
            file.write(content)
        try:
            os.link(temporary, self.lock)
        except FileExistsError:
            return False
        finally:
            os.unlink(temporary)
        return True

    def judge(self):
        if self.fixed and os.path.isdir(self.lock):
            # Of the other kind: not for us to judge.
            return False, None
        return super().judge()

    def clear(self, seen):
        aside = f"{self.lock}.stale-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            os.rename(self.lock, aside)
        except OSError:
            return False
        if self.fixed and read(aside) != seen:
            # Not what was judged. Back with it; if the name is taken again, its holder has lost it.
            try:
                kernel.rename_exclusively(aside, self.lock)
                return False
            except OSError:
                pass
        remove_all(aside)
        return True

    def remove(self):
        return attempt(os.unlink, self.lock)


def read(path):
    """The record's bytes, None if they cannot be had: an older peer does not ask why."""
    try:
        with open(path, "rb") as file:
            return file.read(record.LONGEST)
    except OSError:
        return None


def remove_all(path):
    """Go's os.RemoveAll: by name at every step, so it removes whatever stands there by then."""
    if attempt(os.unlink, path) or attempt(os.rmdir, path):
        return
    try:
        names = os.listdir(path)
    except OSError:
        return
    for name in names:
        attempt(os.unlink, os.path.join(path, name))
    attempt(os.rmdir, path)


def attempt(remove, path):
    """Whether there is nothing at `path` any more."""
    try:
        remove(path)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True
