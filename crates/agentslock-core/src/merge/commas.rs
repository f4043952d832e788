//! The commas that are missing or too many where a person took lines away.

use std::ops::Range;

use crate::json::tokens::tokens;

/// `text` with its commas mended. A value gets one if its line ends without one although another
/// value follows. The last value of an object or array loses it.
///
/// Only at the ends of lines, so that all else keeps its line and column. What is JSON already
/// stays as it is, and nothing else is mended.
pub(super) fn mend(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    let mut depth = 0_usize;
    let mut last: Option<Range<usize>> = None;
    let mut last_follows_value = false;
    for token in tokens(text) {
        if let Some(last) = &last
            && text[last.end..token.start].contains(&b'\n')
        {
            match (text[last.start], text[token.start]) {
                (b',', b'}' | b']') if last_follows_value => {
                    out.extend_from_slice(&text[done..last.start]);
                    done = last.end;
                }
                (b'{' | b'[' | b',' | b':', _) | (_, b'}' | b']' | b',' | b':') => {}
                // Outside of all brackets, a second value is a second document.
                _ if depth == 0 => {}
                _ => {
                    out.extend_from_slice(&text[done..last.end]);
                    out.push(b',');
                    done = last.end;
                }
            }
        }
        match text[token.start] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        last_follows_value = last.is_some_and(|last| !b"{[,:".contains(&text[last.start]));
        last = Some(token);
    }
    out.extend_from_slice(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::mend;

    fn mended(text: &str) -> String {
        String::from_utf8(mend(text.as_bytes())).unwrap()
    }

    #[test]
    fn a_comma_at_the_end_of_a_line_is_added_or_taken() {
        for (text, expected) in [
            (
                "{\n\"a\": 1\n\"b\": [\n2 \n{}\n\"c\"\n]\n}",
                "{\n\"a\": 1,\n\"b\": [\n2, \n{},\n\"c\"\n]\n}",
            ),
            ("{\n\"a\": [ 1,\n],\r\n}\n", "{\n\"a\": [ 1\n]\r\n}\n"),
            ("{\"a\": {}\n\"b\": {}}", "{\"a\": {},\n\"b\": {}}"),
        ] {
            assert_eq!(mended(text), expected);
        }
    }

    #[test]
    fn nothing_else_is_mended() {
        for text in [
            "",
            "{}\n{}",
            "{\"a\": 1 \"b\": 2}",
            "{\"a\": 1,}",
            "{\"a\": 1,,\n}",
            "{,\n}",
            "{\n\"a\":\n1\n,\n\"b\"\n:\n2\n}",
            "{\"a\": \",\n}\"}",
            "\"a",
            "\"a\\",
            "}}\n\"a\"\n]",
        ] {
            assert_eq!(mended(text), text);
        }
    }
}
