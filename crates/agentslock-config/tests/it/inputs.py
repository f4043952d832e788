"""The digest of the inputs, a second time: for comparing with the one in Rust.

Reads nothing; `python3 inputs.py SEED COUNT` prints COUNT generated inputs, a JSON object a line:
the three slots as hexadecimal bytes (or null), and the digest or "error".
"""

import codecs
import hashlib
import json
import random
import sys

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


class Number(str):
    """A number as it is spelled."""


def one_for_each_byte(error):
    return ("\ufffd", error.start + 1)


codecs.register_error("one-for-each-byte", one_for_each_byte)


def no_constant(_):
    raise ValueError("NaN and Infinity are not JSON")


def text_of(text):
    """Halves of surrogate pairs, which Python keeps, become U+FFFD."""
    return "".join("\ufffd" if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)


def members(pairs):
    pairs = [(text_of(key), value) for key, value in pairs]
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def quoted(text):
    def one(character):
        if character in ESCAPES:
            return ESCAPES[character]
        if ord(character) < 0x20 or character in "<>&\u2028\u2029":
            return f"\\u{ord(character):04x}"
        return character

    return '"' + "".join(map(one, text)) + '"'


def written(value):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return quoted(text_of(value))
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, dict):
        order = sorted(value, key=lambda key: key.encode())
        return "{" + ",".join(quoted(key) + ":" + written(value[key]) for key in order) + "}"
    return {True: "true", False: "false", None: "null"}[value]


def canonical(data):
    if data is None:
        return ""
    text = data.decode("utf-8", "one-for-each-byte")
    value = json.loads(
        text,
        object_pairs_hook=members,
        parse_int=Number,
        parse_float=Number,
        parse_constant=no_constant,
    )
    return written(value)


def digest(slots):
    names = ["user-local", "project-local", "repo-local"]
    joined = ",".join(
        '{"slot":' + quoted(name) + ',"bytes":' + quoted(canonical(data)) + "}"
        for name, data in zip(names, slots)
    )
    return "sha256:" + hashlib.sha256(("[" + joined + "]").encode()).hexdigest()


# What is generated: documents as people and machines write them, and what breaks them.

PIECES = [
    b"a", b"b", b"zz", b"<", b"&", b">", b"'", b"/", b"\\/", b"\\n", b"\\\"", b"\\\\", b"\\b", b"\\f", b"\\t",
    b"\\u0000", b"\\u001f", b"\\u003C", b"\\u2028", b"\\ud83d\\ude00", b"\\ud83d", b"\\ude00",
    b"\\ud83d\\ud83d", b"\\ud83dx", b"\\u00e9", "é".encode(), "e\u0301".encode(), "東".encode(),
    "\u2028".encode(), "\ufb01".encode(), "😀".encode(), b"\x7f", b"\xc2\x80", b"\xff", b"\xe2\x82",
    b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", "\ufffd".encode(), "\ufeff".encode(),
]
NUMBERS = [b"0", b"-0", b"1", b"1.0", b"1e0", b"1E+2", b"-12.50e-07", b"9007199254740993", b"1" * 40, b"1e400"]
BAD = [b"", b" ", b"{", b"[1,]", b"{\"a\":1,}", b"{'a':1}", b"01", b"+1", b".5", b"1.", b"1e", b"NaN",
       b"-Infinity", b"nul", b"\"\x01\"", b"\"\\x\"", b"\"\\u12\"", b"\"", b"{\"a\" 1}", b"{1:2}", b"// x\n1",
       b"\xef\xbb\xbf1", b"1 2", b"{} x", b"1\x00", b"1\x0c", b"\xff", b"[1}"]


def white_space(source):
    return bytes(source.choice(b" \t\r\n") for _ in range(source.choice([0, 0, 0, 1, 3])))


def string(source):
    return b'"' + b"".join(source.choice(PIECES) for _ in range(source.choice([0, 1, 1, 2, 4]))) + b'"'


def value(source, depth):
    around = white_space(source), white_space(source)
    kind = source.randrange(9 if depth else 6)
    if kind < 2:
        inside = string(source)
    elif kind < 4:
        inside = source.choice(NUMBERS)
    elif kind < 6:
        inside = source.choice([b"true", b"false", b"null"])
    elif kind < 7:
        inside = b"[" + b",".join(value(source, depth - 1) for _ in range(source.randrange(4))) + b"]"
    else:
        pairs = (
            white_space(source) + string(source) + white_space(source) + b":" + value(source, depth - 1)
            for _ in range(source.randrange(5))
        )
        inside = b"{" + b",".join(pairs) + b"}"
    inside = inside.replace(b"[]", b"[ ]") if source.randrange(4) == 0 else inside
    return around[0] + inside + around[1]


def slot(source):
    kind = source.randrange(20)
    if kind < 4:
        return None
    if kind == 4:
        return source.choice(BAD)
    text = value(source, 4)
    if kind == 5 and text:
        # One byte wrong, or a piece cut off.
        at = source.randrange(len(text))
        return text[:at] + source.choice([b"", b",", b'"', b"\\", b"\x00", b"{"]) + text[at + 1 :]
    if kind == 6:
        return text[: source.randrange(len(text) + 1)]
    return text


def main():
    source = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        slots = [slot(source) for _ in range(3)]
        try:
            result = digest(slots)
        except ValueError:
            result = "error"
        shown = [data if data is None else data.hex() for data in slots]
        print(json.dumps({"slots": shown, "digest": result}))


main()
