//! The canonical encoding: what Go's `json.MarshalIndent(v, "", "  ")` prints.
//!
//! One function for typed values and raw JSON. It works on the text, and changes only what it must.
//! The spelling of numbers, escapes, the order and repetition of keys stay.

use serde_json::value::RawValue;

use super::syntax::{SyntaxError, SyntaxProblem};

/// The deepest nesting that is encoded. Each level costs two spaces a line, so that the text grows
/// with the square of the depth. Go refuses to read what is nested deeper (encoding/json,
/// `maxNestingDepth`).
pub(crate) const MAX_DEPTH: usize = 10_000;

/// How much larger than the text that came in, in bytes, an encoded value may become. At any depth
/// that people write, indentation costs far less. Without a bound, a megabyte of elements under a
/// few thousand brackets would take all memory.
const MAX_GROWTH: usize = 256 * 1024 * 1024;

/// `json` is nested deeper than [`MAX_DEPTH`], or so that indenting it would exceed [`MAX_GROWTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooDeep;

/// Writes `json`, a valid JSON text, as the value of a top-level key.
pub(crate) fn canonical(json: &str) -> Result<String, TooDeep> {
    rewrite(json, Layout::Indented { depth: 1 })
}

/// Writes `name` as a key.
pub(crate) fn canonical_key(name: &str) -> String {
    let key = serde_json::to_string(name).expect("because a string can be serialised");
    rewrite(&key, Layout::Compact).expect("because a string has no depth")
}

/// Writes one JSON text on one line, as a record of an NDJSON log. White space between the tokens
/// is dropped. All else is as in [the canonical encoding](crate).
///
/// # Errors
///
/// [`SyntaxError`] when `json` is not exactly one JSON text.
pub fn compact(json: impl AsRef<[u8]>) -> Result<String, SyntaxError> {
    let json = valid(json.as_ref())?;
    Ok(rewrite(json, Layout::Compact).expect("because without indentation no depth is too deep"))
}

/// `json` without the white space around it, if it is one JSON text.
pub(crate) fn valid(json: &[u8]) -> Result<&str, SyntaxError> {
    let text = std::str::from_utf8(json).map_err(|error| {
        SyntaxError::after(&json[..error.valid_up_to()], SyntaxProblem::NotUtf8)
    })?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| SyntaxError::syntax(&error))?;
    Ok(raw.get())
}

/// Where an encoded text goes.
pub(crate) trait Sink {
    fn push_str(&mut self, text: &str);
    /// So many blanks: the indentation of a deep value is most of its text.
    fn push_blanks(&mut self, count: usize);
    /// How many bytes came in.
    fn len(&self) -> usize;
}

impl Sink for String {
    fn push_str(&mut self, text: &str) {
        Self::push_str(self, text);
    }

