"""A peer of this crate: `docs/protocol.md`, the whole of it."""

import errno
import fcntl
import os

import kernel
import record
from judge import OPEN_DIRECTORY, is_older, preparation_of, remove_if_at
from wait import Wait

PREPARATIONS = 8
STALE_STAMP = 1.0


def lock_of(target):
    """L. Unlike os.path.abspath, this resolves no `..`: that would be wrong behind a link."""
    absolute = os.path.join(os.getcwd(), target)
    parts = [part for part in absolute.split("/") if part not in ("", ".")]
    return "/" + "/".join(parts) + ".lock"


class Lost(Exception):
    """Another claimant was faster: the same as finding the name taken."""


class Claim:
    """A directory of ours with its record, before and after it is the lock."""

    def __init__(self, lock, directory, locked, in_place=False):
        self.lock = lock
        self.directory = directory
        self.in_place = in_place
        # Its private name, while it is not the lock.
        self.prepared = None
        self.token = os.urandom(8).hex()
        self.stamp = record.stamp_now()
        name = (kernel.kernel_name() or "-") if locked else None
        self.content = record.write_out(os.getpid(), self.stamp, self.token, name)

    def write_record(self):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        opened = os.open("holder", flags, 0o644, dir_fd=self.directory)
        try:
            os.write(opened, self.content)
            os.fchmod(opened, 0o644)
        finally:
            os.close(opened)

    def restamp(self, stamp):
        record.restamp("holder", os.getpid(), stamp, self.directory)
        self.stamp = stamp

    def is_stamp_stale(self):
        return is_older(self.stamp, STALE_STAMP)

    def verify(self):
        """Whether L is our directory still and the record in it has our token."""
        if not kernel.is_at(self.lock, self.directory):
            return False
        try:
            found = record.parse(record.read("holder", self.directory))
        except (FileNotFoundError, record.NotARecord):
            return False
        return found is not None and found.token == self.token.encode()

    def renew(self):
        if not self.verify():
            return False
        self.restamp(record.stamp_now())
        return True

    def release(self):
        """False if the lock was lost; then nothing was touched."""
        try:
            if not self.verify():
                return False
            if self.in_place:
                # The directory was there with its record: without it, it is free at once.
                os.fchmod(self.directory, 0o1711)
            try:
                os.unlink("holder", dir_fd=self.directory)
            except FileNotFoundError:
                return False
            remove_if_at(self.lock, self.directory)
            return True
        finally:
            os.close(self.directory)

    def give_up(self):
        """Removes what was prepared. What was a lock already and was lost is not ours to touch."""
        try:
            if self.prepared:
                try:
                    os.unlink("holder", dir_fd=self.directory)
                except FileNotFoundError:
                    pass
                remove_if_at(self.prepared, self.directory)
        finally:
            os.close(self.directory)

    def abandon(self):
        """What the kernel does when we die."""
        os.close(self.directory)

    def age(self, seconds):
        self.restamp(self.stamp - int(seconds * 1e9))


class Swept(Exception):
    """Somebody took our preparation for a dead one's."""


class CannotPublish(Exception):
    """No private name, or no exclusive rename, is to be had here."""


class Ours:
    def __init__(self, target, rules, in_place=False):
        self.lock = lock_of(target)
        # Only a foreign claim can be lost between two of its steps.
        self.claims_lost = 0
        self.rules = rules
        self.in_place = in_place
        self.took_over = 0

    def acquire(self, timeout, on_wait=None):
        """Returns the Claim that is the lock now; raises TimeoutError."""
        wait = Wait(self.lock, self.rules, timeout, on_wait)
        try:
            return self.publish_or_make(wait)
        finally:
            self.took_over += wait.took_over

    def publish_or_make(self, wait):
        if not self.in_place and self.trusts_parent():
            for _ in range(PREPARATIONS):
                try:
                    return self.publish(self.prepare(), wait)
                except Swept:
                    continue
                except CannotPublish:
                    break
            else:
                raise TimeoutError(f"{self.lock}: our preparations are swept again and again")
        while True:
            try:
                return self.make_in_place()
            except (FileExistsError, Lost):
                wait.until_free()

    def trusts_parent(self):
        parent = os.open(os.path.dirname(self.lock), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return self.rules.trusts_flock(parent)
        finally:
            os.close(parent)

    def prepare(self):
        """A claim under a private name, its flock held before its record is there."""
        path = preparation_of(self.lock)
        try:
            os.mkdir(path, 0o700)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise CannotPublish from error
            raise
        directory = None
        try:
            directory = os.open(path, OPEN_DIRECTORY)
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            claim = Claim(self.lock, directory, locked=True)
            claim.write_record()
            os.fchmod(directory, 0o1711)
        except (BlockingIOError, FileNotFoundError) as error:
            if directory is not None:
                os.close(directory)
            raise Swept from error
        claim.prepared = path
        return claim

    def publish(self, claim, wait):
        """Makes `claim` the lock, or removes it."""
        try:
            while True:
                try:
                    if claim.is_stamp_stale():
                        claim.restamp(record.stamp_now())
                    kernel.rename_exclusively(claim.prepared, self.lock)
                    break
                except FileExistsError:
                    wait.until_free()
            claim.prepared = None
            # Stopped between stamp and rename: foreign peers may take us for expired by now.
            if claim.is_stamp_stale() and not (claim.renew() and claim.verify()):
                raise Swept
            held, claim = claim, None
            return held
        except FileNotFoundError as error:
            raise Swept from error
        except OSError as error:
            if kernel.cannot_rename_exclusively(error):
                raise CannotPublish from error
            raise
        finally:
            if claim:
                claim.give_up()

    def make_in_place(self):
        os.mkdir(self.lock, 0o711)
        try:
            directory = os.open(self.lock, OPEN_DIRECTORY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Lost from error
        try:
            locked = self.rules.trusts_flock(directory)
            if locked:
                fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            claim = Claim(self.lock, directory, locked, in_place=True)
            claim.write_record()
            written = claim.content == record.read("holder", directory)
            if not written or not kernel.is_at(self.lock, directory):
                raise Lost
            directory = None
            return claim
        except (BlockingIOError, FileExistsError, FileNotFoundError, record.NotARecord) as error:
            raise Lost from error
        finally:
            if directory is not None:
                os.close(directory)
