"""A program of the Go side: it decodes its section into structs, changes its own entries, and prints
the whole document as Go's `json.MarshalIndent` does.

`python3 go_writer.py ROLE DOCUMENT PEERS GO_FLUSH`: for each round that it reads from its standard
input it takes the lock as the directory generation does, writes, and prints `done`. PEERS and GO_FLUSH
are directories with the peers of the lock, and with `go_flush.py`.
"""

import json
import os
import sys

sys.dont_write_bytecode = True
ROLE, DOCUMENT = sys.argv[1:3]
sys.path[:0] = sys.argv[3:5]

import foreign  # noqa: E402
from go_flush import flush, sections  # noqa: E402
from judge import Rules  # noqa: E402
from ours import lock_of  # noqa: E402

UNIT = ["kind", "digest", "fetched_at", "last_checked_at", "cache_key", "transitive"]
ADAPTER = ["source_digest", "schema_digest", "activated_at", "materialized_views"]
KINDS = {"prompts": "prompt", "descriptors": "descriptor"}


def digest(n):
    return f"sha256:{n:016x}" + "0" * 48


def struct(fields, order):
    """Go drops what a struct does not have, and writes the rest in its order."""
    return {name: fields[name] for name in order if name in fields}


def units(found, n):
    kind = KINDS[ROLE]
    kept = {key: struct(unit, UNIT) for key, unit in found.items() if unit["kind"] != kind}
    own = {f"go-{ROLE}:unit/{k}.md": {"kind": kind, "digest": digest(n)} for k in range(n % 5 + 1)}
    return dict(sorted((kept | own).items(), key=lambda item: item[0].encode()))


def adapters(found, n):
    kept = {name: struct(adapter, ADAPTER) for name, adapter in found.items()}
    view = {"view_digest": digest(n), "view_status": "ready"}
    kept[ROLE] = {
        "source_digest": digest(1),
        "schema_digest": digest(n),
        "activated_at": "2026-01-02T03:04:05Z",
        "materialized_views": {"calls": view},
    }
    return dict(sorted(kept.items(), key=lambda item: item[0].encode()))


def change(text, n):
    found = sections(text)
    if ROLE == "install":
        name, value = "install", {"project": "p&q", "version": str(n), "stamped_at": "2026-01-02T03:04:05Z"}
    elif ROLE in KINDS:
        name, value = "units", units(json.loads(found.get("units", "{}")), n)
    else:
        name, value = "adapters", adapters(json.loads(found.get("adapters", "{}")), n)
    return flush(text, name, json.dumps(value, ensure_ascii=False))


def write(n):
    held = foreign.Directory(lock_of(DOCUMENT), Rules(), fixed=True).acquire(60)
    with open(DOCUMENT, encoding="utf-8", newline="") as file:
        text = change(file.read(), n)
    temporary = f"{DOCUMENT}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    if not held.verify():
        sys.exit("lost the lock before the rename")
    os.rename(temporary, DOCUMENT)
    if not held.release():
        sys.exit("lost the lock")


print("ready", flush=True)
for line in sys.stdin:
    write(int(line))
    print("done", flush=True)