    fn push_blanks(&mut self, count: usize) {
        const BLANK: &str = "                                                                ";
        let mut left = count;
        while left > 0 {
            let some = left.min(BLANK.len());
            Self::push_str(self, &BLANK[..some]);
            left -= some;
        }
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

/// As [`canonical`], into `out`.
pub(crate) fn canonical_to(out: &mut impl Sink, json: &str) -> Result<(), TooDeep> {
    rewrite_to(out, json, Layout::Indented { depth: 1 })
}

#[derive(Clone, Copy)]
enum Layout {
    Compact,
    Indented { depth: usize },
}

impl Layout {
    /// Starts a line inside or at the end of an object or array.
    fn break_line(self, out: &mut impl Sink) {
        if let Self::Indented { depth } = self {
            out.push_str("\n");
            out.push_blanks(2 * depth);
        }
    }

    fn deeper(&mut self) -> Result<(), TooDeep> {
        match self {
            Self::Indented { depth } if *depth >= MAX_DEPTH => Err(TooDeep),
            Self::Indented { depth } => {
                *depth += 1;
                Ok(())
            }
            Self::Compact => Ok(()),
        }
    }

    fn shallower(&mut self) {
        if let Self::Indented { depth } = self {
            *depth -= 1;
        }
    }
}

fn rewrite(json: &str, layout: Layout) -> Result<String, TooDeep> {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    rewrite_to(&mut out, json, layout)?;
    Ok(out)
}

/// Token by token, without recursion: depth costs no stack.
fn rewrite_to(out: &mut impl Sink, json: &str, mut layout: Layout) -> Result<(), TooDeep> {
    let bytes = json.as_bytes();
    let limit = out.len().saturating_add(json.len()).saturating_add(MAX_GROWTH);
    let mut at = 0;
    while at < bytes.len() {
        if out.len() > limit {
            return Err(TooDeep);
        }
        let token = at;
        at += 1;
        match bytes[token] {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'"' => at = push_string(out, json, token),
            open @ (b'{' | b'[') => {
                out.push_str(if open == b'{' { "{" } else { "[" });
                // An empty one is a level, too.
                layout.deeper()?;
                at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                if let Some(close @ (b'}' | b']')) = bytes.get(at) {
                    out.push_str(if *close == b'}' { "}" } else { "]" });
                    at += 1;
                    layout.shallower();
                } else {
                    layout.break_line(out);
                }
            }
            close @ (b'}' | b']') => {
                layout.shallower();
                layout.break_line(out);
                out.push_str(if close == b'}' { "}" } else { "]" });
            }
            b',' => {
                out.push_str(",");
                layout.break_line(out);
            }
            b':' => out.push_str(if matches!(layout, Layout::Compact) { ":" } else { ": " }),
            _ => {
                let ends = |byte: &u8| {
                    matches!(byte, b',' | b'}' | b']' | b':') || byte.is_ascii_whitespace()
                };
                at = bytes[at..].iter().position(ends).map_or(bytes.len(), |end| at + end);
                out.push_str(&json[token..at]);
            }
        }
    }
    Ok(())
}

/// Copies the string whose opening quote stands at `start`, escaping what Go escapes for the sake
/// of HTML and JavaScript, and returns where it ends.
fn push_string(out: &mut impl Sink, json: &str, start: usize) -> usize {
    let bytes = json.as_bytes();
    let (mut copied, mut at) = (start, start + 1);
    loop {
        let stop = bytes[at..].iter().position(|byte| STOPS[usize::from(*byte)]);
        at += stop.expect("because a string in valid JSON ends");
        let (escape, length) = match &bytes[at..] {
            [b'"', ..] => break,
            // Whatever is escaped stays so, a quote above all.
            [b'\\', ..] => {
                at += 2;
                continue;
            }
            [b'<', ..] => ("\\u003c", 1),
            [b'>', ..] => ("\\u003e", 1),
            [b'&', ..] => ("\\u0026", 1),
            [0xe2, 0x80, 0xa8, ..] => ("\\u2028", 3),
            [0xe2, 0x80, 0xa9, ..] => ("\\u2029", 3),
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&json[copied..at]);
        out.push_str(escape);
        at += length;
        copied = at;
    }
    out.push_str(&json[copied..=at]);
    at + 1
}

/// The bytes inside a string that are looked at; 0xe2 begins U+2028 and U+2029. All others are
/// copied.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut rest: &[u8] = b"\"\\<>&\xe2";
    while let [byte, others @ ..] = rest {
        stops[*byte as usize] = true;
        rest = others;
    }
    stops
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        let compacted = compact(" {\"a\" : [ 1.0 ,\n {} ], \"b\":\"x\\ny <\"}\n").unwrap();
        assert_eq!(compacted, "{\"a\":[1.0,{}],\"b\":\"x\\ny \\u003c\"}");
        assert!(compact("{} {}").is_err());
        assert!(compact("").is_err());
    }

    #[test]
    fn depth_is_bounded_and_costs_no_stack() {
        // The value of a top-level key stands at depth one already.
        let nested = |depth| "[".repeat(depth) + "1" + &"]".repeat(depth);
        assert!(canonical(&nested(MAX_DEPTH - 1)).is_ok());
        assert_eq!(canonical(&nested(MAX_DEPTH)), Err(TooDeep));
        let wide = "[".repeat(5000) + &"1,".repeat(100_000) + "1" + &"]".repeat(5000);
        assert_eq!(canonical(&wide), Err(TooDeep), "a gigabyte of indentation");
        assert_eq!(compact(nested(MAX_DEPTH * 10)).unwrap(), nested(MAX_DEPTH * 10));
    }
}
