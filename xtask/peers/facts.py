"""The whole record, with the lines of the present: `docs/protocol.md`, "The record"."""

import os
import re
from collections import namedtuple

import record

_HEXADECIMAL = re.compile(rb"[0-9a-f]{16}")
_DIRECTORY = re.compile(rb"[0-9a-f]{16}:[0-9a-f]{16}")
_DIGITS = re.compile(rb"[0-9]+")


def _text(value):
    return value if value else None


def _number(value):
    return str(int(value)).encode() if _DIGITS.fullmatch(value) else None


def _stamp(value):
    return value if _DIGITS.fullmatch(value) and len(value) == record.STAMP_DIGITS else None


# In the order that they are written in.
_KEYS = {
    b"since": _stamp,
    b"host": _text,
    b"machine": _text,
    b"pidns": _number,
    b"start": _number,
    b"dir": lambda value: value if _DIRECTORY.fullmatch(value) else None,
    b"dev": lambda value: value if _HEXADECIMAL.fullmatch(value) else None,
    b"flocked": lambda value: value if value == b"holder" else None,
    b"label": _text,
}

# `facts` has the values of the keys above. `kernel` is None if no fourth line counts.
Record = namedtuple("Record", "pid stamp token kernel private facts")


def parse(content):
    """The record in `content`, None if it is not valid."""
    found = record.parse(content)
    if found is None:
        return None
    lines = content[: record.LONGEST].split(b"\n")
    # The last part is a line that no newline ends.
    token = lines[2] if len(lines) > 2 else b""
    try:
        token.decode("utf-8")
    except UnicodeDecodeError:
        return None
    complete = lines[:-1]
    private = None
    if found.kernel is not None and len(complete) > 4 and complete[4].startswith(b"private "):
        unique = complete[4].removeprefix(b"private ")
        private = unique if _HEXADECIMAL.fullmatch(unique) else None
    facts = {}
    for line in complete[3:]:
        key, space, value = line.partition(b" ")
        value = _KEYS[key](value) if space and key in _KEYS else None
        if value is not None:
            facts[key] = value
    return Record(found.pid, found.stamp, token, found.kernel, private, facts)


def write_out(found):
    """The record's bytes."""
    lines = [str(found.pid).encode(), b"%019d" % found.stamp, found.token]
    if found.kernel is not None:
        lines.append(b"flock " + found.kernel)
    if found.private is not None:
        lines.append(b"private " + found.private)
    lines += [key + b" " + found.facts[key] for key in _KEYS if key in found.facts]
    return b"".join(line + b"\n" for line in lines)


def directory_of(lock):
    """What `dir` says of the directory that `lock` lies in."""
    status = os.stat(os.path.dirname(lock))
    return b"%016x:%016x" % (status.st_dev, status.st_ino)


def machine():
    """What `machine` says of this one, None if it has no name."""
    try:
        with open("/etc/machine-id", "rb") as file:
            name = file.read().strip()
    except OSError:
        return None
    number = 0xCBF29CE484222325
    for byte in name:
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return b"%016x" % number if name else None
