"""The record of a holder: `docs/protocol.md`, "The record"."""

import os
import re
import stat
import time
from collections import namedtuple

LONGEST = 4096
STAMP_DIGITS = 19
_DIGITS = re.compile(rb"[0-9]+")


# `token` is None where there is no third line. `kernel` is what the fourth line says after "flock ",
# None without such a line.
Record = namedtuple("Record", "pid stamp token kernel")


def stamp_now():
    return time.time_ns()


def write_out(pid, stamp, token=None, kernel=None):
    """A record's bytes. Foreign peers write neither token nor kernel."""
    text = f"{pid}\n{stamp:0{STAMP_DIGITS}}\n"
    if token is not None:
        text += f"{token}\n"
    if kernel is not None:
        text += f"flock {kernel}\n"
    return text.encode("ascii")


def parse(content):
    """The record in `content`, None if it is not valid, which it may be a moment later."""
    lines = content[:LONGEST].split(b"\n")
    # The last part is what no newline ends: a line that somebody is still writing.
    ended = len(lines) - 1
    if ended < 1 or not all(_DIGITS.fullmatch(line) for line in lines[:2]):
        return None
    pid, stamp = int(lines[0]), int(lines[1])
    if not 1 <= pid < 1 << 32 or stamp >= 1 << 63:
        return None
    if ended < 2 and len(lines[1]) != STAMP_DIGITS:
        return None
    token = lines[2] if ended >= 3 else None
    kernel = None
    if ended >= 4 and lines[3].startswith(b"flock "):
        kernel = lines[3].removeprefix(b"flock ")
    return Record(pid, stamp, token, kernel)


class NotARecord(Exception):
    """Something else stands where the record should be, or we may not read it."""


def read(name, directory=None):
    """The bytes of the record `name`, below the opened `directory` if there is one."""
    # O_NONBLOCK: a FIFO in its place must not stop us.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        opened = os.open(name, flags, dir_fd=directory)
    except PermissionError as error:
        raise NotARecord from error
    except FileNotFoundError:
        raise
    except OSError as error:
        # ELOOP, ENXIO: a link, a socket. Anything else is a failed look, for the caller to judge.
        if is_not_regular(name, directory):
            raise NotARecord from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise NotARecord
        return os.read(opened, LONGEST)
    finally:
        os.close(opened)


def is_not_regular(name, directory):
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    return not stat.S_ISREG(status.st_mode)


def restamp(name, pid, stamp, directory=None):
    """Overwrites the 19 digits of the stamp, nothing else, in one write."""
    opened = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.pwrite(opened, f"{stamp:0{STAMP_DIGITS}}".encode("ascii"), len(f"{pid}\n"))
    finally:
        os.close(opened)
