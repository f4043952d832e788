//! The tokens of a JSON text, and of what is nearly one: anything has tokens.

use std::ops::Range;

/// Where each token stands: a bracket, a comma, a colon, a string with its quotes, or a run of what
/// else is not white space.
pub(crate) fn tokens(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let start = at;
        at = match text.get(start)? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => start + 1,
            b'"' => string_end(text, start + 1),
            _ => {
                let ends = |byte: &u8| {
                    matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"')
                        || byte.is_ascii_whitespace()
                };
                text[start..].iter().position(ends).map_or(text.len(), |end| start + end)
            }
        };
        Some(start..at)
    })
}

/// Just past the closing quote of the string whose content starts at `at`, or the end of the text.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return (at + 1).min(bytes.len()),
            Some(_) => at += 1,
        }
    }
}
