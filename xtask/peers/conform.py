"""Answers what the conformance kit asks: `cargo xtask conformance` starts it.

    conform.py published|in-place|by-time

A question a line, as JSON; an answer a line. `docs/protocol.md`, "Conformance", has the questions.
"""

import json
import os
import sys

# The sources' directory stays as it is.
sys.dont_write_bytecode = True

import facts  # noqa: E402
from judge import NotALock, Rules  # noqa: E402
from ours import lock_of  # noqa: E402
from present import Held, attempt, judged  # noqa: E402


class Peer:
    def __init__(self, way):
        self.in_place = way != "published"
        self.rules = Rules(time_based=way == "by-time")
        self.claim = None

    def name(self, path, **_):
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if "\0" in path or not parts or parts[-1] == "..":
            return None
        return lock_of(path)

    def record(self, bytes, **_):  # noqa: A002
        found = facts.parse(bytes.encode("latin-1"))
        return found and facts.write_out(found).decode("latin-1")

    def judge(self, target, **_):
        try:
            with judged(lock_of(target), self.rules) as seen:
                return seen.verdict
        except NotALock:
            return "not a lock"

    def try_(self, target, **_):
        try:
            self.claim = attempt(lock_of(target), self.rules, self.in_place)
        except Held:
            return "held"
        except NotALock:
            return "error"
        return "took over" if self.claim.took_over else "acquired"

    def verify(self, **_):
        return "held" if self.claim.verify() else "lost"

    def renew(self, **_):
        return "renewed" if self.claim.renew() else "lost"

    def release(self, **_):
        claim, self.claim = self.claim, None
        return "released" if claim.release() else "lost"


def main():
    peer = Peer(sys.argv[1])
    verbs = {"try": peer.try_}
    for line in sys.stdin:
        question = json.loads(line)
        verb = question.pop("do")
        answer = verbs.get(verb) or getattr(peer, verb)
        # In one call, which is a boundary in what strace prints.
        os.write(1, (json.dumps(answer(**question)) + "\n").encode())


if __name__ == "__main__":
    main()
