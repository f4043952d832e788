"""Peers of the three older generations, each with its known faults and without them ("fixed").

`docs/protocol.md` says what they put at L. How they judge, clear and release is what is known of them:

| | first directory | last directory | file |
|---|---|---|---|
| claims | mkdir L, then the record | the same | links a finished file to L |
| stale, with a record | its time is over 30 s ago | the same | the same |
| stale, without one | mtime of L over 30 s ago | over 2 s ago | over 2 s ago |
| clears | removes L recursively, in place | renames L to L.stale-PID-NANOS | the same |
| releases | removes L recursively | the same | moves L aside, looks, removes |

The faults:

1. All: a `stat` that fails counts as stale. It fails if the holder releases between the look at the
   record and the `stat`. Then the peer removes, by name, the lock of the next holder.
2. First directory: if its record cannot be written, since L was removed meanwhile, it goes on without
   a lock.
3. Both directories: they clear and release whatever stands at L by then.
4. File: a directory at L has no record that it can read, so it counts as one without a record.
5. File: a holder that comes back after more than 30 s finds that it cannot read L. It takes that for
   its own lock, moves L aside, and sees that it is another's. It cannot link a directory back, so it
   removes the lock of a living holder.

The fixed ones take a failed look for a living holder, remove only what they judged, create the record
exclusively, read it back, and release only what is theirs. No fix can mend this without another
protocol: they clear by name, so another process may have replaced what they judged.
"""

import os
import random
import time

import kernel
import record

POLL = 0.0005
# The first generation gives a lock without a record as long as one with a record.
FIRST_GRACE = 30.0


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
        return self.peer.release(self.content)


class Foreign:
    """What the generations have in common."""

    def __init__(self, lock, rules, fixed):
        self.lock = lock
        self.rules = rules
        self.fixed = fixed
        self.took_over = 0
        # How often L was its own and was removed before the record was in it.
        self.claims_lost = 0
        self.grace = rules.grace

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

    def release(self, content):
        if self.fixed and read(self.record_path) != content:
            return False
        return self.remove()

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
        return record.stamp_now() - status.st_mtime_ns > self.grace * 1e9, seen

    def aside(self):
        return f"{self.lock}.stale-{os.getpid()}-{time.time_ns()}"

    def clear_aside(self, seen):
        """Moves L aside and removes what it moved; if fixed, only what was judged."""
        aside = self.aside()
        try:
            os.rename(self.lock, aside)
        except OSError:
            return False
        if self.fixed and self.read_moved(aside) != seen:
            # Not what was judged. Back with it; if the name is taken again, its holder has lost it.
            try:
                kernel.rename_exclusively(aside, self.lock)
                return False
            except OSError:
                pass
        remove_all(aside)
        return True


class Directory(Foreign):
    """What both directory generations have in common."""

    # Whether it goes on without a lock if the record cannot be written.
    goes_on = False

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
            # Removed before the record was in it, or another's by now.
            self.claims_lost += 1
            return self.goes_on and not self.fixed
        with open(opened, "wb", buffering=0) as file:
            file.write(content)
        return not self.fixed or read(self.record_path) == content

    def remove(self):
        if not self.fixed:
            remove_all(self.lock)
            return True
        # Not empty: another's record is in it by now.
        return attempt(os.unlink, self.record_path) and attempt(os.rmdir, self.lock)


class FirstDirectory(Directory):
    goes_on = True

    def __init__(self, lock, rules, fixed):
        super().__init__(lock, rules, fixed)
        self.grace = max(rules.grace, min(FIRST_GRACE, rules.ttl))

    def clear(self, seen):
        if not self.fixed:
            remove_all(self.lock)
            return True
        if seen is None:
            # No record: if one has appeared, the kernel refuses.
            return attempt(os.rmdir, self.lock)
        return read(self.record_path) == seen and self.remove()


class LastDirectory(Directory):
    def clear(self, seen):
        return self.clear_aside(seen)

    def read_moved(self, aside):
        return read(os.path.join(aside, "holder"))


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
        return self.clear_aside(seen)

    def read_moved(self, aside):
        return read(aside)

    def release(self, content):
        seen = read(self.lock)
        if seen != content and (seen is not None or self.fixed):
            return False
        # Read as ours, or not to be read, which it takes for ours.
        aside = self.aside()
        try:
            os.rename(self.lock, aside)
        except OSError:
            return False
        if read(aside) == content:
            os.unlink(aside)
            return True
        try:
            os.link(aside, self.lock)
        except OSError:
            # A directory cannot be linked back.
            pass
        remove_all(aside)
        return False


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
