"""A peer of the lock in Python, written from `docs/protocol.md`: can others build one from it?

    peer.py ROLE work TARGET DIRECTORY INCREMENTS
    peer.py ROLE hold TARGET

`work` prints `ready`, waits for a line, increments the counter in DIRECTORY/numbers under the lock of TARGET,
and prints eight numbers:

    COMMITTED LOST LONGEST_WAIT CROSSINGS OVERLAPS_WITH_RUST OVERLAPS_WITH_PEERS TAKEOVERS CLAIMS_LOST

The wait is in microseconds. LOST is how often it found, before it wrote or when it released, that it held
the lock no more. CLAIMS_LOST is how often its directory was removed before its record was in it; then it
tries again. DIRECTORY/numbers begins with who came in last, by pid and kind: CROSSINGS counts those of
the other kind that came right before us, OVERLAPS those that came in while we held.

`hold` prints `waiting` once it has to wait, then `held MICROSECONDS PID` or `timeout`, waits for a line,
releases, and prints `released` or `lost`.
"""

import argparse
import os
import struct
import sys
import time

# The sources' directory stays as it is.
sys.dont_write_bytecode = True

import foreign  # noqa: E402
from judge import Rules  # noqa: E402
from ours import Ours, lock_of  # noqa: E402

GENERATIONS = {
    "directory-first": foreign.FirstDirectory,
    "directory-last": foreign.LastDirectory,
    "file": foreign.File,
}
ROLES = {
    "older": lambda target, rules: Ours(target, rules),
    "older-in-place": lambda target, rules: Ours(target, rules, in_place=True),
}


def add_generation(name, generation):
    ROLES[name] = lambda target, rules: generation(lock_of(target), rules, fixed=False)
    ROLES[f"{name}-fixed"] = lambda target, rules: generation(lock_of(target), rules, fixed=True)


for _name, _generation in GENERATIONS.items():
    add_generation(_name, _generation)
RUST, PEER = 1, 2
# Between two increments, in seconds: who comes back at once keeps the lock to itself, and the kinds
# would hardly meet.
PAUSE = 0.0002
# What stands in the file that the workers share: pid and kind of who came in last, the counter.
SLOT, SLOT_AT = struct.Struct("<II"), 0
COUNTER, COUNTER_AT = struct.Struct("<Q"), 8


def work(peer, arguments):
    numbers = os.open(os.path.join(arguments.directory, "numbers"), os.O_RDWR)
    own = SLOT.pack(os.getpid(), PEER)
    committed = lost = crossings = 0
    longest = 0.0
    overlaps = {RUST: 0, PEER: 0}
    print("ready", flush=True)
    sys.stdin.readline()
    for count_down in reversed(range(arguments.increments)):
        asked = time.monotonic()
        held = peer.acquire(arguments.timeout)
        longest = max(longest, time.monotonic() - asked)
        crossings += SLOT.unpack(os.pread(numbers, SLOT.size, SLOT_AT))[1] == RUST
        os.pwrite(numbers, own, SLOT_AT)
        (count,) = COUNTER.unpack(os.pread(numbers, COUNTER.size, COUNTER_AT))
        kept = held.verify()
        if kept:
            os.pwrite(numbers, COUNTER.pack(count + 1), COUNTER_AT)
            committed += 1
        seen = os.pread(numbers, SLOT.size, SLOT_AT)
        if seen != own:
            overlaps[SLOT.unpack(seen)[1]] += 1
        if arguments.abandon and count_down and count_down % arguments.abandon == 0:
            held.abandon()
        else:
            kept = held.release() and kept
        lost += not kept
        time.sleep(PAUSE)
    longest = round(longest * 1e6)
    counts = committed, lost, longest, crossings, *overlaps.values()
    print(*counts, peer.took_over, peer.claims_lost)


def hold(peer, arguments):
    told = False

    def tell():
        nonlocal told
        if not told:
            told = True
            print("waiting", flush=True)

    asked = time.monotonic()
    try:
        held = peer.acquire(arguments.timeout, tell)
    except TimeoutError:
        print("timeout", flush=True)
        return
    waited = time.monotonic() - asked
    if arguments.aged:
        held.age(arguments.aged)
    print("held", round(waited * 1e6), os.getpid(), flush=True)
    sys.stdin.readline()
    print("released" if held.release() else "lost", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--ttl", type=float, default=30.0, help="seconds")
    parser.add_argument("--grace", type=float, default=2.0, help="seconds")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds")
    parser.add_argument("--time-based", action="store_true", help="neither take nor believe flock")
    modes = parser.add_subparsers(required=True)
    worker = modes.add_parser("work", help="increment a counter")
    worker.add_argument("target")
    worker.add_argument("directory")
    worker.add_argument("increments", type=int)
    worker.add_argument("--abandon", type=int, default=0, help="leave each N-th lock as if killed")
    worker.set_defaults(run=work)
    holder = modes.add_parser("hold", help="hold until told")
    holder.add_argument("target")
    holder.add_argument("--aged", type=float, default=0.0, help="make the record this much older")
    holder.set_defaults(run=hold)
    arguments = parser.parse_args()
    rules = Rules(arguments.ttl, arguments.grace, arguments.time_based)
    arguments.run(ROLES[arguments.role](arguments.target, rules), arguments)


if __name__ == "__main__":
    main()
