//! The tokens of a JSON text, and of what is nearly one: anything has tokens.

use std::ops::Range;

use crate::encode::string_end;

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
