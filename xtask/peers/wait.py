"""Waiting for L to become free, and sweeping: `docs/protocol.md`, "Waiting" and "Sweeping"."""

import fcntl
import os
import random
import re
import stat
import time

import kernel
from judge import FACTS, OPEN_DIRECTORY, TIMED, Verdict, clear, is_older, judged, remove_if_at

JUDGE_EVERY = 0.008
SHORTEST, WHILE_CHANGING, LONGEST = 0.00005, 0.0005, 0.010


class Wait:
    """One attempt's waiting. It outlives single tries: what was acted on is remembered in it."""

    def __init__(self, lock, rules, timeout, on_wait):
        self.lock = lock
        self.rules = rules
        self.deadline = time.monotonic() + timeout
        self.on_wait = on_wait
        self.acted_on = set()
        self.next_timed = 0.0
        self.next_sweep = 0.0
        self.took_over = 0
        self.occupant = None
        self.judge_at = 0.0
        self.pause = SHORTEST

    def until_free(self):
        """Returns when a try is worth it; raises TimeoutError at the deadline."""
        while True:
            now = time.monotonic()
            if now >= self.deadline:
                raise TimeoutError(self.lock)
            try:
                status = os.lstat(self.lock)
            except FileNotFoundError:
                return
            occupant = (status.st_dev, status.st_ino, status.st_ctime_ns)
            changed = occupant != self.occupant
            if changed:
                self.occupant, self.pause = occupant, min(self.pause, WHILE_CHANGING)
            if (changed or now >= self.judge_at) and self.judge(now):
                return
            if self.on_wait:
                self.on_wait()
            time.sleep(self.pause * random.uniform(0.5, 1.0))
            self.pause = min(self.pause * 2, LONGEST)

    def judge(self, now):
        """Whether the name is free now, or was made so."""
        self.judge_at = now + JUDGE_EVERY
        with judged(self.lock, self.rules) as seen:
            if seen.verdict in TIMED:
                # Time can be wrong: once per occupant, and once per TTL.
                if seen.identity in self.acted_on or now < self.next_timed:
                    return False
                self.acted_on.add(seen.identity)
                self.next_timed = now + self.rules.ttl
            elif seen.verdict not in FACTS:
                if now >= self.next_sweep:
                    self.sweep(now)
                return seen.verdict is Verdict.FREE
            clear(self.lock, seen)
        if seen.verdict is Verdict.DEAD:
            self.took_over += 1
            self.sweep(now)
        return True

    def sweep(self, now):
        self.next_sweep = now + self.rules.ttl
        sweep(self.lock, self.rules)


def sweep(lock, rules):
    """Removes the preparations of makers that died, and old files moved aside."""
    parent, name = os.path.split(lock)
    preparation = re.compile(re.escape(name) + r"\.prep-[0-9a-f]{16}")
    for entry in os.listdir(parent):
        if preparation.fullmatch(entry):
            try:
                sweep_one(os.path.join(parent, entry), rules)
            except OSError:
                pass  # Its maker lives, or another one sweeps it.


def sweep_one(path, rules):
    status = os.lstat(path)
    if stat.S_ISREG(status.st_mode):
        if is_older(status.st_mtime_ns, rules.ttl):
            os.unlink(path)
        return
    directory = os.open(path, OPEN_DIRECTORY)
    try:
        if not rules.trusts_flock(directory):
            return
        if not is_older(os.fstat(directory).st_mtime_ns, rules.grace):
            return
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not kernel.is_at(path, directory):
            return
        try:
            os.unlink("holder", dir_fd=directory)
        except FileNotFoundError:
            pass
        remove_if_at(path, directory)
    finally:
        os.close(directory)
