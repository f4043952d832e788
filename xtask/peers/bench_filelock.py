"""The locks of PyPI's `filelock`, as `cargo xtask bench` measures them: `bench/foreign`.

Arguments: the role, the kind of lock, the directory, and the seconds to contend for.

`passes` and `tries` read how often to do it, a number a line, and print the nanoseconds that it
took. `contend` says a line, waits for one, passes through the section that `testkit::Critical`
describes, and prints its waits: microseconds, 32 bits each, little-endian.
"""

import array
import os
import struct
import sys
import time

import filelock

SLOT, COUNTER, OVERLAPS = 0, 8, 16


def timed(act):
    for line in sys.stdin:
        started = time.perf_counter_ns()
        for _ in range(int(line)):
            act()
        print(time.perf_counter_ns() - started, flush=True)


def passes(lock):
    def act():
        with lock:
            pass

    timed(act)


def tries(kind, path):
    held = kind(path)
    held.acquire()
    lock = kind(path)

    def act():
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return
        sys.exit("a lock that is held was granted")

    timed(act)


def pass_through(section, own):
    os.pwrite(section, own, SLOT)
    (count,) = struct.unpack("<Q", os.pread(section, 8, COUNTER))
    os.pwrite(section, struct.pack("<Q", count + 1), COUNTER)
    if os.pread(section, 8, SLOT) != own:
        (overlaps,) = struct.unpack("<Q", os.pread(section, 8, OVERLAPS))
        os.pwrite(section, struct.pack("<Q", overlaps + 1), OVERLAPS)


def contend(lock, directory, seconds):
    section = os.open(os.path.join(directory, "counter"), os.O_RDWR)
    own = struct.pack("<Q", os.getpid())
    waits = array.array("I")
    print(flush=True)
    sys.stdin.readline()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        asked = time.perf_counter_ns()
        with lock:
            waits.append((time.perf_counter_ns() - asked) // 1000)
            pass_through(section, own)
    if sys.byteorder == "big":
        waits.byteswap()
    sys.stdout.buffer.write(waits.tobytes())


def main():
    role, name, directory = sys.argv[1:4]
    kind = getattr(filelock, name)
    path = os.path.join(directory, "counter.lock")
    if role == "passes":
        passes(kind(path))
    elif role == "tries":
        tries(kind, path)
    else:
        contend(kind(path), directory, float(sys.argv[4]))


main()
