"""What a flush of the Go programs makes of a document: Go's `json.MarshalIndent` over a map of raw
sections, with one of them set.

`python3 go_flush.py NAME JSON < BEFORE > AFTER` sets the section NAME to JSON.
"""

import json
import re
import sys

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
ESCAPED = {c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def indented(text, level):
    """One value, token by token: spellings, the order of keys and keys that occur twice stay."""
    tokens = TOKEN.findall(text)
    out = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        if token in "}]":
            level -= 1
            out.append("" if before in "{[" and before else "\n" + "  " * level)
        elif before in ("{", "[", ","):
            out.append("\n" + "  " * level)
        out.append("".join(ESCAPED.get(c, c) for c in token) if token[0] == '"' else token)
        if token in "{[":
            level += 1
        if token == ":":
            out.append(" ")
    return "".join(out)


def sections(text):
    """The spelling of each top-level value."""
    decoder = json.JSONDecoder()
    found, at = {}, text.index("{") + 1
    while True:
        at = re.compile(r"[\s,]*").match(text, at).end()
        if text[at] == "}":
            return found
        name, at = decoder.raw_decode(text, at)
        at = re.compile(r"\s*:\s*").match(text, at).end()
        end = decoder.raw_decode(text, at)[1]
        found[name], at = text[at:end], end


def flush(text, name, value):
    found = sections(text)
    found[name] = value
    keys = sorted(found, key=lambda key: key.encode())
    lines = [f"\n  {indented(json.dumps(key, ensure_ascii=False), 0)}: {indented(found[key], 1)}" for key in keys]
    return "{" + ",".join(lines) + "\n}\n"


if __name__ == "__main__":
    before = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(flush(before, sys.argv[1], sys.argv[2]).encode())
